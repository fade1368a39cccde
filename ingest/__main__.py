"""`python -m ingest SOURCE --store DIR`: bring a store up to date with a source of images.

`python -m ingest status` and `retry` tell what became of the inputs and take up those that were left; no source has
such a name.
"""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ingest.embedding.embedder import drift_message
from ingest.embedding.network.precision import ASKED
from ingest.embedding.recipes import DEFAULT, RECIPES
from ingest.job import BATCH_SIZE, ingest
from ingest.pipeline.progress import IngestReport
from ingest.pipeline.progress_bar import shown_progress
from ingest.pipeline.ray_workers import Workers
from ingest.retry_job import retry as take_up
from ingest.sources import USAGE
from ingest.status import Status, status_of
from storage import Store, console
from storage.console import MilvusOption, StoreOption, shown

app = console.command_app("Embed images with VGG16 and keep their vectors in a store.")
ledger = console.command_app("Tell what became of the inputs of a store's jobs, and take up those that were left.")

BatchOption = Annotated[int, typer.Option(help="Images made durable together.")]
WeightsOption = Annotated[Path | None, typer.Option(help="VGG16 weights: .h5, .npz or .onnx.")]
DownloadOption = Annotated[
    bool,
    typer.Option("--download", help="Let Keras download weights, mnist or fashion-mnist that are found nowhere."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


class Runner(StrEnum):
    """Who embeds."""

    LOCAL = "local"
    RAY = "ray"


@app.command()
def main(
    source: Annotated[str, typer.Argument(help=f"Where the images come from: {USAGE}.")],
    store: StoreOption,
    recipe: Annotated[
        str | None,
        typer.Option(help=f"How to embed: {', '.join(RECIPES)}, or a TOML file. A new store takes {DEFAULT.name}."),
    ] = None,
    precision: Annotated[
        str, typer.Option(help=f"What to compute in: {', '.join(ASKED)}. A store keeps to what it was made with.")
    ] = "auto",
    limit: Annotated[int | None, typer.Option(help="Only the first N images of the source.")] = None,
    batch_size: BatchOption = BATCH_SIZE,
    weights: WeightsOption = None,
    download: DownloadOption = False,
    flat: Annotated[bool, typer.Option("--flat", help="Give the images of a folder no labels.")] = False,
    runner: Annotated[Runner, typer.Option(help="Where to embed: in this process, or on Ray.")] = Runner.LOCAL,
    ray_address: Annotated[str | None, typer.Option(help="A Ray cluster; without one, Ray runs here.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="How many of Ray's actors embed.")] = None,
    milvus: MilvusOption = None,
    json: JsonOption = False,
) -> None:
    """Add the new images of SOURCE to a store, replace the changed ones, and leave the others alone.

    `python -m ingest status --store DIR` tells what became of the inputs, `python -m ingest retry --store DIR` takes up
    those that were left.
    """
    if runner is Runner.LOCAL and (ray_address or workers):
        raise typer.BadParameter("expected --runner ray with --ray-address and --workers")
    with shown_progress() as show:
        report = ingest(
            source,
            store,
            recipe=recipe,
            precision=precision,
            weights=weights,
            download=download,
            flat=flat,
            limit=limit,
            batch_size=batch_size,
            milvus=milvus,
            workers=Workers(ray_address, workers) if runner is Runner.RAY else None,
            on_progress=show,
        )
    _finish(report, store, json=json)


@ledger.command()
def status(store: StoreOption, json: JsonOption = False) -> None:
    """Show the jobs that filled a store, and the inputs that were rejected."""
    with Store.open(store) as opened:
        found = status_of(opened)
    if json:
        console.print_json(found.as_json())
        return
    console.OUT.print(_jobs(found))
    for reject in found.rejects:
        console.OUT.print(f"rejected {reject.key}: {reject.reason}", soft_wrap=True)
    if found.left:
        console.OUT.print(f"{found.left}: run `python -m ingest retry --store {shown(store)}`", soft_wrap=True)


@ledger.command()
def retry(
    store: StoreOption,
    batch_size: BatchOption = BATCH_SIZE,
    weights: WeightsOption = None,
    download: DownloadOption = False,
    milvus: MilvusOption = None,
    json: JsonOption = False,
) -> None:
    """Take up the last job if it was stopped, or else the inputs that were rejected."""
    with shown_progress() as show:
        report = take_up(
            store,
            weights=weights,
            download=download,
            batch_size=batch_size,
            milvus=milvus,
            on_progress=show,
        )
    if report is not None:
        _finish(report, store, json=json)
    elif json:
        console.print_json({"retried": 0})
    else:
        console.OUT.print(f"Nothing to take up: no input of {shown(store)} was left.", soft_wrap=True)


def _finish(report: IngestReport, store: str, *, json: bool) -> None:
    """Print what a job did, and exit as its outcome says."""
    for reject in report.rejects:
        console.say(f"rejected {reject.key}: {reject.reason}")
    if drift := drift_message(report.drift):
        console.say(drift)
    if json:
        console.print_json(report.as_json())
    else:
        console.OUT.print(summary(report, store), soft_wrap=True)
    if report.rejected:
        raise typer.Exit(console.EXIT_SOME_REJECTED)


def summary(report: IngestReport, store: str) -> str:
    """Say in one line what a job did."""
    rejected = f", {report.rejected} rejected" if report.rejected else ""
    holds = f"{shown(store)} holds {report.items} items (recipe {report.recipe})"
    if not report.added and not report.replaced:
        return f"Nothing to do: {report.unchanged} images unchanged{rejected}; {holds}."
    replaced = f", {report.replaced} replaced" if report.replaced else ""
    unchanged = f", {report.unchanged} unchanged" if report.unchanged else ""
    speed = f"in {report.seconds:.1f} s, {report.images_per_second:.0f} images/s"
    return f"{report.added} added{replaced}{unchanged}{rejected} {speed}; {holds}."


def _jobs(found: Status) -> Table:
    table = Table(title=f"{found.items:,} items, {len(found.rejects):,} rejected", title_justify="left")
    for name in ("job", "source", "added", "replaced", "unchanged", "rejected", "of", ""):
        table.add_column(name, justify="left" if name in ("source", "") else "right", overflow="fold")
    for job in found.jobs:
        counts = (job.added, job.replaced, job.unchanged, job.rejected, job.total)
        end = "finished" if job.finished else "stopped"
        table.add_row(str(job.number), job.source, *(f"{count:,}" for count in counts), end)
    return table


if __name__ == "__main__":
    about_the_ledger = sys.argv[1:2] and sys.argv[1] in {"status", "retry"}
    console.run(ledger if about_the_ledger else app, "python -m ingest")
