"""`python -m storage`: see what a store holds, prove it whole, mend it, copy it, and move items in and out."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from storage import console
from storage.exchange import export_store, import_file
from storage.store import Store

app = console.command_app("See what a store holds, prove it whole, mend it, copy it, and move items in and out.")

StoreOption = Annotated[Path, typer.Option("--store", help="The store's folder.")]
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
    table.add_row("made with", f"SQLite {described.sqlite}, FAISS {described.faiss}")
    console.OUT.print(table)


@app.command()
def verify(store: StoreOption, json: JsonOption = False) -> None:
    """Check every row against its checksum, the batches against the rows, and the index against both."""
    with Store.open(store) as opened:
        items = len(opened)
        problems = opened.verify()
    if json:
        console.print_json({"ok": not problems, "items": items, "problems": problems})
    elif not problems:
        console.OUT.print(f"{_shown(store)} is whole: {items:,} items", soft_wrap=True)
    for problem in [] if json else problems:
        console.say(problem)
    if problems:
        raise typer.Exit(console.EXIT_FAILED)


@app.command()
def repair(store: StoreOption, json: JsonOption = False) -> None:
    """Make index files again from the rows, and set damaged items aside, by name."""
    with Store.open(store, writing=True) as opened:
        done = opened.repair()
        items = len(opened)
    if json:
        console.print_json({"items": items, "done": done})
        return
    for line in done:
        console.OUT.print(line, soft_wrap=True)
    console.OUT.print(f"{_shown(store)} is whole: {items:,} items", soft_wrap=True)


@app.command()
def delete(
    store: StoreOption,
    id: Annotated[list[int] | None, typer.Option("--id", help="Delete the item of this id; may be repeated.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="Delete the item of this key; may be repeated.")] = None,
    compact: Annotated[bool, typer.Option("--compact", help="Give back the space of all deleted items.")] = False,
) -> None:
    """Delete items, all of those named or none; their ids are never given out again."""
    if not (id or key or compact):
        raise typer.BadParameter("expected at least one of --id, --key and --compact")
    with Store.open(store, writing=True) as opened:
        deleted = opened.delete(ids=id or (), keys=key or ())
        if compact:
            opened.compact()
        items = len(opened)
    console.OUT.print(f"{deleted:,} deleted; {_shown(store)} holds {items:,} items", soft_wrap=True)


@app.command()
def backup(folder: Annotated[Path, typer.Argument(help="A new or empty folder.")], store: StoreOption) -> None:
    """Copy a store to a new folder, as it is after some whole batch; an ingest may go on meanwhile."""
    with Store.open(store) as opened:
        opened.backup(folder)
    with Store.open(folder) as copy:
        console.OUT.print(f"{_shown(folder)} holds {len(copy):,} items", soft_wrap=True)


@app.command("export")
def export_items(
    file: Annotated[Path, typer.Argument(help="A .parquet, .npz or .faiss file.")], store: StoreOption
) -> None:
    """Write every item's id, key, label, metadata and vector to a file; .faiss has the vectors only."""
    with Store.open(store) as opened:
        written = export_store(opened, file)
    console.OUT.print(f"Wrote {written:,} items to {_shown(file)}", soft_wrap=True)


@app.command("import")
def import_items(
    file: Annotated[Path, typer.Argument(help="A .parquet or .npz file with key and vector.")],
    store: StoreOption,
    model: Annotated[str, typer.Option(help="What made the vectors; those of two models are never mixed.")],
) -> None:
    """Add items with precomputed vectors to a store, made if there is none; ids are given anew."""
    added, replaced, unchanged = import_file(file, store, model)
    console.OUT.print(
        f"{added:,} added, {replaced:,} replaced, {unchanged:,} unchanged; see {_shown(store)}", soft_wrap=True
    )


def _shown(path: Path) -> str:
    return console.printable(str(path))


if __name__ == "__main__":
    console.run(app, "python -m storage")
