"""Options of several commands, and what these share: opening a store, writing figures, printing what was found."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search.errors import NothingToDraw
from search.searcher import Searcher
from storage import console
from storage.errors import InvalidQuery
from storage.types.items import checked_radius

if TYPE_CHECKING:
    from search.curation.duplicates import Duplicates
    from search.curation.label_issues import LabelIssues
    from search.curation.outliers import Outliers
    from storage.files.output_file import OutputFile

FigureForceOption = Annotated[
    bool, typer.Option("--force", help="Replace the file of --figure even if it is no figure of Lookalike's.")
]

ForceOption = Annotated[
    bool,
    typer.Option(
        "--force", help="Replace the file of --figure even if it is no figure of Lookalike's, and that of --plan."
    ),
]

WhereOption = Annotated[
    list[str] | None,
    typer.Option(help="Only items with label=7, 'width>=640' and so on; repeat it for items that meet all."),
]


def checked_radius_option(radius: float | None) -> float | None:
    """Return the number of --radius; raise BadParameter unless it is finite and at least 0."""
    try:
        return None if radius is None else checked_radius(radius)
    except InvalidQuery as error:
        raise typer.BadParameter(str(error)) from None


def figure_file_of(figure: Path | None, force: bool, *inputs: Path | None) -> "OutputFile | None":
    """Return the file of --figure if it is given; raise FigureUnusable, before any work is done."""
    if figure is None:
        return None
    # Imported here, as in all that draw: matplotlib takes a moment to load, and only figures need it.
    from search.figures.figure_file import figure_output

    return figure_output(figure, force=force, inputs=inputs)


def plan_file_of(plan: Path | None, force: bool) -> "OutputFile | None":
    """Return the file of --plan if it is given; one that is there is replaced only with `force`."""
    if plan is None:
        return None
    from search.plans.plan_file import plan_output

    return plan_output(plan, force=force)


@contextmanager
def opened(
    store: str, *outputs: "OutputFile | None", weights: Path | None = None, milvus: str | None = None
) -> Iterator[Searcher]:
    """Open a store to search it; raise OutputRefused, before any search, if a file may not be written where it is."""
    with Searcher.open(store, weights=weights, milvus=milvus) as searcher:
        for output in outputs:
            if output is not None:
                output.require_replaceable(searcher.store)
        yield searcher


@contextmanager
def drawing() -> Iterator[None]:
    """Draw what was found in a block; that it is nothing is said, and no failure."""
    try:
        yield
    except NothingToDraw as nothing:
        console.print_message(f"drew no figure: {nothing}")


def print_found(findings: "Duplicates | LabelIssues | Outliers", *, json: bool) -> None:
    """Print what was found as JSON, or as a line and a table."""
    if json:
        console.print_json(findings.as_json())
    else:
        console.print_line(findings.summary())
        table = findings.table()
        if table.row_count:
            console.OUT.print(table)
