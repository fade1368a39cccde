"""`python -m search query|map|explore|duplicates|suspects|outliers`: search a store, and look at what is in it."""

if __name__ == "__main__":
    # Before anything else is loaded.
    from storage import interrupts

    interrupts.end_at_once()

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from search.query_notes import query_notes
from search.results import QueryResult
from search.searcher import Searcher
from search.vector_file import read_vector
from search.where_option import where_of
from storage import Store, Where, console
from storage.console import MilvusOption, StoreOption
from storage.errors import require_extra
from storage.types.query import DEFAULT_K, SearchOptions

if TYPE_CHECKING:
    from search.curation.duplicates import Duplicates
    from search.curation.label_issues import LabelIssues
    from search.curation.outliers import Outliers
    from search.plans.label_plan import LabelReport
    from search.plans.report import ApplyReport, UndoReport
    from storage.files.output_file import OutputFile

ForceOption = Annotated[
    bool,
    typer.Option("--force", help="Replace the file of --figure even if it is no figure of Lookalike's, or of --plan."),
]

WhereOption = Annotated[
    list[str] | None,
    typer.Option(help="Only items with label=7, 'width>=640' and so on; repeat it for items that meet all."),
]

app = console.command_app("Find the stored images most like a given one.")


@app.command()
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
        int | None, typer.Option("-k", help="How many neighbours; by default 5, or all within --radius.")
    ] = None,
    radius: Annotated[float | None, typer.Option(help="Only items within this distance.")] = None,
    where: WhereOption = None,
    exclude: Annotated[list[int] | None, typer.Option(help="Exclude the item of this id; repeat it for more.")] = None,
    weights: Annotated[
        Path | None, typer.Option(help="With --image: the VGG16 weights the store was made with.")
    ] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the query and its neighbours to this file.")] = None,
    force: ForceOption = False,
    milvus: MilvusOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print the hits as JSON.")] = False,
) -> None:
    """Find the items nearest to an image, a vector or a stored item; a stored item is never its own hit."""
    if [image is not None, id is not None, key is not None, vector is not None, bool(like), random].count(True) != 1:
        raise typer.BadParameter("expected exactly one of --image, --id, --key, --vector, --like and --random")
    if unlike and not like:
        raise typer.BadParameter("expected --like beside --unlike: what to find more like")
    output = _figure_output(figure, force, image, vector, weights)
    options: SearchOptions = {"radius": radius, "where": where_of(where or []), "exclude": exclude or []}
    with _open(store, output, weights, milvus) as searcher:
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


def _figure_output(figure: Path | None, force: bool, *inputs: Path | None) -> "OutputFile | None":
    """Return the file of --figure if it is given; raise FigureUnusable, before any work is done."""
    if figure is None:
        return None
    # Imported here, as in all that draw: matplotlib takes a moment to load, and only figures need it.
    from search.figures.figure_file import figure_output

    return figure_output(figure, force=force, inputs=inputs)


@contextmanager
def _open(
    store: str, output: "OutputFile | None", weights: Path | None = None, milvus: str | None = None
) -> Iterator[Searcher]:
    """Open a store to search it; raise OutputRefused, before any search, if the figure may not be written there."""
    with Searcher.open(store, weights=weights, milvus=milvus) as searcher:
        if output is not None:
            output.require_replaceable(searcher.store)
        yield searcher


def _draw_neighbours(searcher: Searcher, result: QueryResult, output: "OutputFile") -> None:
    from search.figures import figure_file
    from search.figures.neighbours_figure import draw_neighbours

    ids = [hit.id for hit in result.hits] + ([result.item.id] if result.item else [])
    figure_file.save(draw_neighbours([result], searcher.store.thumbnails(ids)), output)


@app.command("map")
def draw_map(
    store: StoreOption,
    figure: Annotated[Path, typer.Option(help="Draw the map to this file, .png, .svg or .pdf.")],
    thumbnails: Annotated[bool, typer.Option("--thumbnails", help="Draw thumbnails instead of dots.")] = False,
    size: Annotated[
        int | None, typer.Option(help="With --thumbnails: their longer side in pixels; the map grows with it.")
    ] = None,
    names: Annotated[bool, typer.Option("--names", help="With --thumbnails: write file names below them.")] = False,
    where: WhereOption = None,
    force: ForceOption = False,
) -> None:
    """Draw a t-SNE map of the store, coloured by label."""
    if (size is not None or names) and not thumbnails:
        raise typer.BadParameter("expected --thumbnails beside --size and --names")
    from search.figures import figure_file
    from search.figures.map_figure import Pictures
    from search.figures.map_figure import draw_map as draw

    output = figure_file.figure_output(figure, force=force)
    pictures = Pictures(size, names) if thumbnails else None
    with _open(store, output) as searcher:
        figure_file.save(draw(searcher.store, pictures=pictures, where=where_of(where or [])), output)
    console.print_line(f"Drew {figure}")


