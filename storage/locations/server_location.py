"""A store in a schema of a PostgreSQL database, which several processes may write to at the same time.

Imported only for a store on a server.
"""

from contextlib import closing
from dataclasses import dataclass

from storage.databases.address import Address
from storage.databases.postgres_server import PostgresServer
from storage.locations.location import OpenCatalog
from storage.types.embedding import Embedding

#: The end of the name of the schema for renewed vectors, and the longest name that PostgreSQL keeps.
_RENEWAL = "_renewal"
_LONGEST_SCHEMA = 63


@dataclass(frozen=True)
class ServerLocation:
    """The address of a store, or of a schema that a store can be created in."""

    address: Address

    def __str__(self) -> str:
        return str(self.address)

    @property
    def folder(self) -> None:
        """None: there are no index files on a server."""

    def exists(self) -> bool:
        """Return whether the schema is marked as a catalog; its tables are checked on opening."""
        with closing(PostgresServer(self.address)) as server:
            return server.holds_catalog()

    def require_free(self) -> None:
        """Raise StoreExists or NotAStore unless the schema has no tables of a catalog's names."""
        with closing(PostgresServer(self.address)) as server:
            server.require_free()

    def create(self, embedding: Embedding) -> OpenCatalog:
        """Create an empty catalog in one transaction and open it for writing.

        Raise StoreExists, NotAStore, StoreBusy, StoreUnwritable or ServerUnusable; there is no store then.
        """
        server = PostgresServer(self.address)
        try:
            server.create(lambda catalog: catalog.initialize(embedding))
        except BaseException:
            server.close()
            raise
        return OpenCatalog(server, writing=True)

    def renewal(self) -> "ServerLocation":
        """Return where the store's renewed vectors are staged: a schema beside this one."""
        schema = self.address.schema[: _LONGEST_SCHEMA - len(_RENEWAL)] + _RENEWAL
        return ServerLocation(Address(self.address.url, schema))

    def remove(self) -> None:
        """Remove the store's tables, and its schema if nothing else is in it."""
        with closing(PostgresServer(self.address)) as server:
            server.drop()

    def open(self, *, writing: bool) -> OpenCatalog:
        """Open the database; it connects, and raises ServerUnusable, at the first transaction."""
        return OpenCatalog(PostgresServer(self.address), writing)
