"""And photographs? Labels and altered copies of larger pictures, and the time from an image file to the answer."""

from benchmarks.common.measurement import HIGHER, Measurement, single_value
from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures.altered_copies import ALTERATIONS
from benchmarks.measures.debian_pictures import INSTALL, draw_pictures
from benchmarks.measures.photographs import COPIES, FULL, QUICK, PhotographsReport, measure_photographs
from benchmarks.parts.part import Context, Outcome, Part
from benchmarks.parts.section import Block, Grid, Heading, Text


def measure(context: Context) -> Outcome:
    """Measure the recipe for photographs on pictures of Debian's packages; skip it if they are not installed."""
    effort = QUICK if context.quick else FULL
    try:
        pictures = draw_pictures(effort.drawings, effort.photographs, context.seed)
    except UnfitForBenchmark as error:
        context.on_stage(f"photographs are skipped: {error}")
        return Outcome.skipped(f"Skipped: {error}.", f"run `{INSTALL}`")
    report = measure_photographs(
        pictures,
        effort,
        make_backbone=context.make_backbone,
        weights=context.weights,
        on_progress=context.on_progress,
        on_stage=context.on_stage,
    )
    photo = report.scores[0]
    return Outcome.of(
        report,
        _measurements(report),
        _blocks(report),
        value=f"{100 * photo.copies_recall_at_1:.1f}\u00a0%",
        answer=f"of {report.copies:,} altered copies of photographs find their original (recipe {photo.name})",
    )


def _measurements(report: PhotographsReport) -> dict[str, Measurement]:
    measurements: dict[str, Measurement] = {}
    for score in report.scores:
        for name, (share, interval) in score.shares.items():
            count = report.copies if name == COPIES else report.drawings
            measurements[f"{score.name}/{name}"] = Measurement(share, *interval, "", HIGHER, count, "95 % interval")
        for kind, share in score.recall_by_kind.items():
            measurements[f"{score.name}/{kind}"] = single_value(share, "", HIGHER, report.photographs)
    return measurements | {"image query, cold": report.times.cold, "image query, warm": report.times.warm}


def _blocks(report: PhotographsReport) -> list[Block]:
    text = (
        f"{report.drawings:,} labelled drawings of Debian's openclipart-png, from {report.labels} folders, each "
        f"searched among the others; and {len(ALTERATIONS)} altered copies of each of {report.photographs} photographs "
        f"and wallpapers, searched among all pictures. To repeat this, run {INSTALL}."
    )
    times = (
        f"From the file of a photograph of {report.times.megapixels:.1f} megapixels to the answer, with recipe "
        f"{report.scores[0].name}: {report.times.cold} in a new process, {report.times.warm} in a running one."
    )
    scores = Grid(("recipe", *report.scores[0].texts), [(score.name, *score.texts.values()) for score in report.scores])
    by_kind = Grid(
        ("copy", *(score.name for score in report.scores)),
        [(kind, *(f"{score.recall_by_kind[kind]:.3f}" for score in report.scores)) for kind in ALTERATIONS],
    )
    return [Text(text), scores, Heading("recall@1 by kind of copy"), by_kind, Text(times)]


PART = Part("photographs", "And photographs?", measure)
