"""What commands print about jobs: one line on a job, a plan or a renewal, and a table of a store's jobs."""

from collections.abc import Callable, Mapping

from rich.table import Table

from ingest.pipeline.progress import IngestReport
from ingest.plan_job import Plan
from ingest.renew_job import RenewalReport
from ingest.status import Status
from storage.console import counted, display_name
from storage.types.jobs import Job

#: What becomes of inputs, each with its count in a job.
_OUTCOMES: Mapping[str, Callable[[IngestReport | Plan | Job], int]] = {
    "added": lambda job: job.added,
    "replaced": lambda job: job.replaced,
    "moved": lambda job: job.moved,
    "relabelled": lambda job: job.relabelled,
    "removed": lambda job: job.pruned,
    "unchanged": lambda job: job.unchanged,
    "rejected": lambda job: job.rejected,
}

#: Outcomes that have a column only when there are any.
_RARE = ("moved", "relabelled", "removed")

#: Jobs in the table; --json prints all.
_TABLE_JOBS = 500


def job_summary(report: IngestReport, store: str) -> str:
    """Return one line on what a job did."""
    reason = f": {report.recipe_reason}" if report.recipe_reason else ""
    holds = f"{display_name(store)} holds {counted(report.items, 'item')} (recipe {report.recipe}{reason})"
    counts = (report.added, report.replaced, report.moved, report.relabelled, report.pruned)
    # What was rejected was tried, perhaps once more.
    if not any(counts) and not report.rejected:
        return f"Nothing to do: {counted(report.unchanged, 'image')} unchanged; {holds}."
    speed = f"in {report.seconds:.1f} s, {counted(round(report.images_per_second), 'image')}/s"
    return f"{counts_line(report)} {speed}; {holds}."


def counts_line(report: IngestReport | Plan) -> str:
    """Return the counts of a job's outcomes as words, without those that are 0 but for the added."""
    counts = {name: count_in(report) for name, count_in in _OUTCOMES.items()}
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count or name == "added")


def renewal_summary(report: RenewalReport, store: str) -> str:
    """Return one line on what a renewal did."""
    holds = f"{display_name(store)} holds {counted(report.items, 'item')}"
    if not report.renewed:
        if report.missing:
            return f"{report.missing} missing dropped; {holds}, whose vectors are as they would be made."
        return f"Nothing to do: {holds} with the vectors that would be made anew (recipe {report.recipe})."
    counts = (report.missing, "missing"), (report.changed, "changed"), (report.unreadable, "unreadable")
    dropped = "".join(f", {count} {kind} dropped" for count, kind in counts if count)
    moved = f"from {report.previous_recipe} to " if report.previous_recipe != report.recipe else ""
    fitted = f", head fitted on {report.fitted_on} images" if report.fitted_on > 1 else ""
    return (
        f"{report.renewed} renewed{dropped} in {report.seconds:.1f} s; {holds} under new ids (recipe "
        f"{moved}{report.recipe}{fitted})."
    )


def jobs_table(status: Status) -> Table:
    """Return a table of a store's newest jobs, the oldest of them first."""
    jobs = status.jobs[-_TABLE_JOBS:]
    older = f"; the newest {len(jobs):,} of {len(status.jobs):,} jobs:" if len(jobs) < len(status.jobs) else ""
    title = f"{status.items:,} items, {len(status.rejects):,} rejected{older}"
    table = Table(title=title, title_justify="left")
    counts = {name: [count_in(job) for job in jobs] for name, count_in in _OUTCOMES.items()}
    shown = {name: column for name, column in counts.items() if name not in _RARE or any(column)}
    shown["of"] = [job.total for job in jobs]
    for name in ("job", "source", *shown, ""):
        table.add_column(name, justify="left" if name in ("source", "") else "right", overflow="fold")
    for row, job in enumerate(jobs):
        end = "finished" if job.finished else "stopped"
        table.add_row(str(job.number), job.source, *(f"{column[row]:,}" for column in shown.values()), end)
    return table
