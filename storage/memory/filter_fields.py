"""Refuse filters that compare metadata with what no item has: they would select nothing or, with `!=`, everything."""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from storage.catalog.pages import BatchState
from storage.errors import IncomparableField, UnknownField
from storage.types.where import COLUMNS, EXISTS, Condition, Kind

#: How many names of fields a message lists.
_LISTED_FIELDS = 20


class Fields(Protocol):
    """The metadata that the items of a store have."""

    def has_metadata(self, name: str, kinds: Collection[Kind] = ()) -> bool:
        """Return whether an item has metadata of this name, null included, or else with a value of these kinds."""

    def metadata_names(self) -> list[str]:
        """Return the names of all metadata, in order."""


@dataclass(frozen=True)
class StoredFields:
    """The metadata of the rows as they were after one batch, read a page at a time."""

    state: BatchState

    def has_metadata(self, name: str, kinds: Collection[Kind] = ()) -> bool:
        """Return whether an item has metadata of this name, null included, or else with a value of these kinds."""
        return any(self.state.scan(lambda catalog, page: catalog.items.has_metadata(page, name, kinds)))

    def metadata_names(self) -> list[str]:
        """Return the names of all metadata, in order."""
        names: set[str] = set()
        for page_names in self.state.scan(lambda catalog, page: catalog.items.metadata_names(page)):
            names.update(page_names)
        return sorted(names)


def require_fields(fields: Fields, live: int, conditions: Iterable[Condition]) -> None:
    """Raise UnknownField for a field that no item has, IncomparableField for one without values of the same kind.

    `live` is the number of items.

    Most likely its name is misspelt, or numbers are stored as texts. `exists` may name any field, and in an empty store
    any field may be compared.
    """
    for condition in conditions:
        if condition.field in COLUMNS or condition.operator == EXISTS:
            continue
        if live and not fields.has_metadata(condition.field, condition.kinds):
            _require_field(fields, condition.field)
            _require_kind(fields, condition)


def _require_field(fields: Fields, name: str) -> None:
    if not fields.has_metadata(name):
        raise UnknownField(f"expected a field that an item has ({field_names(fields)}), got {name!r}: name one of them")


def field_names(fields: Fields) -> str:
    """Return the names of the fields that items have, for a message."""
    names = [*COLUMNS, *fields.metadata_names()]
    return ", ".join(names[:_LISTED_FIELDS]) + (", ..." if len(names) > _LISTED_FIELDS else "")


def _require_kind(fields: Fields, condition: Condition) -> None:
    """Raise IncomparableField unless the field has no value at all."""
    existing = [kind for kind in Kind if fields.has_metadata(condition.field, [kind])]
    if existing:
        expected, given = " or ".join(existing), ", ".join(map(repr, condition.values))
        as_text = json.dumps(json.dumps(condition.values[0]))
        instead = f"write {as_text} to compare texts" if existing == [Kind.TEXT] else f"compare it with {expected}"
        raise IncomparableField(
            f"expected {expected} to compare the field {condition.field!r} with, since no item has "
            f"{' or '.join(sorted(condition.kinds))} there, got {given[:100]}: {instead}"
        )
