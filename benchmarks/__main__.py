"""`python -m benchmarks`: measure one part or all, check every answer, and compare."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from benchmarks.compare import compare
from benchmarks.durability.durability_report import FULL, QUICK, measure_durability
from benchmarks.measures.accuracy import measure_accuracy
from benchmarks.measures.altered_copies import measure_copies
from benchmarks.measures.exactness import measure_exactness
from benchmarks.measures.latency import LatencyReport, measure_latency
from benchmarks.measures.latency_by_size import QUICK_SIZES, SizesReport, measure_sizes
from benchmarks.measures.recipes import QUICK_SPLITS, SPLITS, measure_recipes
from benchmarks.measures.recipes_figure import draw_recipes
from benchmarks.measures.scaling import measure_scaling
from benchmarks.measures.throughput import FULL as ALL_IMAGES
from benchmarks.measures.throughput import QUICK as FEW_IMAGES
from benchmarks.measures.throughput import measure_throughput
from benchmarks.parts import PARTS, QUICK_LIMIT, QUICK_TEST, Context, part_named
from benchmarks.peers.measure_size import FULL_EFFORT, QUICK_EFFORT
from benchmarks.peers.peers_report import KILLS, QUICK_KILLS, SIZES, measure_peers
from benchmarks.peers.peers_report import QUICK_SIZES as FEW_VECTORS
from benchmarks.peers.registry import PEERS
from benchmarks.readme import write_results
from benchmarks.report import write_report
from benchmarks.report_progress import whole_progress
from ingest.embedding.network.backbone_factory import vgg16_backbone
from ingest.embedding.recipes import DEFAULT, PHOTO, RECIPES, recipe_named
from ingest.pipeline.progress_bar import progress_bar
from ingest.sources import USAGE, open_source
from search.figures import figure_file
from storage import Store, console
from storage.console import StoreOption

app = console.command_app("Measure accuracy, exactness and latency, and check the answers against scikit-learn.")

SourceArgument = Annotated[str, typer.Argument(help=f"Where the images come from: {USAGE}.")]
RecipeOption = Annotated[str, typer.Option(help=f"How to embed: {', '.join(RECIPES)}, or a TOML file.")]
LimitOption = Annotated[int, typer.Option(min=2, help="Only the first N images of the source.")]
TestOption = Annotated[int, typer.Option(min=1, help="How many of them to ask with.")]
WeightsOption = Annotated[Path | None, typer.Option(help="VGG16 weights: .h5, .npz or .onnx.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _show(document: dict[str, Any], tables: Sequence[Table], *, json: bool) -> None:
    """Print what was measured, as JSON or as tables."""
    if json:
        console.print_json(document)
        return
    for table in tables:
        console.OUT.print(table)


@app.command()
def accuracy(
    source: SourceArgument,
    recipe: RecipeOption = DEFAULT.name,
    test: TestOption = 1000,
    limit: LimitOption = 5000,
    seed: Annotated[int | None, typer.Option(help="Shuffle the images first.")] = None,
    weights: WeightsOption = None,
    json: JsonOption = False,
) -> None:
    """Measure how often the nearest neighbour of an unseen image has its label."""
    chosen = recipe_named(recipe)
    with progress_bar() as show:
        report = measure_accuracy(
            open_source(source, limit),
            chosen,
            test=test,
            seed=seed,
            make_backbone=vgg16_backbone(weights),
            on_progress=show,
        )
    _show(report.as_json(), [report.table()], json=json)


@app.command()
def recipes(
    source: SourceArgument,
    recipe: Annotated[
        list[str] | None, typer.Option(help="Only this recipe, or TOML file; as often as you like.")
    ] = None,
    test: TestOption = 1000,
    limit: LimitOption = 5000,
    quick: Annotated[bool, typer.Option("--quick", help="1,000 images, 200 of them asked, in 3 splits.")] = False,
    figure: Annotated[Path | None, typer.Option(help="Draw accuracy against cost to this file.")] = None,
    weights: WeightsOption = None,
    json: JsonOption = False,
) -> None:
    """Measure every recipe, and raw pixels, on the same splits: how well each retrieves, and what it costs."""
    if figure is not None:
        figure_file.require_writable(figure)
    chosen = [recipe_named(name) for name in recipe] if recipe else list(RECIPES.values())
    with progress_bar() as show:
        report = measure_recipes(
            open_source(source, min(limit, QUICK_LIMIT) if quick else limit),
            chosen,
            test=min(test, QUICK_TEST) if quick else test,
            splits=QUICK_SPLITS if quick else SPLITS,
            make_backbone=vgg16_backbone(weights),
            on_progress=show,
            on_stage=console.print_message,
        )
    if figure is not None:
        figure_file.save(draw_recipes(report), figure)
    _show(report.as_json(), [report.table()], json=json)


@app.command()
def copies(
    source: SourceArgument,
    recipe: RecipeOption = PHOTO.name,
    limit: Annotated[int | None, typer.Option(min=2, help="Only the first N images of the source.")] = None,
    weights: WeightsOption = None,
    json: JsonOption = False,
) -> None:
    """Measure how often compressed, shrunk, cut, turned, darker and brighter copies find their original."""
    with progress_bar() as show:
        report = measure_copies(
            open_source(source, limit),
            recipe_named(recipe),
            make_backbone=vgg16_backbone(weights),
            on_progress=show,
        )
    _show(report.as_json(), [report.table()], json=json)


@app.command()
def exactness(
    store: StoreOption,
    queries: Annotated[int, typer.Option(min=1, help="How many queries to ask.")] = 1000,
    k: Annotated[int, typer.Option("-k", help="How many neighbours to compare.")] = 10,
    seed: Annotated[int, typer.Option(help="Draw other queries.")] = 0,
    json: JsonOption = False,
) -> None:
    """Compare every neighbour and distance with scikit-learn's; fail if one is wrong."""
    with Store.open(store) as opened:
        report = measure_exactness(opened, queries=queries, k=k, seed=seed)
    _show(report.as_json(), [report.table()], json=json)
    if not report.ok:
        console.fail(f"expected no wrong answers, got {report.errors} errors, {report.alone_differs} differing alone")


