"""How accurate is it? Every recipe on images that its store does not contain."""

from collections.abc import Callable, Mapping

from benchmarks.common.measurement import HIGHER, NO_VALUE, Measurement, single_value
from benchmarks.measures.accuracy import AccuracyReport, measure_accuracy
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.plots import Value, draw_points
from benchmarks.parts.section import Block, Confusion, Heading, Picture, Text, grid_of

#: A confusion matrix of more labels is not shown.
_MAX_LABELS = 40


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
    measurements: dict[str, Measurement] = {}
    for report in reports:
        measurements[f"{report.recipe}/1-NN accuracy"] = Measurement(
            report.one_nn_accuracy, *report.ci95, "", HIGHER, report.test, "95 % interval"
        )
        measurements[f"{report.recipe}/mAP@10"] = single_value(report.mean_average_precision, "", HIGHER, report.test)
    return Outcome.of(
        reports,
        measurements,
        _blocks(reports),
        value=f"{100 * best.one_nn_accuracy:.1f}\u00a0%",
        answer=f"of {best.test:,} unseen images have the label of their nearest neighbour (recipe {best.recipe})",
    )


_INTRO = (
    "Every query image is searched in a store that does not contain it, and gets the label of its nearest neighbour. "
    "The scikit-learn column is the accuracy of scikit-learn's exact search on the same vectors: it must be equal."
)


def _blocks(reports: list[AccuracyReport]) -> list[Block]:
    blocks: list[Block] = [Text(_INTRO), _plot(reports), grid_of(reports, _COLUMNS, strong=3)]
    for report in reports:
        if len(report.per_seed) > 1:
            accuracies = ", ".join(f"{accuracy:.4f}" for accuracy in report.per_seed)
            text = (
                f"{report.recipe} ends in a layer of random weights that is never trained; its values are the mean "
                f"over {len(report.per_seed)} seeds: {accuracies}."
            )
            blocks.append(Text(text, faint=True))
    for report in reports:
        if len(report.labels) <= _MAX_LABELS:
            blocks += [Heading(f"Confusion matrix: {report.recipe}"), Confusion(report.labels, report.confusion)]
            if len(report.per_seed) > 1:
                blocks.append(Text(f"Summed over the {len(report.per_seed)} seeds.", faint=True))
    return blocks


def _plot(reports: list[AccuracyReport]) -> Picture:
    shown = [
        Value(report.recipe, 100 * report.one_nn_accuracy, 100 * report.ci95[0], 100 * report.ci95[1], "%")
        for report in reports
    ]
    shown += [
        Value(f"{report.recipe}, as published", 100 * report.published, unit="%", ours=False)
        for report in reports
        if report.published is not None
    ]
    return Picture(
        "accuracy.svg",
        draw_points(shown),
        "Points: the 1-NN accuracy of each recipe, with its interval",
        "1-NN accuracy in percent by recipe, with its 95 % interval (Wilson).",
    )


_COLUMNS: Mapping[str, Callable[[AccuracyReport], str]] = {
    "recipe": lambda report: report.recipe,
    "stored": lambda report: f"{report.train:,}",
    "queries": lambda report: f"{report.test:,}",
    "1-NN accuracy": lambda report: f"{report.one_nn_accuracy:.4f}",
    "95 % interval": lambda report: f"{report.ci95[0]:.3f} to {report.ci95[1]:.3f}",
    "scikit-learn": lambda report: f"{report.sklearn_one_nn_accuracy:.4f}",
    "recall@5": lambda report: f"{report.recall_at['5']:.4f}",
    "recall@10": lambda report: f"{report.recall_at['10']:.4f}",
    "mAP@10": lambda report: f"{report.mean_average_precision:.4f}",
    "published": lambda report: NO_VALUE if report.published is None else f"{report.published:.4f}",
}

PART = Part("accuracy", "How accurate is it?", measure)
