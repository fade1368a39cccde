"""The report of all parts, its comparison with an earlier one, and its place in the README."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.commands.options import (
    ForceOption,
    JsonOption,
    LimitOption,
    SeedOption,
    SourceArgument,
    TestOption,
    WeightsOption,
    print_report,
)
from benchmarks.common.named_source import NamedSource
from benchmarks.compare import compare_reports
from benchmarks.parts import PARTS, QUICK_LIMIT, QUICK_TEST, Context, part_named
from benchmarks.readme import write_results
from benchmarks.report import write_report
from benchmarks.report_progress import report_progress
from ingest.embedding.network.backbone_factory import vgg16_factory
from ingest.sources import open_source
from storage import console


def everything(
    out: Annotated[Path, typer.Option(help="The folder for the report.")],
    source: SourceArgument = "mnist-sample",
    stores: Annotated[Path | None, typer.Option(help="Write the stores to this folder instead of OUT/stores.")] = None,
    test: TestOption = 1000,
    limit: LimitOption = 5000,
    weights: WeightsOption = None,
    quick: Annotated[bool, typer.Option("--quick", help="The short form of every part, as a trial.")] = False,
    only: Annotated[
        list[str] | None, typer.Option(help=f"Only this part of {', '.join(PARTS)}; can be repeated.")
    ] = None,
    seed: SeedOption = 0,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Measure all parts on SOURCE and write report.json, report.md and report.html."""
    parts = {name: part_named(name) for name in only or PARTS}
    opened = open_source(source, min(limit, QUICK_LIMIT) if quick else limit)
    with report_progress(len(parts)) as progress:
        context = Context(
            opened,
            stores or out / "stores",
            min(test, QUICK_TEST) if quick else test,
            vgg16_factory(weights),
            weights,
            quick,
            seed,
            on_progress=progress.show_images,
            on_stage=progress.show_stage,
        )
        known = NamedSource(source, opened)
        report = write_report(context, out, parts, known, force=force, on_part=progress.start_part)
    print_report(report.as_json(), *report.tables(), json=json)
    if not json:
        console.print_line(f"Report: {out / 'report.html'}")
    if report.failed:
        console.fail(f"expected every part to be measured, got {len(report.failed)} failed: {', '.join(report.failed)}")
    if not report.ok:
        wrong = [name for name, outcome in report.outcomes.items() if not outcome.ok]
        console.fail(f"expected nothing wrong or lost, got failures in {', '.join(wrong)}: see the report")


def compare(
    old: Annotated[Path, typer.Argument(help="The earlier report.json.")],
    new: Annotated[Path, typer.Argument(help="The later one.")],
    share: Annotated[float, typer.Option(min=0, help="How much worse a measurement may get: 0.1 is a tenth.")] = 0.1,
    json: JsonOption = False,
) -> None:
    """Show what got better or worse beyond the spread; fail if something got worse by more than the share."""
    comparison = compare_reports(old, new, share)
    if not comparison.same_machine:
        console.print_message("the reports were measured on different processors: times cannot be compared")
    print_report(comparison.as_json(), comparison.table(), json=json)
    if worse := comparison.regressions:
        names = ", ".join(change.name for change in worse[:3])
        console.fail(f"expected nothing to get worse by more than {share:.0%}, got {len(worse)}: {names}")


def readme(
    report: Annotated[Path, typer.Argument(help="The report.json to show.")],
    page: Annotated[Path, typer.Option(help="The README, with the markers.")] = Path("README.md"),
    all_page: Annotated[Path, typer.Option("--all", help="The page of all results, with the markers.")] = Path(
        "docs/results.md"
    ),
    kept: Annotated[Path, typer.Option(help="Where a copy of the report is stored.")] = Path("docs/report.json"),
    renew: Annotated[
        bool, typer.Option("--renew", help="Replace only the parts that the report has in the stored copy.")
    ] = False,
    force: ForceOption = False,
) -> None:
    """Write a report's results between the markers of README and docs/results.md, and store a copy of the report."""
    write_results(report, page, all_page, kept, renew=renew, force=force)
    console.print_line(f"{page} and {all_page} have the results of {report}")
