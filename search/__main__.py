"""`python -m search query|map`: ask a store what is like something, and draw it."""

from pathlib import Path
from typing import Annotated

import typer

from search.results import QueryResult
from search.searcher import Searcher
from storage import console

app = console.command_app("Find the stored images most like a given one.")

StoreOption = Annotated[Path, typer.Option("--store", help="The store's folder.")]


@app.command()
def query(
    store: StoreOption,
    image: Annotated[Path | None, typer.Option(help="Ask with this image file.")] = None,
    id: Annotated[int | None, typer.Option("--id", help="Ask with the stored item of this id.")] = None,
    key: Annotated[str | None, typer.Option(help="Ask with the stored item of this key.")] = None,
    random: Annotated[bool, typer.Option("--random", help="Ask with a stored item drawn at random.")] = False,
    seed: Annotated[int | None, typer.Option(help="With --random: draw the same item each time.")] = None,
    k: Annotated[int, typer.Option("-k", help="How many neighbours.")] = 5,
    weights: Annotated[
        Path | None, typer.Option(help="With --image: the VGG16 weights the store was made with.")
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the query and its neighbours to this file.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Find the k items nearest to an image, or to a stored item, which is left out of its own answer."""
    if [image is not None, id is not None, key is not None, random].count(True) != 1:
        raise typer.BadParameter("expected exactly one of --image, --id, --key and --random")
    if figure is not None:
        # Imported here: matplotlib takes a moment to load, and only a figure needs it.
        from search import figures

        figures.require_writable(figure)
    with Searcher.open(store, weights=weights) as searcher:
        if image is not None:
            result = searcher.by_image(image, k)
        elif id is not None:
            result = searcher.by_id(id, k)
        elif key is not None:
            result = searcher.by_key(key, k)
        else:
            result = searcher.by_random(k, seed)
        if figure is not None:
            _draw(searcher, result, figure)
    if json:
        console.print_json({"k": k, **result.as_json()})
    else:
        console.OUT.print(result.table())


def _draw(searcher: Searcher, result: QueryResult, path: Path) -> None:
    from search import figures
    from search.neighbours_figure import draw_neighbours

    shown = [hit.id for hit in result.hits] + ([result.item.id] if result.item else [])
    figures.save(draw_neighbours([result], searcher.store.thumbnails(shown)), path)


@app.command("map")
def draw_map(
    store: StoreOption, figure: Annotated[Path, typer.Option(help="Draw the map to this file, .png, .svg or .pdf.")]
) -> None:
    """Draw a t-SNE map of the store, coloured by label."""
    from search import figures
    from search.map_figure import draw_map as draw

    figures.require_writable(figure)
    with Searcher.open(store) as searcher:
        figures.save(draw(searcher.store), figure)
    console.OUT.print(f"Drew {figure}", soft_wrap=True)


if __name__ == "__main__":
    console.run(app, "python -m search")
