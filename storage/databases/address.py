"""Where a store is: in a folder, or in a schema of a PostgreSQL database, named by a URL."""

import re
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from storage.errors import NotAStore

#: The schema of a store whose URL names none.
DEFAULT_SCHEMA = "public"

_SCHEMES = ("postgresql", "postgresql+psycopg")
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Address:
    """A store on a server; as a text it is the URL without its password."""

    url: sa.URL
    schema: str

    def __str__(self) -> str:
        shown = self.url if self.schema == DEFAULT_SCHEMA else self.url.update_query_dict({"schema": self.schema})
        return shown.set(drivername="postgresql+psycopg").render_as_string(hide_password=True)


#: What a store is named by once it is open.
Place = Path | Address


def address_of(place: str | Path) -> Address | None:
    """Return the address that a text names, None for a folder's path; raise NotAStore for a URL of another kind."""
    if not isinstance(place, str) or not _URL.match(place):
        return None
    try:
        url = sa.make_url(place)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise _other(place) from error
    if url.drivername not in _SCHEMES or not url.database:
        raise _other(f"{url.drivername}://...")
    schema = url.query.get("schema", DEFAULT_SCHEMA)
    if not isinstance(schema, str) or not _SCHEMA.fullmatch(schema):
        raise NotAStore(f"expected a schema of small letters, digits and _ in a store's URL, got {schema!r}")
    return Address(url.set(drivername="postgresql+psycopg").difference_update_query(["schema"]), schema)


def _other(given: str) -> NotAStore:
    return NotAStore(
        "expected a store's folder or a URL such as postgresql+psycopg://user@host/database?schema=name, "
        f"got {given}: name one of them"
    )
