"""`python -m storage info|verify`: see what a store holds, and prove it whole."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from storage import console
from storage.store import Store

app = console.command_app("See what a store holds, and prove it whole.")

StoreOption = Annotated[Path, typer.Option("--store", help="The store's folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def info(store: StoreOption, json: JsonOption = False) -> None:
    """Show what a store holds and how its vectors were made."""
    with Store.open(store) as opened:
        embedding = opened.embedding
        labels = {label if label is not None else "(none)": count for label, count in opened.label_counts().items()}
        described = {
            "items": len(opened),
            "dim": opened.dim,
            "embedding": embedding.name,
            "fingerprint": embedding.fingerprint,
            "spec": dict(embedding.spec),
            "labels": labels,
        }
    if json:
        console.print_json(described)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("items", f"{described['items']:,}")
    table.add_row("dimensions", str(described["dim"]))
    table.add_row("recipe", embedding.name)
    table.add_row("fingerprint", embedding.fingerprint)
    for name in ("weights", "decoder", "precision", "fitted_on"):
        value = embedding.spec.get(name)
        table.add_row(name.replace("_", " "), str(value.get("origin") if isinstance(value, dict) else value))
    table.add_row("labels", ", ".join(f"{console.printable(label)}: {count:,}" for label, count in labels.items()))
    console.OUT.print(table, markup=False)


@app.command()
def verify(store: StoreOption, json: JsonOption = False) -> None:
    """Check every row against its checksum, the batches against the rows, and the index against both."""
    with Store.open(store) as opened:
        items = len(opened)
        problems = opened.verify()
    if json:
        console.print_json({"ok": not problems, "items": items, "problems": problems})
    elif not problems:
        console.OUT.print(f"{store} is whole: {items:,} items", markup=False, soft_wrap=True)
    for problem in [] if json else problems:
        console.say(problem)
    if problems:
        raise typer.Exit(console.EXIT_FAILED)


if __name__ == "__main__":
    console.run(app, "python -m storage")
