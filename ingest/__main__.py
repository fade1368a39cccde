"""`python -m ingest SOURCE --store DIR`: bring a store up to date with a source of images.

`python -m ingest status` shows a store's jobs, `python -m ingest retry` resumes or retries them, and `python -m ingest
renew` makes all vectors anew; no source has such a name.
"""

if __name__ == "__main__":
    # Before anything else is loaded.
    from storage import interrupts

    interrupts.end_at_once()

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ingest import renew_job, retry_job
from ingest.embedding.embedder import drift_message
from ingest.embedding.network.precision import PRECISION_OPTIONS
from ingest.embedding.recipes import AUTO, RECIPES
from ingest.images.kinds import skipped_line
from ingest.job import ingest
from ingest.pipeline.options import BATCH_SIZE, Workers
from ingest.pipeline.progress import IngestReport
from ingest.pipeline.progress_bar import progress_bar
from ingest.plan_job import Plan, plan
from ingest.sources import USAGE
from ingest.sources.table import columns_line
from ingest.status import Status
from ingest.summaries import counts_line, job_summary, jobs_table, renewal_summary
from storage import Store, console
from storage.console import MilvusOption, StoreOption, display_name

app = console.command_app("Embed images with VGG16 and keep their vectors in a store.")
jobs_app = console.command_app("Show a store's jobs and rejected inputs, resume or retry them, and renew its vectors.")

BatchOption = Annotated[int, typer.Option(min=1, help="Images committed together.")]
WeightsOption = Annotated[Path | None, typer.Option(help="VGG16 weights: .h5, .npz or .onnx.")]
DownloadOption = Annotated[
    bool,
    typer.Option("--download", help="Let Keras download weights, mnist or fashion-mnist if not installed."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]


class Runner(StrEnum):
    """Where images are embedded."""

    LOCAL = "local"
    RAY = "ray"


@app.command()
def main(
    source: Annotated[str, typer.Argument(help=f"Where the images come from: {USAGE}.")],
    store: StoreOption,
    recipe: Annotated[
        str | None,
        typer.Option(
            help=f"How to embed: {AUTO} (by the pictures' sizes; the default), {', '.join(RECIPES)}, or a TOML file."
        ),
    ] = None,
    precision: Annotated[
        str,
        typer.Option(
            help=f"Number format of the network: {', '.join(PRECISION_OPTIONS)} "
            "(the store's, or the fastest for a new one)."
        ),
    ] = "auto",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first N images of the source.")] = None,
    batch_size: BatchOption = BATCH_SIZE,
    weights: WeightsOption = None,
    download: DownloadOption = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove the items that came from SOURCE and are no longer there.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --prune: remove them even if they are most of them.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list what a job would do; nothing is written.")
    ] = False,
    flat: Annotated[bool, typer.Option("--flat", help="Give the images of a folder no labels.")] = False,
    runner: Annotated[Runner, typer.Option(help="Where to embed: in this process, or on Ray.")] = Runner.LOCAL,
    ray_address: Annotated[str | None, typer.Option(help="Address of a Ray cluster; default: start Ray here.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Number of Ray actors that embed.")] = None,
    milvus: MilvusOption = None,
    json: JsonOption = False,
) -> None:
    """Add the new images of SOURCE to a store, replace the changed ones, and leave the others alone.

    A file that moved within SOURCE, or whose label changed, keeps its vector.
    With --prune, what SOURCE no longer has is removed; --dry-run lists what would be done.

    `lookalike status --store DIR` shows the jobs and the rejected inputs;
    `lookalike retry --store DIR` resumes an interrupted job or retries the rejected inputs.
    """
    if runner is Runner.LOCAL and (ray_address or workers):
        raise typer.BadParameter("expected --runner ray with --ray-address and --workers")
    if yes and not prune:
        raise typer.BadParameter("expected --prune with --yes")
    if dry_run:
        planned = plan(source, store, recipe=recipe, limit=limit, flat=flat, download=download, prune=prune)
        _show_plan(planned, json=json)
        return
    with progress_bar() as show:
        report = ingest(
            source,
            store,
            recipe=recipe,
            precision=precision,
            weights=weights,
            download=download,
            flat=flat,
            limit=limit,
            prune=prune,
            confirm_prune=lambda gone, items: yes or (not json and _confirm_prune(gone, items)),
            batch_size=batch_size,
            milvus=milvus,
            workers=Workers(ray_address, workers) if runner is Runner.RAY else None,
            on_progress=show,
        )
    _finish(report, store, json=json)


@jobs_app.command()
def status(store: StoreOption, json: JsonOption = False) -> None:
    """Show the jobs that filled a store, and the inputs that were rejected."""
    with Store.open(store) as opened:
        status = Status.of(opened)
    if json:
        console.print_json(status)
        return
    console.OUT.print(jobs_table(status))
    for reject in status.rejects:
        console.print_line(f"rejected {reject.key}: {reject.reason}")
    if status.remaining:
        console.print_line(f"{status.remaining}: run `lookalike retry --store {console.store_argument(store)}`")


