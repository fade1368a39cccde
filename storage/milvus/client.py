"""Connect to a Milvus server; the only file that imports pymilvus."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from storage.errors import ServerUnusable, require_extra

#: The environment variable with the server's token: `user:password` or an API key.
TOKEN = "LOOKALIKE_MILVUS_TOKEN"  # noqa: S105

#: How long to try to connect, in seconds.
CONNECT_TIMEOUT_S = 10.0

#: The most hits that the server returns for a query. https://milvus.io/docs/limitations.md
MAX_HITS = 16_384

#: The longest text that a field holds, in bytes.
MAX_TEXT_BYTES = 65_535


def connect(server: str) -> Any:
    """Return a client of a server, `http://host:port`; raise ServerUnusable when it refuses the token."""
    import pymilvus

    # pymilvus also logs each failed call; the exception already says the same.
    logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
    try:
        return pymilvus.MilvusClient(uri=server, token=os.environ.get(TOKEN, ""), timeout=CONNECT_TIMEOUT_S)
    except pymilvus.MilvusException as error:
        # pymilvus raises the same for a wrong token as for no server.
        if not _is_listening(server):
            raise
        raise ServerUnusable(
            f"expected Milvus at {server} to accept the token in {TOKEN}, but it refuses the token: set it to "
            "user:password or an API key, or wait until the server has started"
        ) from error


def require_server(server: str) -> None:
    """Raise ServerUnusable unless a server, `http://host:port`, can be connected to, ExtraMissing without pymilvus."""
    require_extra("pymilvus", "milvus")
    with server_errors(server):
        connect(server).close()


def _is_listening(server: str) -> bool:
    """Return whether something accepts connections at a server's address."""
    parts = urlsplit(server)
    port = parts.port or (443 if parts.scheme == "https" else 19530)
    try:
        socket.create_connection((parts.hostname or "", port), CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True


@contextmanager
def server_errors(server: str) -> Iterator[None]:
    """Raise ServerUnusable for every error of pymilvus and gRPC."""
    import grpc
    from pymilvus.exceptions import MilvusException

    try:
        yield
    except (MilvusException, grpc.RpcError, ValueError) as error:
        message = " ".join(str(getattr(error, "message", error)).split())
        raise ServerUnusable(
            f"expected Milvus at {server} to answer, got '{message[:300]}': everything acknowledged so far is kept; "
            "start the server or change the URL, and run the same command again"
        ) from error


def item_schema(client: Any, dim: int, description: str) -> Any:
    """Return the schema of a collection of items: id, key, label and vector."""
    import pymilvus

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False, description=description)
    schema.add_field("id", pymilvus.DataType.INT64, is_primary=True)
    schema.add_field("key", pymilvus.DataType.VARCHAR, max_length=MAX_TEXT_BYTES)
    schema.add_field("label", pymilvus.DataType.VARCHAR, max_length=MAX_TEXT_BYTES)
    schema.add_field("vector", pymilvus.DataType.FLOAT_VECTOR, dim=dim)
    return schema