@app.command()
def explore(
    store: StoreOption,
    out: Annotated[Path, typer.Option(help="The page to write, .html.")] = Path("explorer.html"),
    k: Annotated[int, typer.Option("--k", "-k", help="How many neighbours each item has on the page.")] = 10,
    where: WhereOption = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the file of --out even if it is no page of Lookalike's.")
    ] = False,
) -> None:
    """Write a page to look at a store: a map of all pictures with their neighbours, in one file for any browser."""
    from search.explorer.explore import page_output, write_page

    output = page_output(out, force=force)
    with _open(store, output) as searcher:
        page = write_page(searcher, output, k=k, where=where_of(where or []), where_texts=where or [])
    console.print_line(str(page))
    if open_page:
        import webbrowser

        webbrowser.open(out.resolve().as_uri())


def _radius_of(text: str) -> float | None:
    """Return the number of --radius, or None for `auto`."""
    if text == "auto":
        return None
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"expected --radius to be a number or auto, got {text!r}") from None


def _filters(between: tuple[str, str]) -> tuple[Where, Where]:
    """Return the filters of --between; an empty text is none."""
    first, second = (where_of([text]) for text in between)
    return first or {}, second or {}


@app.command()
def duplicates(
    store: StoreOption,
    radius: Annotated[
        str, typer.Option(help="Items within this distance, or auto: copies, by comparing the pictures.")
    ] = "auto",
    check: Annotated[bool, typer.Option("--check", help="With a --radius: compare the pictures too.")] = False,
    between: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="FILTER FILTER",
            help="Find leaks: items that fulfil the first, such as split=train, and are copies of some of the second.",
        ),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option(help="Which of a group to keep: largest, oldest, first or a pattern of keys; repeat it in order."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="With --radius auto: the VGG16 weights the store was made with.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="Draw the groups, the doubtful first, to this file and more of that name.")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="Write what to keep and remove to this CSV file, for `apply`.")
    ] = None,
    force: ForceOption = False,
    json: Annotated[bool, typer.Option("--json", help="Print the groups as JSON.")] = False,
) -> None:
    """Find copies of the same picture, and say which to keep; with --between, those that two parts share."""
    from search.curation.duplicates import find_duplicates
    from search.curation.leaks import find_leaks
    from search.plans.duplicate_plan import plan_of_duplicates
    from search.plans.plan_file import plan_output, write_plan

    limit = _radius_of(radius)
    if between and keep:
        raise typer.BadParameter("expected --keep without --between, which keeps the items of its second filter")
    output = _figure_output(figure, force, weights)
    plan_file = None if plan is None else plan_output(plan, force=force)
    with _open(store, output, weights) as searcher:
        if plan_file is not None:
            plan_file.require_replaceable(searcher.store)
        if between is None:
            groups = find_duplicates(searcher, limit, check=check, keep=keep or [], on_stage=console.print_message)
        else:
            groups = find_leaks(
                searcher,
                *_filters(between),
                limit,
                check=check,
                names=between,
                on_stage=console.print_message,
            )
        if plan_file is not None:
            write_plan(plan_of_duplicates(groups, searcher.store), plan_file)
        if output is not None:
            from search.figures import curation_figures, figure_file

            figure_file.save_pages(curation_figures.draw_duplicates(groups, searcher.store), output, searcher.store)
    _print(groups, json=json)


@app.command()
def suspects(
    store: StoreOption,
    k: Annotated[int, typer.Option("-k", help="How many neighbours vote.")] = 20,
    min_precision: Annotated[
        float, typer.Option(min=0, max=1, help="List no more issues than keep this expected precision; 0 lists all.")
    ] = 0.5,
    limit: Annotated[int | None, typer.Option(min=1, help="List at most so many issues, the clearest.")] = None,
    figure: Annotated[Path | None, typer.Option(help="Draw the clearest issues to this file.")] = None,
    plan: Annotated[Path | None, typer.Option(help="Write the issues to this CSV file, for `apply`.")] = None,
    force: ForceOption = False,
    json: Annotated[bool, typer.Option("--json", help="Print the label issues as JSON.")] = False,
) -> None:
    """Find label issues: items with another label than their neighbours, the largest margin first."""
    from search.curation.label_issues import find_label_issues
    from search.plans.label_plan import write_label_plan
    from search.plans.plan_file import plan_output

    output = _figure_output(figure, force)
    plan_file = None if plan is None else plan_output(plan, force=force)
    with _open(store, output) as searcher:
        if plan_file is not None:
            plan_file.require_replaceable(searcher.store)
        issues = find_label_issues(searcher, k).cut(min_precision, limit)
        if plan_file is not None:
            write_label_plan(issues, searcher.store, plan_file)
        if issues.trained_on_labels:
            console.print_message(
                "the vectors of this store were trained on its labels, which hides wrong ones and is no measurement: "
                "ingest into another store with --recipe auto"
            )
        if output is not None:
            from search.figures import curation_figures, figure_file

            figure_file.save(curation_figures.draw_label_issues(issues, searcher.store), output)
    _print(issues, json=json)


