"""Is the notebook reproduced? The original notebook step by step, on its own digits, beside its own code."""

from collections.abc import Callable, Mapping
from dataclasses import asdict

from benchmarks.common.measurement import HIGHER, LOWER, NEITHER, Measurement, format_number, single_value
from benchmarks.measures.notebook import (
    IMAGES,
    SEEDS,
    TEST,
    NotebookFigures,
    NotebookReport,
    Step,
    measure_notebook,
    notebook_source,
)
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.plots import Value, draw_points
from benchmarks.parts.section import Block, Grid, Heading, Picture, Section, Text, grid_of

#: Images, queries and seeds of the short form.
_QUICK = (500, 100, 3)


def measure(context: Context) -> Outcome:
    """Go through the notebook on its own digits, or on others if MNIST is not installed."""
    images, test, seeds = _QUICK if context.quick else (IMAGES, TEST, SEEDS)
    source, digits = notebook_source(images)
    context.on_stage(digits)
    report, figures = measure_notebook(
        source,
        digits,
        test=test,
        seeds=seeds,
        make_backbone=context.make_backbone,
        weights=context.weights,
        on_progress=context.on_progress,
        on_stage=context.on_stage,
    )
    low, high = report.range95
    return Outcome(
        asdict(report),
        report.tables(),
        _measurements(report),
        Section(_blocks(report, figures)),
        value=f"{report.mean:.4f}",
        answer=f"1-NN accuracy on {report.source}, mean of {len(report.accuracies)} seeds of the notebook's untrained "
        f"layer ({low:.4f} to {high:.4f}); published {report.published:.4f}",
        ok=report.ok,
    )


def _measurements(report: NotebookReport) -> dict[str, Measurement]:
    seeds = len(report.accuracies)
    measurements = {
        "1-NN accuracy": Measurement(
            report.mean, *report.ci95, "", HIGHER, seeds, "mean of the seeds and its 95 % interval"
        )
    }
    for step in report.steps:
        measurements[f"{step.name}/seconds"] = single_value(step.seconds, "s", LOWER)
        measurements[f"{step.name}/seconds of the notebook's code"] = single_value(step.their_seconds, "s", NEITHER)
    return measurements


def _accuracy_rows(report: NotebookReport) -> list[tuple[str, str, str]]:
    """Return the 1-NN accuracies: whose, the value, and an interval with what it is of."""
    low, high = report.range95
    return [
        ("published, one unknown seed", f"{report.published:.4f}", ""),
        ("the notebook's code here, seed 0", f"{report.their_accuracy:.4f}", ""),
        ("notebook, seed 0", f"{report.own_accuracy:.4f}", ""),
        (
            f"notebook, mean of {len(report.accuracies)} seeds",
            f"{report.mean:.4f}",
            f"{low:.4f} to {high:.4f}, 95 % of the seeds",
        ),
        *(
            (other.recipe, f"{other.one_nn_accuracy:.4f}", f"{other.ci95[0]:.3f} to {other.ci95[1]:.3f}, Wilson")
            for other in report.others
        ),
    ]


def _blocks(report: NotebookReport, figures: NotebookFigures) -> list[Block]:
    from search.figures import figure_file
    from search.figures.neighbours_figure import draw_neighbours

    low, high = report.ci95
    at = (
        f"The mean of {len(report.accuracies)} seeds is {report.mean:.4f} (95 % interval {low:.4f} to {high:.4f}); "
        f"{report.share_below:.0%} of the seeds give {report.published:.4f} or less. With the layer of seed 0 no "
        f"vector differs from Keras' by more than {report.largest_difference:.2%} of its length; scikit-learn finds "
        f"{'no nearer neighbours' if report.ok else 'NEARER NEIGHBOURS'} among our vectors."
    )
    return [
        Text(_INTRO.format(digits=report.digits, queries=report.queries, stored=report.stored)),
        Heading("Accuracy"),
        _plot(report),
        Grid(("", "1-NN accuracy", "interval"), _accuracy_rows(report)),
        Text(at),
        Heading("Steps"),
        Text(_STEPS),
        grid_of(report.steps, _COLUMNS),
        Text("; ".join(f"{step.name}: {step.ours}, beside {step.theirs}" for step in report.steps) + ".", faint=True),
        Picture(
            "notebook-map.png",
            figure_file.encode(figures.map),
            "t-SNE map of the stored digits, recipe notebook",
            "t-SNE of the stored digits, perplexity 30, seed 31. The labels determine the colours only.",
        ),
        Picture(
            "notebook-neighbours.png",
            figure_file.encode(draw_neighbours(figures.results, figures.thumbnails)),
            "Queries with their five nearest neighbours, one row each",
            "The first queries with their five nearest neighbours, label and distance.",
        ),
    ]


_INTRO = (
    "{digits} The first {queries:,} are queries, the other {stored:,} are stored. The notebook embeds them with VGG16 "
    "and a dense layer that is never trained, so that its accuracy depends on how that layer was drawn: it published "
    "one figure, and here is the spread."
)
_STEPS = (
    "Each step is timed once, first ours, then the notebook's own code, by the clock and in processor time of all "
    "threads. A store has labels, thumbnails and an index on the disk, which the notebook does not have."
)


def _plot(report: NotebookReport) -> Picture:
    low, high = report.range95
    points = [
        Value("published", 100 * report.published, unit="%", ours=False),
        Value("notebook's code, seed 0", 100 * report.their_accuracy, unit="%", ours=False),
        Value(f"notebook, {len(report.accuracies)} seeds", 100 * report.mean, 100 * low, 100 * high, "%"),
    ]
    points += [
        Value(other.recipe, 100 * other.one_nn_accuracy, 100 * other.ci95[0], 100 * other.ci95[1], "%")
        for other in report.others
    ]
    return Picture(
        "notebook.svg",
        draw_points(points),
        "Points: the 1-NN accuracy as published, of the notebook's code, and of the recipes",
        "1-NN accuracy in percent. The interval of notebook holds 95 % of the seeds, those of the others are Wilson's.",
    )


_COLUMNS: Mapping[str, Callable[[Step], str]] = {
    "step": lambda step: step.name,
    "ours (s)": lambda step: format_number(step.seconds),
    "its code (s)": lambda step: format_number(step.their_seconds),
    "ours, processor (s)": lambda step: format_number(step.processor_seconds),
    "its code, processor (s)": lambda step: format_number(step.their_processor_seconds),
}

PART = Part("notebook", "Is the notebook reproduced?", measure)
