"""The errors of Lookalike: one base class, and a subclass for each failure that a caller can act on.

Every message is one line: what was expected, what was given, what to do.
"""

import importlib.util


class LookalikeError(Exception):
    """Base of every error that Lookalike raises on purpose."""


class StoreNotFound(LookalikeError):
    """There is no store at the given location."""


class NotAStore(LookalikeError):
    """The given location holds something other than a Lookalike store."""


class StoreExists(LookalikeError):
    """A store was to be created where there already is one."""


class StoreBusy(LookalikeError):
    """Another process is writing to the store."""


class StoreChanged(StoreBusy):
    """What was being read was compacted or repaired by another process meanwhile."""


class StoreReadOnly(LookalikeError):
    """A write to a store that was opened for reading."""


class StoreClosed(LookalikeError):
    """A store, or a result's pictures, were to be read after the store was closed."""


class StoreVersion(LookalikeError):
    """The store was written by a newer Lookalike."""


class StoreCorrupt(LookalikeError):
    """Stored data does not match its checksum; it is not returned."""


class StoreUnwritable(LookalikeError):
    """The file system or the database refused a write; nothing was written."""


class InvalidVectors(LookalikeError):
    """Vectors of the wrong dimension or type, or with values that cannot be searched."""


class InvalidItem(LookalikeError):
    """An item's key, label or metadata cannot be stored."""


class InvalidQuery(LookalikeError):
    """A query that cannot be answered, such as k below 1."""


class UnknownField(InvalidQuery):
    """A filter names a field that no item has."""


class IncomparableField(InvalidQuery):
    """A filter compares a field with values of a kind that no item has there, such as numbers with texts."""


class FileUnusable(LookalikeError):
    """A file to import or export that cannot be read, or is of an unknown format."""


class OutputRefused(LookalikeError):
    """A file was to be written over one that is not Lookalike's, or that a store was made from."""


class UnknownItem(LookalikeError):
    """No item has the given id or key."""


class OtherEmbedding(LookalikeError):
    """Vectors of another embedding than the store's, which cannot be compared with the store's vectors."""


class StoreRenewed(OtherEmbedding):
    """The store's vectors were made anew by another embedding since it was opened."""


class ServerUnusable(LookalikeError):
    """A database or vector server does not respond, refuses access, or holds other data."""


class ExtraMissing(LookalikeError):
    """A package of an optional extra is needed but not installed."""


class InvalidMilvusUrl(LookalikeError):
    """A URL of a vector server that is malformed or has unsupported options."""


def store_closed(location: object) -> StoreClosed:
    """Return the error of using the store at a location after it was closed."""
    return StoreClosed(f"expected {location} to be open, got a store that is closed: open it again")


def require_extra(module: str, extra: str) -> None:
    """Raise ExtraMissing unless a module is installed that one of this project's optional extras installs."""
    if importlib.util.find_spec(module) is None:
        raise ExtraMissing(
            f"expected the package {module}, which is not installed: run `pip install -e '.[{extra}]'` in Lookalike's "
            "folder"
        )
