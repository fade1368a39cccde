"""`python -m storage`: inspect, verify, repair and copy stores, and export, import and delete items."""

if __name__ == "__main__":
    # Before anything else is loaded.
    from storage import interrupts

    interrupts.end_at_once()

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from storage import console
from storage.console import MilvusOption, StoreOption, counted, display_name
from storage.errors import LookalikeError
from storage.nearest.faiss_flat import FAISS_VERSION
from storage.store import Store
from storage.transfer import migration
from storage.transfer.comparison import compare
from storage.transfer.export_corrections import export_corrections
from storage.transfer.import_export import export_store, import_file

app = console.command_app("Inspect, verify, repair and copy stores, and export, import and delete items.")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def info(store: StoreOption, json: JsonOption = False) -> None:
    """Show what a store holds and how its vectors were computed."""
    with Store.open(store) as opened:
        report = opened.info()
    if json:
        console.print_json(report.as_json())
        return
    embedding = report.embedding
    labels = [
        f"{'(none)' if label is None else console.printable(label)}: {count:,}"
        for label, count in report.labels.items()
    ]
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("items", f"{report.items:,}, in {report.batches:,} batches; {report.deleted:,} deleted")
    table.add_row("dimensions", str(embedding.dim))
    table.add_row("recipe", embedding.name)
    table.add_row("fingerprint", embedding.fingerprint)
    for name in ("weights", "decoder", "precision", "fitted_on"):
        value = embedding.spec.get(name)
        if value is not None:
            table.add_row(name.replace("_", " "), str(value.get("origin") if isinstance(value, dict) else value))
    table.add_row("labels", ", ".join(labels))
    for name, count in report.sources.items():
        table.add_row("source", f"{console.printable(name)}: {count:,}")
    table.add_row("catalog", f"{report.catalog_bytes / 2**20:,.1f} MiB, format {report.format}")
    for file in report.generations:
        state = "missing" if not file.bytes else "covers everything" if file.covers_all else f"up to batch {file.batch}"
        table.add_row("index", f"{file.bytes / 2**20:,.1f} MiB, {file.items:,} items, {state}: {file.file}")
    table.add_row("batches by", report.batch_engine)
    table.add_row("made with", f"{report.made_with}, FAISS {FAISS_VERSION}")
    console.OUT.print(table)


@app.command()
def verify(store: StoreOption, milvus: MilvusOption = None, json: JsonOption = False) -> None:
    """Check every row against its checksum, the batches against the rows, and the index against both."""
    with Store.open(store, milvus=milvus) as opened:
        items = len(opened)
        problems = opened.verify()
    if json:
        console.print_json({"ok": not problems, "items": items, "problems": problems})
    elif not problems:
        console.print_line(f"{display_name(store)} is intact: {items:,} items")
    for problem in [] if json else problems:
        console.print_message(problem)
    if problems:
        raise typer.Exit(console.EXIT_FAILED)


@app.command()
def repair(store: StoreOption, milvus: MilvusOption = None, json: JsonOption = False) -> None:
    """Rebuild from the rows what is derived from them, and move damaged items to quarantine."""
    with Store.open(store, writing=True, milvus=milvus) as opened:
        done = opened.repair()
        items = len(opened)
    if json:
        console.print_json({"items": items, "done": done})
        return
    for line in done:
        console.print_line(line)
    console.print_line(f"{display_name(store)} is intact: {items:,} items")


