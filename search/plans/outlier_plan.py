"""The plan for outliers: everything is kept until people say otherwise, since no copy of it would remain."""

import os

from search.curation.keep_rule import StoredPicture, stored_pictures
from search.curation.outliers import Outlier, Outliers
from search.plans.plan import Action, Plan, PlanRow, checked_plan
from search.plans.source_root import shown_root, source_root
from storage import Store

_KIND = "outlier"


def plan_of_outliers(outliers: Outliers, store: Store) -> Plan:
    """Return a plan for a store in a folder, a group for each outlier and its copies; raise NotAStore for a server."""
    location = os.path.abspath(store.folder)  # noqa: PTH100 - keeps links, as the names of sources do
    files = [
        (number, outlier, item.id)
        for number, outlier in enumerate(outliers.outliers, start=1)
        for item in (outlier.item, *outlier.copies)
    ]
    items = store.sourced_items_by_id([id for _, _, id in files])
    rows = [
        _row(number, outlier, picture, source_root(sourced.source))
        for (number, outlier, _), sourced, picture in zip(files, items, stored_pictures(items), strict=True)
    ]
    return checked_plan(shown_root(location), rows)


def _row(number: int, outlier: Outlier, picture: StoredPicture, root: str | None) -> PlanRow:
    return PlanRow(
        group=str(number),
        action=Action.KEEP,
        key=picture.item.key,
        digest=picture.item.content,
        root=root,
        kind=_KIND,
        reason=f"{outlier.score:.2f} times as far as usual",
        label=picture.item.label,
        size=picture.size or None,
    )
