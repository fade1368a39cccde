"""Find what is most like an image, a vector or a stored item."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search.commands.options import (
    FigureForceOption,
    WhereOption,
    checked_radius_option,
    drawing,
    figure_file_of,
    opened,
)
from search.query_notes import query_notes
from search.results import QueryResult
from search.searcher import Searcher
from search.vector_file import read_vector
from search.where_option import where_of
from storage import console
from storage.console import MilvusOption, StoreOption
from storage.types.query import DEFAULT_K, SearchOptions

if TYPE_CHECKING:
    from storage.files.output_file import OutputFile


def query(
    store: StoreOption,
    image: Annotated[Path | None, typer.Option(help="Query with this image file.")] = None,
    id: Annotated[int | None, typer.Option("--id", help="Query with the stored item of this id.")] = None,
    key: Annotated[str | None, typer.Option(help="Query with the stored item of this key.")] = None,
    vector: Annotated[Path | None, typer.Option(help="Query with the vector in this .npy file.")] = None,
    like: Annotated[
        list[int] | None, typer.Option(help="Query with the stored items of these ids together; repeat it for more.")
    ] = None,
    unlike: Annotated[
        list[int] | None, typer.Option(help="With --like: away from the item of this id; repeat it for more.")
    ] = None,
    random: Annotated[bool, typer.Option("--random", help="Query with a random stored item.")] = False,
    seed: Annotated[
        int | None, typer.Option(min=0, help="With --random: the seed, for the same item each time.")
    ] = None,
    k: Annotated[
        int | None, typer.Option("-k", min=1, help="How many neighbours; by default 5, or all within --radius.")
    ] = None,
    radius: Annotated[
        float | None, typer.Option(callback=checked_radius_option, help="Only items within this distance.")
    ] = None,
    where: WhereOption = None,
    exclude: Annotated[list[int] | None, typer.Option(help="Exclude the item of this id; repeat it for more.")] = None,
    weights: Annotated[
        Path | None, typer.Option(help="With --image: the VGG16 weights the store was made with.")
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the query and its neighbours to this file.")] = None,
    force: FigureForceOption = False,
    milvus: MilvusOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print the hits as JSON.")] = False,
) -> None:
    """Find the items nearest to an image, a vector or a stored item; a stored item is never its own hit."""
    if [image is not None, id is not None, key is not None, vector is not None, bool(like), random].count(True) != 1:
        raise typer.BadParameter("expected exactly one of --image, --id, --key, --vector, --like and --random")
    if unlike and not like:
        raise typer.BadParameter("expected --like beside --unlike: what to find more like")
    output = figure_file_of(figure, force, image, vector, weights)
    options: SearchOptions = {"radius": radius, "where": where_of(where or []), "exclude": exclude or []}
    with opened(store, output, weights=weights, milvus=milvus) as searcher:
        if image is not None:
            result = searcher.by_image(image, k, **options)
        elif vector is not None:
            result = searcher.by_vector(read_vector(vector), k, **options)
        elif id is not None:
            result = searcher.by_id(id, k, **options)
        elif key is not None:
            result = searcher.by_key(key, k, **options)
        elif like:
            result = searcher.by_examples(like, unlike or [], k, **options)
        else:
            result = searcher.by_random(k, seed, **options)
        if output is not None:
            _draw_neighbours(searcher, result, output)
        _print_notes(searcher, options, result)
    if json:
        fields = {"k": DEFAULT_K if k is None and radius is None else k, "radius": radius, "drift": searcher.drift}
        console.print_json({name: value for name, value in fields.items() if value is not None} | result.as_json())
    else:
        console.OUT.print(result.table())


def _print_notes(searcher: Searcher, options: SearchOptions, result: QueryResult) -> None:
    """Print on standard error why an answer is empty, and how far this machine's vectors lie from the store's."""
    for note in query_notes(searcher.store, options, result.hits):
        console.print_message(note)
    if result.image is not None:
        # Imported here: OpenCV takes a moment to load, and only images are embedded on this machine.
        from ingest.embedding.embedder import drift_message

        if message := drift_message(searcher.drift):
            console.print_message(message)


def _draw_neighbours(searcher: Searcher, result: QueryResult, output: "OutputFile") -> None:
    from search.figures import figure_file
    from search.figures.neighbours_figure import draw_neighbours

    ids = [hit.id for hit in result.hits] + ([result.item.id] if result.item else [])
    with drawing():
        figure_file.save(draw_neighbours([result], searcher.store.thumbnails(ids)), output)
