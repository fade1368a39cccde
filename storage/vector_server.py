"""The vector server that a store may name; what speaks with one is imported only then, since most stores have none."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from storage.locations.location import OpenCatalog
from storage.types.embedding import Embedding

if TYPE_CHECKING:
    from storage.milvus.engine import Engine
    from storage.milvus.url import MilvusUrl


def milvus_url(text: str | None) -> "MilvusUrl | None":
    """Parse the URL of a vector server if one is given; raise InvalidMilvusUrl."""
    if text is None:
        return None
    from storage.milvus.url import parse_milvus_url

    return parse_milvus_url(text)


def require_vector_server(url: "MilvusUrl") -> None:
    """Raise ServerUnusable unless the server can be reached."""
    from storage.milvus.client import require_server

    require_server(url.server)


def engines_at(url: "MilvusUrl", catalog: OpenCatalog) -> "Callable[[Embedding], Engine]":
    """Return a function that connects to a vector server for an embedding."""
    from storage.milvus.engine import Engine

    return lambda embedding: Engine(url, catalog.database, embedding, create=catalog.writing)