@app.command()
def outliers(
    store: StoreOption,
    k: Annotated[
        int, typer.Option("-k", help="Which neighbour's distance counts: a smaller group can be outliers.")
    ] = 20,
    min_score: Annotated[
        float, typer.Option(min=0, help="List only items that are at least so many times as far as usual.")
    ] = 0.0,
    limit: Annotated[int, typer.Option(min=1, help="List at most so many, the farthest.")] = 20,
    figure: Annotated[Path | None, typer.Option(help="Draw the farthest, with what is nearest, to this file.")] = None,
    plan: Annotated[Path | None, typer.Option(help="Write them to this CSV file, for `apply`.")] = None,
    force: ForceOption = False,
    json: Annotated[bool, typer.Option("--json", help="Print the outliers as JSON.")] = False,
) -> None:
    """Find outliers: items that are far from all others, the farthest first."""
    from search.curation.outliers import find_outliers
    from search.plans.outlier_plan import plan_of_outliers
    from search.plans.plan_file import plan_output, write_plan

    output = _figure_output(figure, force)
    plan_file = None if plan is None else plan_output(plan, force=force)
    with _open(store, output) as searcher:
        if plan_file is not None:
            plan_file.require_replaceable(searcher.store)
        found = find_outliers(searcher, k, min_score=min_score, limit=limit)
        if plan_file is not None:
            write_plan(plan_of_outliers(found, searcher.store), plan_file)
        if output is not None:
            from search.figures import curation_figures, figure_file

            figure_file.save(curation_figures.draw_outliers(found, searcher.store), output)
    _print(found, json=json)


@app.command("apply")
def apply_plan(
    plan: Annotated[
        Path | None, typer.Argument(help="A plan that --plan wrote; with --undo also none, for the last one applied.")
    ] = None,
    store: Annotated[
        str | None, typer.Option("--store", help="The store's folder, if it is not where the plan says.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without, only what would be done is shown.")] = False,
    trash: Annotated[
        bool, typer.Option("--trash", help="Move files to the trash, not to a folder beside their source.")
    ] = False,
    hard_links: Annotated[
        bool, typer.Option("--hard-links", help="Replace identical files by hard links to the one that is kept.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back what the plan did.")] = False,
    milvus: MilvusOption = None,
    json: Annotated[bool, typer.Option("--json", help="Print what becomes of each file as JSON.")] = False,
) -> None:
    """Do what a plan says with files and their items: nothing is deleted for good, and --undo takes it back."""
    from search.plans.apply import apply_plan as apply
    from search.plans.journal import How
    from search.plans.label_plan import is_label_plan, read_label_plan, relabel
    from search.plans.plan_file import read_plan
    from search.plans.undo import undo as take_back

    if plan is None and not (undo and store):
        raise typer.BadParameter("expected a plan, or --undo and --store")
    if trash + hard_links + undo > 1:
        raise typer.BadParameter("expected at most one of --trash, --hard-links and --undo")
    labels = read_label_plan(plan) if plan is not None and is_label_plan(plan) else None
    if labels is not None and (trash or hard_links):
        raise typer.BadParameter("expected a plan for files with --trash and --hard-links, got one for labels")
    checked = None if plan is None or labels is not None else read_plan(plan)
    location = store or (labels.store if labels else checked.store if checked else "")
    with Store.open(location, writing=yes, milvus=milvus) as opened:
        report: ApplyReport | UndoReport | LabelReport
        if labels is not None:
            report = relabel(labels, opened, undo=undo, dry_run=not yes)
        elif undo:
            report = take_back(opened, checked, dry_run=not yes)
        elif checked is not None:
            how = How.TRASH if trash else How.LINK if hard_links else How.MOVE
            report = apply(checked, opened, how, dry_run=not yes)
    if json:
        console.print_json(report.as_json())
    else:
        if report.table().row_count:
            console.OUT.print(report.table())
        console.print_line(report.summary())
    if report.problems:
        raise typer.Exit(console.EXIT_SOME_REJECTED)


@app.command()
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


def _print(findings: "Duplicates | LabelIssues | Outliers", *, json: bool) -> None:
    if json:
        console.print_json(findings.as_json())
    else:
        console.print_line(findings.summary())
        table = findings.table()
        if table.row_count:
            console.OUT.print(table)


if __name__ == "__main__":
    console.run(app, "python -m search")
