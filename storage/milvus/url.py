"""The URL of a vector server, with the collection's name and its index: `http://host:19530?collection=digits`."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from storage.errors import InvalidMilvusUrl

#: The collection of a URL that names none.
DEFAULT_COLLECTION = "lookalike"

FLAT, IVF_FLAT, HNSW = "FLAT", "IVF_FLAT", "HNSW"
L2 = "L2"

#: The parameters that each kind of index is built with, and their defaults.
BUILD_PARAMS: Mapping[str, Mapping[str, int]] = {
    FLAT: {},
    IVF_FLAT: {"nlist": 1024},
    HNSW: {"M": 16, "efConstruction": 200},
}

#: The parameters of a search of each kind of index.
SEARCH_PARAMS: Mapping[str, tuple[str, ...]] = {FLAT: (), IVF_FLAT: ("nprobe",), HNSW: ("ef",)}

METRICS = (L2, "IP", "COSINE")


@dataclass(frozen=True)
class MilvusUrl:
    """A collection on a Milvus server, as in `http://host:19530?collection=digits&index=HNSW&M=32&ef=128`.

    `index` and `metric` are None when the URL does not name them: then they are those of the existing collection.
    `build_params` and `search_params` are the index's parameters by name.
    """

    server: str
    collection: str
    index: str | None
    metric: str | None
    build_params: Mapping[str, int]
    search_params: Mapping[str, int]

    def __str__(self) -> str:
        return f"{self.server}?collection={self.collection}"


def parse_milvus_url(text: str) -> MilvusUrl:
    """Parse a URL; raise InvalidMilvusUrl for another kind of URL, or an unknown index or parameter."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.username:
        raise InvalidMilvusUrl(
            f"expected a Milvus server's URL such as http://localhost:19530, got {text!r}: name the server alone; its "
            "token is taken from the environment"
        )
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    collection = options.pop("collection", DEFAULT_COLLECTION)
    if not collection.isidentifier() or not collection.isascii():
        raise InvalidMilvusUrl(f"expected a collection's name of letters, digits and _, got {collection!r}")
    index, metric = options.pop("index", None), options.pop("metric", None)
    if index is not None and index not in BUILD_PARAMS:
        raise InvalidMilvusUrl(f"expected an index of {', '.join(BUILD_PARAMS)}, got {index!r}")
    if metric is not None and metric not in METRICS:
        raise InvalidMilvusUrl(f"expected a metric of {', '.join(METRICS)}, got {metric!r}")
    params = {name: _parse_number(name, value) for name, value in options.items()}
    build = BUILD_PARAMS[index] if index else {}
    search = SEARCH_PARAMS[index] if index else tuple(name for names in SEARCH_PARAMS.values() for name in names)
    if unknown := params.keys() - {*build, *search}:
        known = ", ".join((*build, *search))
        expected = f"no parameter but {known}" if known else "no parameter"
        raise InvalidMilvusUrl(
            f"expected {expected} of {f'the index {index}' if index else 'an index'} in the Milvus URL, got "
            f"{min(unknown)!r}"
        )
    build_params = {name: params[name] for name in build if name in params}
    search_params = {name: params[name] for name in search if name in params}
    return MilvusUrl(f"{parts.scheme}://{parts.netloc}", collection, index, metric, build_params, search_params)


def _parse_number(name: str, value: str) -> int:
    if not value.isdecimal() or not value.isascii() or not 0 < int(value) < 2**31:
        raise InvalidMilvusUrl(f"expected a positive whole number for {name} in the Milvus URL, got {value!r}")
    return int(value)
