"""Decide which of the items that a source no longer has are removed."""

from ingest.errors import PruneRefused
from ingest.pipeline.options import JobOptions
from ingest.pipeline.own_items import OwnItems
from ingest.pipeline.progress import ASKING, Progress
from ingest.sources.job_source import JobSource


def require_prunable(source: JobSource) -> None:
    """Raise PruneRefused unless a walk over a job's source can tell which of its items are gone."""
    if not source.whole:
        raise PruneRefused(
            "expected the whole source, to remove what it no longer has, got a limit: leave one of them out"
        )
    if source.name is None:
        raise PruneRefused(
            f"expected a source_name for the source {source.text}, to remove what it no longer has, got none: give it "
            "a name that no other source has, in this and all other jobs"
        )


def items_to_prune(own_items: OwnItems, source: JobSource, options: JobOptions, progress: Progress) -> list[int]:
    """Return the ids of the items to remove, after a walk over the whole source, and count those that are gone.

    Raise PruneRefused when they are more than half of the source's items, and `confirm_prune` does not agree.
    """
    gone = own_items.gone()
    progress.gone = len(gone)
    if not options.prune or not gone:
        return []
    if not own_items.walked or own_items.walked != len(source.images):
        raise PruneRefused(
            f"expected {len(source.images):,} images of {source.name}, got {own_items.walked:,}: no item was removed, "
            "and all else was stored; check the source"
        )
    if 2 * len(gone) > len(own_items):
        progress.enter(ASKING)
        if not options.confirm_prune(len(gone), len(own_items)):
            raise PruneRefused(
                f"expected at most half of the {len(own_items):,} items of {source.name} to be gone, got "
                f"{len(gone):,}: none was removed, and all else was stored; check the source, or add --yes"
            )
    return [item.item.id for item in gone]
