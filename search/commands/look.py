"""Look at a whole store: as a map, as a page, or from a browser and programs over HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from search.commands.options import FigureForceOption, WhereOption, opened
from search.where_option import where_of
from storage import console
from storage.console import MilvusOption, StoreOption
from storage.errors import require_extra


def draw_map(
    store: StoreOption,
    figure: Annotated[Path, typer.Option(help="Draw the map to this file, .png, .svg or .pdf.")],
    thumbnails: Annotated[bool, typer.Option("--thumbnails", help="Draw thumbnails instead of dots.")] = False,
    size: Annotated[
        int | None, typer.Option(help="With --thumbnails: their longer side in pixels; the map grows with it.")
    ] = None,
    names: Annotated[bool, typer.Option("--names", help="With --thumbnails: write file names below them.")] = False,
    where: WhereOption = None,
    force: FigureForceOption = False,
) -> None:
    """Draw a t-SNE map of the store, coloured by label."""
    if (size is not None or names) and not thumbnails:
        raise typer.BadParameter("expected --thumbnails beside --size and --names")
    from search.figures import figure_file
    from search.figures.map_figure import Pictures
    from search.figures.map_figure import draw_map as draw

    output = figure_file.figure_output(figure, force=force)
    pictures = Pictures(size, names) if thumbnails else None
    with opened(store, output) as searcher, console.shown_stages() as on_stage:
        on_stage("placing items on the map")
        figure_file.save(draw(searcher.store, pictures=pictures, where=where_of(where or [])), output)
    console.print_line(f"Drew {figure}")


def explore(
    store: StoreOption,
    out: Annotated[Path, typer.Option(help="The page to write, .html.")] = Path("explorer.html"),
    k: Annotated[int, typer.Option("-k", "--k", min=1, help="How many neighbours each item has on the page.")] = 10,
    where: WhereOption = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file of --out even if it is no page of Lookalike's.")
    ] = False,
) -> None:
    """Write a page to look at a store: a map of all pictures with their neighbours, in one file for any browser."""
    from search.explorer.explore import PageOptions, page_output, write_page

    output = page_output(out, force=force)
    options = PageOptions(k, where_of(where or []), where or [])
    with opened(store, output) as searcher, console.shown_stages() as on_stage:
        page = write_page(searcher, output, options, on_stage)
    console.print_line(str(page))
    if open_page:
        import webbrowser

        webbrowser.open(out.resolve().as_uri())


def serve(
    store: StoreOption,
    host: Annotated[
        str, typer.Option(help="The address to serve; others than this machine's need an API key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any that is free.")] = 8765,
    allow_host: Annotated[
        list[str] | None, typer.Option(help="A name that the service is reached by; repeat it for more.")
    ] = None,
    api_key_file: Annotated[
        Path | None, typer.Option(help="The file of the API key; otherwise LOOKALIKE_API_KEY, if it is set.")
    ] = None,
    originals: Annotated[
        bool, typer.Option("--originals", help="Give out the files of items too, as long as they are as embedded.")
    ] = False,
    no_explorer: Annotated[
        bool, typer.Option("--no-explorer", help="Serve no page, whose map takes a processor for minutes.")
    ] = False,
    refresh: Annotated[float, typer.Option(min=0.1, help="Seconds between looks for newer batches.")] = 5.0,
    weights: Annotated[Path | None, typer.Option(help="The VGG16 weights the store was made with.")] = None,
    milvus: MilvusOption = None,
) -> None:
    """Answer searches over HTTP, read-only, from this machine alone unless told otherwise."""
    require_extra("fastapi", "serve")
    # Imported here: only this command needs a server.
    from search.service import serve as service

    api_key = service.read_api_key(api_key_file)
    options = service.ServiceOptions(
        store, host, port, tuple(allow_host or ()), api_key, refresh, originals, not no_explorer, weights, milvus
    )
    service.serve(options, lambda address: console.print_line(f"Serving {store} at {address}"))
