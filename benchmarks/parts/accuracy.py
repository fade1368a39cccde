"""How accurate is it? Every recipe on images that its store has never seen."""

from benchmarks.common.measurement import HIGHER, NO_VALUE, Measurement, counted
from benchmarks.measures.accuracy import AccuracyReport, measure_accuracy
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.plots import Bar, draw_bars
from benchmarks.parts.section import Block, Confusion, Grid, Heading, Picture, Section, Text

#: Labels that a confusion matrix can show.
_MOST_LABELS = 40


def measure(context: Context) -> Outcome:
    """Measure every recipe on the source."""
    reports: list[AccuracyReport] = []
    for recipe in context.recipes.values():
        context.on_stage(f"{recipe.name}: accuracy")
        reports.append(
            measure_accuracy(
                context.source,
                recipe,
                test=context.test,
                make_backbone=context.make_backbone,
                on_progress=context.on_progress,
            )
        )
    best = max(reports, key=lambda report: report.one_nn_accuracy)
    figures: dict[str, Measurement] = {}
    for report in reports:
        figures[f"{report.recipe}/1-NN accuracy"] = Measurement(
            report.one_nn_accuracy, *report.ci95, "", HIGHER, report.test, "95 % interval"
        )
        figures[f"{report.recipe}/mAP@10"] = counted(report.mean_average_precision, "", HIGHER, report.test)
    return Outcome(
        [report.as_json() for report in reports],
        [report.table() for report in reports],
        figures,
        Section(_blocks(reports)),
        value=f"{100 * best.one_nn_accuracy:.1f}\u00a0%",
        answer=f"of {best.test:,} unseen images have a nearest neighbour with their label (recipe {best.recipe})",
    )


_INTRO = (
    "Every test image is asked of a store that has never seen it, and its label is guessed from the nearest neighbour. "
    "scikit-learn's column is the accuracy of its exact search on the same vectors: it must be the same."
)


def _blocks(reports: list[AccuracyReport]) -> list[Block]:
    blocks: list[Block] = [Text(_INTRO), _plot(reports), _grid(reports)]
    for report in reports:
        if len(report.per_seed) > 1:
            shares = ", ".join(f"{share:.4f}" for share in report.per_seed)
            blocks.append(
                Text(
                    f"{report.recipe} ends in a layer of random weights that is never trained; its figures are the "
                    f"mean over {len(report.per_seed)} seeds: {shares}.",
                    faint=True,
                )
            )
    for report in reports:
        if len(report.labels) <= _MOST_LABELS:
            blocks += [
                Heading(f"Which labels are confused: {report.recipe}"),
                Confusion(report.labels, report.confusion),
            ]
            if len(report.per_seed) > 1:
                blocks.append(Text(f"Summed over the {len(report.per_seed)} seeds.", faint=True))
    return blocks


def _plot(reports: list[AccuracyReport]) -> Picture:
    drawn = [
        Bar(report.recipe, 100 * report.one_nn_accuracy, 100 * report.ci95[0], 100 * report.ci95[1], "%")
        for report in reports
    ]
    drawn += [
        Bar(f"{report.recipe}, as published", 100 * report.published, unit="%", ours=False)
        for report in reports
        if report.published is not None
    ]
    return Picture(
        "accuracy.svg",
        draw_bars(drawn, zero=False),
        "Bars: the 1-NN accuracy of each recipe",
        "1-NN accuracy by recipe, with its 95 % interval (Wilson). The axis does not begin at 0.",
    )


def _grid(reports: list[AccuracyReport]) -> Grid:
    return Grid(
        (
            *("recipe", "to search in", "asked", "1-NN accuracy", "95 % interval", "by scikit-learn", "recall@5"),
            *("recall@10", "mAP@10", "published"),
        ),
        [
            (
                report.recipe,
                f"{report.train:,}",
                f"{report.test:,}",
                f"{report.one_nn_accuracy:.4f}",
                f"{report.ci95[0]:.3f} to {report.ci95[1]:.3f}",
                f"{report.sklearn_one_nn_accuracy:.4f}",
                f"{report.recall_at['5']:.4f}",
                f"{report.recall_at['10']:.4f}",
                f"{report.mean_average_precision:.4f}",
                NO_VALUE if report.published is None else f"{report.published:.4f}",
            )
            for report in reports
        ],
        strong=3,
    )


PART = Part("accuracy", "How accurate is it?", measure)