@app.command()
def latency(
    store: Annotated[
        Path | None, typer.Option("--store", help="The store's folder; without it, random vectors in four sizes.")
    ] = None,
    k: Annotated[int, typer.Option("-k", help="How many neighbours to ask for.")] = 5,
    samples: Annotated[int, typer.Option(min=20, help="How many single queries to time.")] = 500,
    quick: Annotated[
        bool, typer.Option("--quick", help="Without --store: the two smaller sizes, fewer queries.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Time single queries, batches, filters and threads beside scikit-learn and FAISS, in turn."""
    report: LatencyReport | SizesReport
    if store is not None:
        with Store.open(store) as opened:
            report = measure_latency(opened, k=k, samples=samples)
    elif quick:
        report = measure_sizes(sizes=QUICK_SIZES, k=k, samples=min(samples, 100), on_stage=console.print_message)
    else:
        report = measure_sizes(k=k, samples=samples, on_stage=console.print_message)
    _show(report.as_json(), report.tables(), json=json)


@app.command()
def throughput(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer images, and only the fastest precision.")] = False,
    json: JsonOption = False,
) -> None:
    """Time whole jobs beside Keras' own way in the same run, with memory and what a second run takes."""
    report = measure_throughput(FEW_IMAGES if quick else ALL_IMAGES, on_stage=console.print_message)
    _show(report.as_json(), [report.table()], json=json)


@app.command()
def scaling(
    store: Annotated[str, typer.Option("--store", help="The PostgreSQL URL of a new store.")],
    milvus: Annotated[list[str], typer.Option(help="The Milvus URL of a new collection; the first is to be exact.")],
    items: Annotated[int, typer.Option(min=100, help="How many random vectors.")] = 1_000_000,
    samples: Annotated[int, typer.Option(min=20, help="How many queries.")] = 100,
    json: JsonOption = False,
) -> None:
    """Fill a store on servers with random vectors, and time writing, filling and asking."""
    report = measure_scaling(store, milvus, items=items, samples=samples, on_stage=console.print_message)
    _show(report.as_json(), [report.table()], json=json)


@app.command()
def durability(
    quick: Annotated[bool, typer.Option("--quick", help="Try every fault, each less often.")] = False,
    seed: Annotated[int, typer.Option(help="Draw other moments, states and damages.")] = 0,
    json: JsonOption = False,
) -> None:
    """Kill writers, cut the power, fill the disk, damage files; fail if anything is lost or wrong."""
    report = measure_durability(QUICK if quick else FULL, seed=seed, on_stage=console.print_message)
    _show(report.as_json(), report.tables(), json=json)
    if not report.ok:
        console.fail("expected nothing to be lost or wrong, got some: see the report")


@app.command()
def peers(
    sizes: Annotated[
        list[int] | None, typer.Option(min=12, help="How many vectors; give it again for another.")
    ] = None,
    peer: Annotated[
        list[str] | None, typer.Option(help=f"Only this one of {', '.join(PEERS)}; again for more.")
    ] = None,
    kills: Annotated[int | None, typer.Option(min=0, help="How often to kill each while it inserts.")] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="How many processors each may use: all.")] = None,
    patience: Annotated[float | None, typer.Option(min=1, help="Seconds that inserting may take each.")] = None,
    seed: Annotated[int, typer.Option(help="Draw other vectors and moments.")] = 0,
    quick: Annotated[bool, typer.Option("--quick", help="Few vectors, few queries, two kills.")] = False,
    json: JsonOption = False,
) -> None:
    """Measure what a user would pick instead beside Lookalike: the same vectors and queries, in turn in one run."""
    effort = QUICK_EFFORT if quick else FULL_EFFORT
    report = measure_peers(
        sizes or (FEW_VECTORS if quick else SIZES),
        kills=(QUICK_KILLS if quick else KILLS) if kills is None else kills,
        effort=effort if patience is None else replace(effort, patience=patience),
        threads=threads,
        seed=seed,
        peers=peer or tuple(PEERS),
        on_stage=console.print_message,
    )
    _show(report.as_json(), report.tables(), json=json)
    if not report.ok:
        console.fail("expected Lookalike to find every neighbour and lose nothing, got otherwise: see the tables")


@app.command("compare")
def compare_reports(
    old: Annotated[Path, typer.Argument(help="The earlier report.json.")],
    new: Annotated[Path, typer.Argument(help="The later one.")],
    share: Annotated[float, typer.Option(min=0, help="By how much a figure may get worse: 0.1 is a tenth.")] = 0.1,
    json: JsonOption = False,
) -> None:
    """Say what got better or worse beyond the spread; fail if something got worse by more than the share."""
    comparison = compare(old, new, share)
    if not comparison.same_machine:
        console.print_message("the two were measured on different processors: times cannot be compared")
    _show(comparison.as_json(), [comparison.table()], json=json)
    if comparison.too_bad:
        worst = ", ".join(change.name for change in comparison.too_bad[:3])
        console.fail(f"expected nothing to get worse by more than {share:.0%}, got {len(comparison.too_bad)}: {worst}")


@app.command("all")
def everything(
    out: Annotated[Path, typer.Option(help="The folder for the report.")],
    source: SourceArgument = "mnist-sample",
    stores: Annotated[Path | None, typer.Option(help="Keep the stores here instead of below OUT.")] = None,
    test: TestOption = 1000,
    limit: LimitOption = 5000,
    weights: WeightsOption = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="The short form of every part, to see that all works.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option(help=f"Only this part of {', '.join(PARTS)}; again for more.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Draw other queries, vectors and moments.")] = 0,
    json: JsonOption = False,
) -> None:
    """Measure all parts on SOURCE and write report.json, report.md and report.html."""
    chosen = {name: part_named(name) for name in only or PARTS}
    with whole_progress(len(chosen)) as shown:
        context = Context(
            open_source(source, min(limit, QUICK_LIMIT) if quick else limit),
            stores or out / "stores",
            min(test, QUICK_TEST) if quick else test,
            vgg16_backbone(weights),
            quick,
            seed,
            on_progress=shown.images,
            on_stage=shown.stage,
        )
        report = write_report(context, out, chosen, on_part=shown.part)
    _show(report.as_json(), report.tables(), json=json)
    if not json:
        console.OUT.print(f"Report: {out / 'report.html'}", soft_wrap=True)
    if report.failed:
        console.fail(f"expected every part to be measured, got {len(report.failed)} failed: {', '.join(report.failed)}")
    if not report.ok:
        wrong = [name for name, outcome in report.outcomes.items() if not outcome.ok]
        console.fail(f"expected nothing wrong or lost, got some in {', '.join(wrong)}: see the report")


@app.command()
def readme(
    report: Annotated[Path, typer.Argument(help="The report.json to show.")],
    page: Annotated[Path, typer.Option(help="The page with the markers.")] = Path("README.md"),
    kept: Annotated[Path, typer.Option(help="Where the report is kept beside it.")] = Path("docs/report.json"),
) -> None:
    """Write a report's results into the README, between its markers, and keep the report that they are from."""
    write_results(report, page, kept)
    console.OUT.print(f"{page} has the results of {report}", soft_wrap=True)


if __name__ == "__main__":
    console.run(app, "python -m benchmarks")
