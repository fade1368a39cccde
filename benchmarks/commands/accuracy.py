"""How right recipes are: on labels, on copies, and on photographs."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.commands.options import (
    ForceOption,
    JsonOption,
    LimitOption,
    RecipeOption,
    SourceArgument,
    TestOption,
    WeightsOption,
    print_report,
    recipe_of,
)
from benchmarks.common.named_source import NamedSource
from benchmarks.measures.accuracy import measure_accuracy
from benchmarks.measures.altered_copies import measure_copies
from benchmarks.measures.confidence_fit import FULL as FULL_FIT
from benchmarks.measures.confidence_fit import fit_confidence, pairs_to_fit, source_of
from benchmarks.measures.copies_found import FULL as FULL_CURATION
from benchmarks.measures.copies_found import QUICK as QUICK_CURATION
from benchmarks.measures.copies_found import measure_copies_found
from benchmarks.measures.debian_pictures import draw_pictures
from benchmarks.measures.photographs import FULL as FULL_PHOTOGRAPHS
from benchmarks.measures.photographs import QUICK as QUICK_PHOTOGRAPHS
from benchmarks.measures.photographs import measure_photographs
from benchmarks.measures.recipes import QUICK_SPLITS, SPLITS, measure_recipes
from benchmarks.parts import QUICK_LIMIT, QUICK_TEST
from ingest.embedding.network.backbone_factory import vgg16_factory
from ingest.embedding.recipes import AUTO, PHOTO, RECIPES, recipe_named
from ingest.pipeline.progress_bar import progress_bar
from ingest.sources import open_source
from storage import console


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
            recipe_of(recipe, opened),
            test=test,
            seed=seed,
            make_backbone=vgg16_factory(weights),
            on_progress=show,
        )
    print_report(report, report.table(), json=json)


def recipes(
    source: SourceArgument,
    recipe: Annotated[list[str] | None, typer.Option(help="Only this recipe or TOML file; can be repeated.")] = None,
    test: TestOption = 1000,
    limit: LimitOption = 5000,
    quick: Annotated[bool, typer.Option("--quick", help="500 images, 100 of them queries, in 2 splits.")] = False,
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
    print_report(report, report.table(), json=json)


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
            recipe_of(recipe, opened),
            make_backbone=vgg16_factory(weights),
            on_progress=show,
        )
    print_report(report, report.table(), json=json)


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
    print_report(report, report.table(), json=json)


def confidence(weights: WeightsOption = None) -> None:
    """Fit the confidence of `duplicates` again, and print search/curation/copy_regression.py with it."""
    pairs = list(pairs_to_fit(FULL_FIT, vgg16_factory(weights), console.print_message))
    console.print_line(source_of(fit_confidence(pairs)).rstrip())


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
    print_report(report, report.table(), json=json)
