"""What to know of a query's answer: why it is empty, and which fields of its filter no item has."""

from collections.abc import Sequence

from storage import Store
from storage.types.query import SearchOptions


def query_notes(store: Store, options: SearchOptions, hits: Sequence[object]) -> list[str]:
    """Return the notes on an answer, a line each; none when there is nothing to note."""
    missing = store.missing_fields(options.get("where"))
    names = ", ".join(store.field_names()) if missing else ""
    notes = [f"no item has the field {name!r}; the fields are {names}" for name in missing]
    return notes if hits else [*notes, _why_empty(store, options)]


def _why_empty(store: Store, options: SearchOptions) -> str:
    where, radius = options.get("where"), options.get("radius")
    if where and not store.count(where):
        return "no item fulfils the filter"
    others = "no other item" + (" that fulfils the filter" if where else "")
    return f"{others} is within the radius {radius}" if radius is not None else f"there is {others}"
