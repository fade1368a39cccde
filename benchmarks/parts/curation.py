"""Does it find copies and wrong labels? Beside perceptual hashes and cleanlab, on the same pictures and vectors."""

from collections.abc import Mapping
from dataclasses import asdict

from benchmarks.common.measurement import HIGHER, NO_VALUE, Measurement, single_value
from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures.altered_files import ALTERED
from benchmarks.measures.copies_found import QUICK, CopiesFoundReport, FoundCopies, measure_copies_found
from benchmarks.measures.debian_pictures import INSTALL
from benchmarks.measures.moved_labels import MOVED_SHARE, MovedLabels, Ranking, measure_moved_labels
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.plots import Value, draw_points
from benchmarks.parts.section import Block, Grid, Heading, Picture, Section, Text
from search import Searcher

#: Folders of each size; `python -m benchmarks curation` has more of them, and larger ones.
_FOLDERS: Mapping[int, int] = {6: 2, 60: 2, 600: 1}


def measure(context: Context) -> Outcome:
    """Find altered copies, and labels that were moved; the copies are skipped without the packages of pictures."""
    copies: CopiesFoundReport | None = None
    skipped = ""
    try:
        copies = measure_copies_found(
            QUICK if context.quick else _FOLDERS,
            make_backbone=context.make_backbone,
            seed=context.seed,
            on_stage=context.on_stage,
        )
    except UnfitForBenchmark as error:
        skipped = str(error)
        context.on_stage(f"altered copies are skipped: {error}")
    labels = _labels(context)
    largest = None if copies is None else copies.sizes[-1]
    return Outcome(
        {"copies": None if copies is None else asdict(copies), "labels": None if labels is None else asdict(labels)},
        [] if copies is None else [copies.table()],
        _measurements(largest, labels),
        Section([*_copies_blocks(copies, skipped), *_labels_blocks(labels)]),
        value="skipped" if largest is None else f"{100 * largest.recall:.0f}\u00a0%",
        answer=f"run `{INSTALL}`"
        if largest is None
        else f"of {largest.copies} altered copies among {largest.pictures} pictures are found, and "
        f"{100 * largest.precision:.0f}\u00a0% of what is called a copy is one",
    )


def _labels(context: Context) -> MovedLabels | None:
    """Return how moved labels of the source are found, None if it has too few."""
    recipe = next(iter(context.recipes.values()))
    with Searcher.open(context.store_of(recipe), make_backbone=context.make_backbone) as searcher:
        context.on_stage("moved labels")
        try:
            name, draws = f"{context.source.name}, {recipe.name}", 1 if context.quick else 5
            return measure_moved_labels(searcher, name, draws=draws, seed=context.seed)
        except UnfitForBenchmark as error:
            context.on_stage(f"moved labels are skipped: {error}")
            return None


def _measurements(copies: FoundCopies | None, labels: MovedLabels | None) -> dict[str, Measurement]:
    measurements: dict[str, Measurement] = {}
    if labels is not None:
        found, area = labels.lookalike.precision_first, labels.lookalike.average_precision
        measurements["moved labels, first"] = single_value(found, "", HIGHER, labels.draws)
        measurements["moved labels, average precision"] = single_value(area, "", HIGHER, labels.draws)
    if copies is not None:
        interval = copies.recall_ci95
        shares = Measurement(copies.recall, *interval, "", HIGHER, copies.copies, "95 % interval")
        measurements["copies found"] = shares
        measurements["copies right"] = single_value(copies.precision, "", HIGHER, copies.called)
    return measurements


def _copies_blocks(copies: CopiesFoundReport | None, skipped: str) -> list[Block]:
    if copies is None:
        return [Text(f"Copies are skipped: {skipped}.")]
    text = (
        "Folders of drawings and wallpapers from Debian's packages, with sixty altered copies each. A copy is found if "
        "it is in the group of its original; a pair is right if both show one picture. PHash calls two pictures copies "
        "if their hashes differ by at most 10 of 64 bits, as imagededup does by default."
    )
    columns = ("pictures", "folders", "found", "forecast", "right", "expected", "PHash: found", "right")
    rows = [
        (
            f"{size.pictures:,}",
            str(size.folders),
            f"{size.recall:.3f}",
            _share(size.forecast),
            f"{size.precision:.3f}",
            _share(size.expected),
            _share(None if size.hashed is None else size.hashed.recall),
            _share(None if size.hashed is None else size.hashed.precision),
        )
        for size in copies.sizes
    ]
    return [Text(text), Grid(columns, rows, strong=2), Heading("Found by kind of copy"), _plot(copies.sizes[-1])]


def _plot(size: FoundCopies) -> Picture:
    shown = []
    for kind in ALTERED:
        shown.append(Value(kind, 100 * size.found[kind], unit="%"))
        if size.hashed is not None:
            shown.append(Value(f"{kind}, PHash", 100 * size.hashed.found[kind], unit="%", ours=False))
    return Picture(
        "curation.svg",
        draw_points(shown),
        "Points: the share of the copies of each kind that is found, beside that of perceptual hashes",
        f"Copies found in percent by kind, among {size.pictures:,} pictures.",
    )


def _labels_blocks(labels: MovedLabels | None) -> list[Block]:
    if labels is None:
        return [Text("Moved labels are skipped: the source has too few labels.")]
    text = (
        f"{MOVED_SHARE:.0%} of the labels of {labels.items:,} images ({labels.source}) are moved at random, and items "
        "are ranked by how surely their label is wrong, with the same vectors: precision among as many items as were "
        "moved, and the area under the precision-recall curve."
    )
    rows = [("Lookalike", *_ranking(labels.lookalike)), ("cleanlab", *_ranking(labels.cleanlab))]
    listed = (
        f"Listed by default are items of which {labels.expected_precision:.0%} are expected to be wrong; "
        f"{labels.listed_precision:.0%} are."
    )
    return [Heading("Moved labels"), Text(text), Grid(("", "precision", "area"), rows), Text(listed)]


def _ranking(ranking: Ranking | None) -> tuple[str, str]:
    if ranking is None:
        return NO_VALUE, NO_VALUE
    return f"{ranking.precision_first:.3f}", f"{ranking.average_precision:.3f}"


def _share(share: float | None) -> str:
    return NO_VALUE if share is None else f"{share:.3f}"


PART = Part("curation", "Does it find copies and wrong labels?", measure)