@jobs_app.command()
def retry(
    store: StoreOption,
    batch_size: BatchOption = BATCH_SIZE,
    weights: WeightsOption = None,
    download: DownloadOption = False,
    milvus: MilvusOption = None,
    json: JsonOption = False,
) -> None:
    """Resume the last job if it was stopped, or else retry the inputs that were rejected."""
    with progress_bar() as show:
        report = retry_job.retry(
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
        console.print_line(f"Nothing to retry: {display_name(store)} has no stopped job and no rejected input.")


@jobs_app.command()
def renew(
    store: StoreOption,
    recipe: Annotated[
        str | None,
        typer.Option(
            help=f"Change to this recipe: {AUTO}, {', '.join(RECIPES)}, or a TOML file. Default: the store's."
        ),
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Where originals are now, if not where they were ingested from; may be repeated."),
    ] = None,
    drop_missing: Annotated[
        bool, typer.Option("--drop-missing", help="Delete items whose originals are missing, changed or unreadable.")
    ] = False,
    precision: Annotated[
        str, typer.Option(help=f"Number format of the network: {', '.join(PRECISION_OPTIONS)} (the fastest).")
    ] = "auto",
    batch_size: BatchOption = BATCH_SIZE,
    weights: WeightsOption = None,
    download: DownloadOption = False,
    milvus: MilvusOption = None,
    json: JsonOption = False,
) -> None:
    """Make all vectors of a store anew from the original images, with a head that is fitted on them now.

    Queries are answered from the old vectors until all new ones are made.
    Items get new ids; keys, labels and metadata stay.
    After Ctrl-C the same command goes on.
    """
    with progress_bar() as show:
        report = renew_job.renew(
            store,
            recipe=recipe,
            sources=source or (),
            precision=precision,
            weights=weights,
            download=download,
            drop_missing=drop_missing,
            batch_size=batch_size,
            milvus=milvus,
            on_progress=show,
        )
    for reason in report.reasons:
        console.print_message(f"originals are missing since a source could not be opened: {reason}")
    if json:
        console.print_json(report)
    else:
        console.print_line(renewal_summary(report, store))
        if report.renewed:
            console.print_message(
                "the catalog still has the space of the old rows: `lookalike store delete --compact --store "
                f"{console.store_argument(store)}` gives it back, and deletes no item"
            )


def _confirm_prune(gone: int, items: int) -> bool:
    """Ask whether to remove items on a terminal; elsewhere answer no."""
    if not (sys.stdin.isatty() and console.ERR.is_terminal):
        return False
    return typer.confirm(f"{gone:,} of the {items:,} items of the source are no longer there. Remove them?", err=True)


def _show_plan(plan: Plan, *, json: bool) -> None:
    """Print what a job would do; exit with a status of its own when inputs would be rejected."""
    for reject in plan.rejects:
        console.print_message(f"rejected {reject.key}: {reject.reason}")
    if json:
        console.print_json(plan)
    else:
        for change in plan.changes:
            console.print_line(str(change))
        console.print_line(f"A job would do this: {counts_line(plan)}; nothing was written.")
        _print_gone(plan)
        _print_columns(plan)
    if plan.rejected:
        raise typer.Exit(console.EXIT_SOME_REJECTED)


def _finish(report: IngestReport, store: str, *, json: bool) -> None:
    """Print a job's report; exit with a status of its own when inputs were rejected."""
    for reject in report.rejects:
        console.print_message(f"rejected {reject.key}: {reject.reason}")
    if report.skipped:
        console.print_message(skipped_line(report.skipped))
    if drift := drift_message(report.drift):
        console.print_message(drift)
    for source, count in report.other_sources.items():
        console.print_message(
            f"{count:,} of the replaced items came from {console.printable(source)}: sources that use the same keys "
            "belong in stores of their own"
        )
    _print_gone(report)
    if json:
        console.print_json(report)
    else:
        console.print_line(job_summary(report, store))
        _print_columns(report)
    if report.outgrown:
        console.print_message(
            f"the head was fitted on {report.fitted_on} images, and the store has {report.items} by now: "
            f"`lookalike renew --store {console.store_argument(store)}` makes better vectors"
        )
    if report.rejected:
        raise typer.Exit(console.EXIT_SOME_REJECTED)


def _print_gone(report: IngestReport | Plan) -> None:
    """Print how many items the source no longer has, unless they are removed."""
    if report.gone and not report.pruned:
        console.print_message(
            f"items of this source that are no longer there: {report.gone:,}; the same command with --prune removes "
            "them"
        )


def _print_columns(report: IngestReport | Plan) -> None:
    """Print what the columns of a manifest were read as, if it has any."""
    if report.columns:
        console.print_message(columns_line(report.columns))


if __name__ == "__main__":
    console.run(jobs_app if sys.argv[1:2] in (["status"], ["retry"], ["renew"]) else app, "python -m ingest")
