"""The address of a store on a server: a schema of a PostgreSQL database, named by a URL."""

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
    """A schema of a PostgreSQL database; as a text, the URL without its password."""

    url: sa.URL
    schema: str

    def __str__(self) -> str:
        shown = self.url if self.schema == DEFAULT_SCHEMA else self.url.update_query_dict({"schema": self.schema})
        return shown.set(drivername="postgresql+psycopg").render_as_string(hide_password=True)


def address_of(text_or_path: str | Path) -> Address | None:
    """Parse a database URL; return None for a folder's path, raise NotAStore for a URL of another kind."""
    if not isinstance(text_or_path, str) or not _URL.match(text_or_path):
        return None
    try:
        url = sa.make_url(text_or_path)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise _not_a_store(text_or_path) from error
    if url.drivername not in _SCHEMES or not url.database:
        raise _not_a_store(f"{url.drivername}://...")
    schema = url.query.get("schema", DEFAULT_SCHEMA)
    if not isinstance(schema, str) or not _SCHEMA.fullmatch(schema):
        raise NotAStore(f"expected a schema of lowercase letters, digits and _ in a store's URL, got {schema!r}")
    return Address(url.set(drivername="postgresql+psycopg").difference_update_query(["schema"]), schema)


def _not_a_store(given: str) -> NotAStore:
    return NotAStore(
        "expected a store's folder or a URL such as postgresql+psycopg://user@host/database?schema=name, "
        f"got {given}: name one of them"
    )
