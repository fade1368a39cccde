"""One base class for every failure a user can meet, and a subclass for each that a caller can act on.

Every message is one line: what was expected, what was given, what to do.
"""


class LookalikeError(Exception):
    """Base of every error that Lookalike raises on purpose."""


class StoreNotFound(LookalikeError):
    """There is no store at the given place."""


class NotAStore(LookalikeError):
    """The given place holds something that is not a Lookalike store."""


class StoreExists(LookalikeError):
    """A store was to be created where one already stands."""


class StoreBusy(LookalikeError):
    """Another process is writing to the store."""


class StoreReadOnly(LookalikeError):
    """A store opened for reading was asked to write."""


class StoreVersion(LookalikeError):
    """The store was written by a newer Lookalike."""


class StoreCorrupt(LookalikeError):
    """What is stored does not match its checksum; no answer is given from it."""


class StoreUnwritable(LookalikeError):
    """The file system or the database refused a write; nothing of it was kept."""


class InvalidVectors(LookalikeError):
    """Vectors of the wrong dimension or type, or with values that cannot be searched."""


class InvalidItem(LookalikeError):
    """An item's key, label or metadata cannot be stored."""


class InvalidQuery(LookalikeError):
    """A query that cannot be answered, such as k below 1."""


class UnknownField(InvalidQuery):
    """A filter names a field that no item has."""


class FileUnusable(LookalikeError):
    """A file to import or export that cannot be read, or is of an unknown kind."""


class UnknownItem(LookalikeError):
    """No item has the given id or key."""


class OtherEmbedding(LookalikeError):
    """Vectors made in another way than the store's, which must not be compared with them."""


class ServerUnusable(LookalikeError):
    """A server that keeps rows or vectors does not answer, lets nobody in, or holds something else."""


class ExtraMissing(LookalikeError):
    """An optional part was asked for whose packages are not installed."""


class InvalidMilvusUrl(LookalikeError):
    """A URL that names no vector engine, or asks it for what there is not."""
