"""`python -m storage`: see what a store holds, prove it whole, mend it, copy it, and move items in and out."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from storage import console
from storage.console import MilvusOption, StoreOption, display_name
from storage.store import Store
from storage.transfer.comparison import compare
from storage.transfer.import_export import export_store, import_file
from storage.transfer.migration import migrate as copy_store

app = console.command_app("See what a store holds, prove it whole, mend it, copy it, and move items in and out.")

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def info(store: StoreOption, json: JsonOption = False) -> None:
    """Show what a store holds and how its vectors were made."""
    with Store.open(store) as opened:
        described = opened.info()
    if json:
        console.print_json(described.as_json())
        return
    embedding = described.embedding
    labels = [
        f"{'(none)' if label is None else console.printable(label)}: {count:,}"
        for label, count in described.labels.items()
    ]
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("items", f"{described.items:,}, in {described.batches:,} batches; {described.deleted:,} deleted")
    table.add_row("dimensions", str(embedding.dim))
    table.add_row("recipe", embedding.name)
    table.add_row("fingerprint", embedding.fingerprint)
    for name in ("weights", "decoder", "precision", "fitted_on"):
        value = embedding.spec.get(name)
        if value is not None:
            table.add_row(name.replace("_", " "), str(value.get("origin") if isinstance(value, dict) else value))
    table.add_row("labels", ", ".join(labels))
    table.add_row("catalog", f"{described.catalog_bytes / 2**20:,.1f} MiB, format {described.format}")
    for file in described.generations:
        state = "missing" if not file.bytes else "covers everything" if file.covers_all else f"up to batch {file.batch}"
        table.add_row("index", f"{file.bytes / 2**20:,.1f} MiB, {file.items:,} items, {state}: {file.file}")
    table.add_row("made with", f"{described.made_with}, FAISS {described.faiss}")
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
        console.OUT.print(f"{display_name(store)} is whole: {items:,} items", soft_wrap=True)
    for problem in [] if json else problems:
        console.print_message(problem)
    if problems:
        raise typer.Exit(console.EXIT_FAILED)


@app.command()
def repair(store: StoreOption, milvus: MilvusOption = None, json: JsonOption = False) -> None:
    """Make again from the rows what is derived from them, and set damaged items aside, by name."""
    with Store.open(store, writing=True, milvus=milvus) as opened:
        done = opened.repair()
        items = len(opened)
    if json:
        console.print_json({"items": items, "done": done})
        return
    for line in done:
        console.OUT.print(line, soft_wrap=True)
    console.OUT.print(f"{display_name(store)} is whole: {items:,} items", soft_wrap=True)


@app.command()
def delete(
    store: StoreOption,
    id: Annotated[list[int] | None, typer.Option("--id", help="Delete the item of this id; may be repeated.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="Delete the item of this key; may be repeated.")] = None,
    compact: Annotated[bool, typer.Option("--compact", help="Give back the space of all deleted items.")] = False,
    milvus: MilvusOption = None,
) -> None:
    """Delete items, all of those named or none; their ids are never given out again."""
    if not (id or key or compact):
        raise typer.BadParameter("expected at least one of --id, --key and --compact")
    with Store.open(store, writing=True, milvus=milvus) as opened:
        deleted = opened.delete(ids=id or (), keys=key or ())
        if compact:
            opened.compact()
        items = len(opened)
    console.OUT.print(f"{deleted:,} deleted; {display_name(store)} holds {items:,} items", soft_wrap=True)


@app.command()
def backup(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")], store: StoreOption) -> None:
    """Copy a store to a new folder, as it is after some whole batch; an ingest may go on meanwhile."""
    with Store.open(store) as opened:
        opened.backup(folder)
    with Store.open(folder) as copy:
        console.OUT.print(f"{display_name(folder)} holds {len(copy):,} items", soft_wrap=True)


@app.command("export")
def export_items(
    file: Annotated[Path, typer.Argument(help="A .parquet, .npz or .faiss file.")], store: StoreOption
) -> None:
    """Write every item's id, key, label, metadata and vector to a file; .faiss has the vectors only."""
    with Store.open(store) as opened:
        written = export_store(opened, file)
    console.OUT.print(f"Wrote {written:,} items to {display_name(file)}", soft_wrap=True)


@app.command("import")
def import_items(
    file: Annotated[Path, typer.Argument(help="A .parquet or .npz file with key and vector.")],
    store: StoreOption,
    model: Annotated[str, typer.Option(help="What made the vectors; those of two models are never mixed.")],
    milvus: MilvusOption = None,
) -> None:
    """Add items with precomputed vectors to a store, made if there is none; ids are given anew."""
    added, replaced, unchanged = import_file(file, store, model, milvus=milvus)
    console.OUT.print(
        f"{added:,} added, {replaced:,} replaced, {unchanged:,} unchanged; see {display_name(store)}",
        soft_wrap=True,
    )


@app.command()
def migrate(
    source: Annotated[str, typer.Option("--from", help="The store to copy: its folder or URL.")],
    target: Annotated[str, typer.Option("--to", help="Where the copy is made, or goes on: a folder or URL.")],
    from_milvus: Annotated[str | None, typer.Option(help="The Milvus server of the store to copy.")] = None,
    to_milvus: Annotated[str | None, typer.Option(help="The Milvus server of the copy.")] = None,
) -> None:
    """Copy a store to another place as it is, with the same ids and history; run it again to go on."""
    migrated = copy_store(source, target, source_milvus=from_milvus, target_milvus=to_milvus)
    console.OUT.print(
        f"{migrated.copied:,} batches copied; {display_name(target)} holds {migrated.items:,} items in "
        f"{migrated.batches:,} batches",
        soft_wrap=True,
    )


@app.command("compare")
def compare_stores(
    one: Annotated[str, typer.Argument(help="A store's folder or URL.")],
    other: Annotated[str, typer.Argument(help="Another's.")],
    milvus: Annotated[str | None, typer.Option(help="The Milvus server of the first.")] = None,
    other_milvus: Annotated[str | None, typer.Option(help="The Milvus server of the other.")] = None,
    queries: Annotated[int, typer.Option(min=1, help="How many queries of each kind.")] = 1000,
    seed: Annotated[int, typer.Option(min=0, help="Draws the queries.")] = 0,
    json: JsonOption = False,
) -> None:
    """Compare what two stores hold and answer: every item, and queries that are plain, filtered and within a radius."""
    with Store.open(one, milvus=milvus) as left, Store.open(other, milvus=other_milvus) as right:
        found = compare(left, right, queries=queries, seed=seed)
    if json:
        console.print_json(found.as_json())
    elif found.same:
        asked = f"{found.queries:,} queries each plain, filtered and within a radius"
        console.OUT.print(f"the same: {found.items:,} items, and the answers to {asked}", soft_wrap=True)
    else:
        counted = ", ".join(f"{count:,} {kind}" for kind, count in found.differences.items() if count)
        console.print_message(f"different: {counted}; the first is {found.first}")
    if not found.same:
        raise typer.Exit(console.EXIT_FAILED)


if __name__ == "__main__":
    console.run(app, "python -m storage")