@app.command()
def delete(
    store: StoreOption,
    id: Annotated[list[int] | None, typer.Option("--id", help="Delete the item of this id; may be repeated.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="Delete the item of this key; may be repeated.")] = None,
    compact: Annotated[bool, typer.Option("--compact", help="Reclaim the space of all deleted items.")] = False,
    milvus: MilvusOption = None,
) -> None:
    """Delete items, all of those named or none; their ids are never reused."""
    if not (id or key or compact):
        raise typer.BadParameter("expected at least one of --id, --key and --compact")
    with Store.open(store, writing=True, milvus=milvus) as opened:
        deleted = opened.delete(ids=id or (), keys=key or ())
        if compact:
            _compact(opened, deleted)
        items = len(opened)
    console.print_line(f"{deleted:,} deleted; {display_name(store)} holds {counted(items, 'item')}")


def _compact(store: Store, deleted: int) -> None:
    """Compact a store; raise what its `compact` raises, saying that the deletion before it is kept."""
    try:
        store.compact()
    except LookalikeError as error:
        if not deleted:
            raise
        items = "1 item stays" if deleted == 1 else f"{deleted:,} items stay"
        raise type(error)(f"{error} (the {items} deleted: then leave --id and --key out)") from error


@app.command()
def relabel(
    store: StoreOption,
    key: Annotated[str, typer.Option(help="The key of the item.")],
    label: Annotated[str, typer.Option(help="The label that it is to have.")],
    milvus: MilvusOption = None,
) -> None:
    """Correct an item's label; jobs leave it so as long as the source says what it says now."""
    with Store.open(store, writing=True, milvus=milvus) as opened:
        changed = opened.relabel({key: label})
        corrections = len(opened.corrections().by_item)
    console.print_line(f"{changed:,} relabelled; {display_name(store)} has {counted(corrections, 'correction')}")


@app.command()
def corrections(
    file: Annotated[Path, typer.Argument(help="The .csv file to write.")],
    store: StoreOption,
    force: Annotated[bool, typer.Option("--force", help="Replace FILE.")] = False,
) -> None:
    """Write the corrected labels as CSV, to correct the source by."""
    with Store.open(store) as opened:
        written = export_corrections(opened, file, force=force)
    console.print_line(f"Wrote {counted(written, 'correction')} to {display_name(file)}")


@app.command()
def backup(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")], store: StoreOption) -> None:
    """Copy a store to a new folder, as it was after a complete batch; also while an ingest runs."""
    with Store.open(store) as opened:
        opened.backup(folder)
    with Store.open(folder) as copy:
        console.print_line(f"{display_name(folder)} holds {counted(len(copy), 'item')}")


@app.command("export")
def export_items(
    file: Annotated[Path, typer.Argument(help="A .parquet, .npz or .faiss file.")],
    store: StoreOption,
    force: Annotated[
        bool, typer.Option("--force", help="Replace FILE even if it is no export of Lookalike's, or a .faiss file.")
    ] = False,
) -> None:
    """Write every item's id, key, label, metadata and vector to a file; .faiss has the vectors only."""
    with Store.open(store) as opened:
        written = export_store(opened, file, force=force)
    console.print_line(f"Wrote {counted(written, 'item')} to {display_name(file)}")


@app.command("import")
def import_items(
    file: Annotated[Path, typer.Argument(help="A .parquet or .npz file with key and vector.")],
    store: StoreOption,
    model: Annotated[
        str, typer.Option(help="The model that computed the vectors; those of two models are never mixed.")
    ],
    milvus: MilvusOption = None,
) -> None:
    """Add items with precomputed vectors to a store, created if there is none; they get new ids."""
    report = import_file(file, store, model, milvus=milvus)
    console.print_line(
        f"{report.added:,} added, {report.replaced:,} replaced, {report.unchanged:,} unchanged; see "
        f"{display_name(store)}"
    )


@app.command()
def migrate(
    source: Annotated[str, typer.Option("--from", help="The store to copy: its folder or URL.")],
    target: Annotated[str, typer.Option("--to", help="Where the copy is created or resumed: a folder or URL.")],
    from_milvus: Annotated[str | None, typer.Option(help="The Milvus server of the store to copy.")] = None,
    to_milvus: Annotated[str | None, typer.Option(help="The Milvus server of the copy.")] = None,
) -> None:
    """Copy a store to another location as it is, with the same ids and history; run it again to resume."""
    migrated = migration.migrate(source, target, source_milvus=from_milvus, target_milvus=to_milvus)
    console.print_line(
        f"{migrated.copied:,} batches copied; {display_name(target)} holds {counted(migrated.items, 'item')} in "
        f"{migrated.batches:,} batches"
    )


@app.command("compare")
def compare_stores(
    one: Annotated[str, typer.Argument(help="A store's folder or URL.")],
    other: Annotated[str, typer.Argument(help="The other store's folder or URL.")],
    milvus: Annotated[str | None, typer.Option(help="The Milvus server of the first store.")] = None,
    other_milvus: Annotated[str | None, typer.Option(help="The Milvus server of the other store.")] = None,
    queries: Annotated[int, typer.Option(min=1, help="The number of queries of each kind.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the random queries.")] = 0,
    json: JsonOption = False,
) -> None:
    """Compare what two stores hold and answer: every item, and queries that are plain, filtered and within a radius."""
    with Store.open(one, milvus=milvus) as left, Store.open(other, milvus=other_milvus) as right:
        comparison = compare(left, right, queries=queries, seed=seed)
    if json:
        console.print_json({"same": comparison.same, **asdict(comparison)})
    elif comparison.same:
        console.print_line(
            f"the same: {comparison.items:,} items, and the answers to {comparison.queries:,} queries each plain, "
            "filtered and within a radius"
        )
    else:
        counts = ", ".join(f"{count:,} {kind}" for kind, count in comparison.differences.items() if count)
        console.print_message(f"different: {counts}; the first is {comparison.first_difference}")
    if not comparison.same:
        raise typer.Exit(console.EXIT_FAILED)


if __name__ == "__main__":
    console.run(app, "python -m storage")
