"""Arguments and options of several commands, and what all of them print."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from ingest.embedding.recipes import AUTO, RECIPES, Recipe, recipe_named
from ingest.pipeline.recipe_choice import choose_recipe
from ingest.sources import USAGE, Source
from storage import console

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

SourceArgument = Annotated[str, typer.Argument(help=f"Where the images come from: {USAGE}.")]
RecipeOption = Annotated[str, typer.Option(help=f"How to embed: {AUTO}, {', '.join(RECIPES)}, or a TOML file.")]
LimitOption = Annotated[int, typer.Option(min=2, help="Only the first N images of the source.")]
TestOption = Annotated[int, typer.Option(min=1, help="How many of them are query images.")]
NeighboursOption = Annotated[int, typer.Option("-k", min=1, help="How many neighbours to search for.")]
WeightsOption = Annotated[Path | None, typer.Option(help="VGG16 weights: .h5, .npz or .onnx.")]
SeedOption = Annotated[int, typer.Option(help="The seed of random queries, vectors, kills and corruptions.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files even if they are not Lookalike's.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def print_report(document: "Mapping[str, Any] | DataclassInstance", *tables: Table, json: bool) -> None:
    """Print a report as JSON or as tables."""
    if json:
        console.print_json(document)
        return
    for table in tables:
        console.OUT.print(table)


def recipe_of(name: str, source: Source) -> Recipe:
    """Return a recipe by name, or the one that a new store of the source would have."""
    return choose_recipe(source).recipe if name == AUTO else recipe_named(name)
