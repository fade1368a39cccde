"""`python -m search query|map|duplicates|suspects`: ask a store what is like something, and draw it."""

from pathlib import Path
from typing import Annotated

import typer

from search.question import K
from search.results import QueryResult
from search.searcher import Searcher
from search.vector_file import read_vector
from search.where_option import where_of
from storage import console
from storage.console import MilvusOption, StoreOption

app = console.command_app("Find the stored images most like a given one.")


@app.command()
def query(
    store: StoreOption,
    image: Annotated[Path | None, typer.Option(help="Ask with this image file.")] = None,
    id: Annotated[int | None, typer.Option("--id", help="Ask with the stored item of this id.")] = None,
    key: Annotated[str | None, typer.Option(help="Ask with the stored item of this key.")] = None,
    vector: Annotated[Path | None, typer.Option(help="Ask with the vector in this .npy file.")] = None,
    random: Annotated[bool, typer.Option("--random", help="Ask with a stored item drawn at random.")] = False,
    seed: Annotated[int | None, typer.Option(help="With --random: draw the same item each time.")] = None,
    k: Annotated[int | None, typer.Option("-k", help="How many neighbours; 5 unless --radius is given.")] = None,
    radius: Annotated[float | None, typer.Option(help="Only items at most so far away.")] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="Only items with label=7, 'width>=640' and so on; all of several.")
    ] = None,
    exclude: Annotated[list[int] | None, typer.Option(help="Leave out the item of this id.")] = None,
    weights: Annotated[
        Path | None, typer.Option(help="With --image: the VGG16 weights the store was made with.")
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the query and its neighbours to this file.")] = None,
    milvus: MilvusOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Find the items nearest to an image, a vector, or a stored item, which is left out of its own answer."""
    if [image is not None, id is not None, key is not None, vector is not None, random].count(True) != 1:
        raise typer.BadParameter("expected exactly one of --image, --id, --key, --vector and --random")
    if figure is not None:
        # Imported here: matplotlib takes a moment to load, and only a figure needs it.
        from search.figures import figure_file

        figure_file.require_writable(figure)
    chosen, left_out = where_of(where or []), exclude or []
    with Searcher.open(store, weights=weights, milvus=milvus) as searcher:
        if image is not None:
            result = searcher.by_image(image, k, radius=radius, where=chosen, exclude=left_out)
        elif vector is not None:
            answer = searcher.by_vector(read_vector(vector), k, radius=radius, where=chosen, exclude=left_out)
            result = answer if isinstance(answer, QueryResult) else answer[0]
        elif id is not None:
            result = searcher.by_id(id, k, radius=radius, where=chosen, exclude=left_out)
        elif key is not None:
            result = searcher.by_key(key, k, radius=radius, where=chosen, exclude=left_out)
        else:
            result = searcher.by_random(k, seed, radius=radius, where=chosen, exclude=left_out)
        if figure is not None:
            _draw(searcher, result, figure)
    if image is not None:
        # Imported here: OpenCV takes a moment to load, and only an image is embedded.
        from ingest.embedding.embedder import drift_message

        if drift := drift_message(searcher.drift):
            console.say(drift)
    if json:
        # Only an image is embedded; what is stored has drifted nowhere.
        drifted = searcher.drift if image is not None else None
        wanted = {"k": K if k is None and radius is None else k, "radius": radius, "drift": drifted}
        console.print_json({name: value for name, value in wanted.items() if value is not None} | result.as_json())
    else:
        console.OUT.print(result.table())


def _draw(searcher: Searcher, result: QueryResult, path: Path) -> None:
    from search.figures import figure_file
    from search.figures.neighbours_figure import draw_neighbours

    shown = [hit.id for hit in result.hits] + ([result.item.id] if result.item else [])
    figure_file.save(draw_neighbours([result], searcher.store.thumbnails(shown)), path)


@app.command("map")
def draw_map(
    store: StoreOption,
    figure: Annotated[Path, typer.Option(help="Draw the map to this file, .png, .svg or .pdf.")],
    thumbnails: Annotated[bool, typer.Option("--thumbnails", help="Draw the items' pictures, not dots.")] = False,
) -> None:
    """Draw a t-SNE map of the store, coloured by label."""
    from search.figures import figure_file
    from search.figures.map_figure import draw_map as draw

    figure_file.require_writable(figure)
    with Searcher.open(store) as searcher:
        figure_file.save(draw(searcher.store, thumbnails=thumbnails), figure)
    console.OUT.print(f"Drew {figure}", soft_wrap=True)


def _radius_of(text: str) -> float | None:
    """Return the number that --radius gives, or None for `auto`."""
    if text == "auto":
        return None
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"expected --radius to be a number or auto, got {text!r}") from None


@app.command()
def duplicates(
    store: StoreOption,
    radius: Annotated[
        str, typer.Option(help="How far apart duplicates may lie, or auto: as far as copies do.")
    ] = "auto",
    weights: Annotated[
        Path | None, typer.Option(help="With --radius auto: the VGG16 weights the store was made with.")
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the largest groups to this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the groups as JSON.")] = False,
) -> None:
    """Find groups of items that are nearly the same picture."""
    from search.curation.duplicates import duplicates_of

    wanted = _radius_of(radius)
    if figure is not None:
        from search.figures import figure_file

        figure_file.require_writable(figure)
    with Searcher.open(store, weights=weights) as searcher:
        found = duplicates_of(searcher, wanted)
        if figure is not None:
            from search.figures.curation_figures import draw_duplicates

            figure_file.save(draw_duplicates(found, searcher.store), figure)
    if json:
        console.print_json(found.as_json())
    else:
        console.OUT.print(found.summary(), soft_wrap=True)
        console.OUT.print(found.table())


@app.command()
def suspects(
    store: StoreOption,
    k: Annotated[int, typer.Option("-k", help="How many neighbours vote.")] = 10,
    figure: Annotated[Path | None, typer.Option(help="Draw the surest suspects to this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the suspects as JSON.")] = False,
) -> None:
    """Find items whose label is not what their neighbours say, the surest first."""
    from search.curation.label_issues import suspects_of

    if figure is not None:
        from search.figures import figure_file

        figure_file.require_writable(figure)
    with Searcher.open(store) as searcher:
        found = suspects_of(searcher, k)
        if figure is not None:
            from search.figures.curation_figures import draw_suspects

            figure_file.save(draw_suspects(found, searcher.store), figure)
    if json:
        console.print_json(found.as_json())
    else:
        console.OUT.print(found.summary(), soft_wrap=True)
        console.OUT.print(found.table())


if __name__ == "__main__":
    console.run(app, "python -m search")
