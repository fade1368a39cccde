"""Whether answers are exact, and whether anything is lost when writers and disks fail."""

from typing import Annotated

import typer

from benchmarks.commands.options import JsonOption, NeighboursOption, SeedOption, print_report
from benchmarks.durability.durability_report import FULL, QUICK, measure_durability
from benchmarks.measures.exactness import measure_exactness
from storage import Store, console
from storage.console import StoreOption


def exactness(
    store: StoreOption,
    queries: Annotated[int, typer.Option(min=1, help="How many queries to compare.")] = 1000,
    k: NeighboursOption = 10,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> None:
    """Compare every neighbour and distance with scikit-learn's; fail if one is wrong."""
    with Store.open(store) as opened:
        report = measure_exactness(opened, queries=queries, k=k, seed=seed)
    print_report(report, report.table(), json=json)
    if not report.ok:
        console.fail(f"expected no wrong answers, got {report.errors} errors, {report.alone_differs} differing alone")


def durability(
    quick: Annotated[bool, typer.Option("--quick", help="Try every fault, each less often.")] = False,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> None:
    """Kill writers, cut the power, fill the disk, damage files; fail if anything is lost or wrong."""
    report = measure_durability(QUICK if quick else FULL, seed=seed, on_stage=console.print_message)
    print_report(report.as_json(), *report.tables(), json=json)
    if not report.ok:
        console.fail("expected nothing lost or wrong, got failures: see the report")
