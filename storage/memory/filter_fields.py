"""Refuse filters that compare metadata with what no item has: they would select nothing or, with `!=`, everything."""

import json
from collections.abc import Iterable

from storage.catalog.catalog import Catalog
from storage.errors import IncomparableField, UnknownField
from storage.types.where import COLUMNS, EXISTS, Condition, Kind

#: How many names of fields a message lists.
_LISTED_FIELDS = 20


def require_fields(catalog: Catalog, conditions: Iterable[Condition]) -> None:
    """Raise UnknownField for a field that no item has, IncomparableField for one without values of the same kind.

    Most likely its name is misspelt, or numbers are stored as texts. `exists` may name any field, and in an empty store
    any field may be compared.
    """
    for condition in conditions:
        if condition.field in COLUMNS or condition.operator == EXISTS:
            continue
        if not catalog.items.has_metadata(condition.field, condition.kinds) and catalog.history.last_batch().live:
            _require_field(catalog, condition.field)
            _require_kind(catalog, condition)


def _require_field(catalog: Catalog, name: str) -> None:
    if not catalog.items.has_metadata(name):
        raise UnknownField(
            f"expected a field that an item has ({field_names(catalog)}), got {name!r}: name one of them"
        )


def field_names(catalog: Catalog) -> str:
    """Return the names of the fields that items have, for a message."""
    names = [*COLUMNS, *catalog.items.metadata_names()]
    return ", ".join(names[:_LISTED_FIELDS]) + (", ..." if len(names) > _LISTED_FIELDS else "")


def _require_kind(catalog: Catalog, condition: Condition) -> None:
    """Raise IncomparableField unless the field has no value at all."""
    existing = [kind for kind in Kind if catalog.items.has_metadata(condition.field, [kind])]
    if existing:
        expected, given = " or ".join(existing), ", ".join(map(repr, condition.values))
        as_text = json.dumps(json.dumps(condition.values[0]))
        instead = f"write {as_text} to compare texts" if existing == [Kind.TEXT] else f"compare it with {expected}"
        raise IncomparableField(
            f"expected {expected} to compare the field {condition.field!r} with, since no item has "
            f"{' or '.join(sorted(condition.kinds))} there, got {given[:100]}: {instead}"
        )
