"""Where a vector engine is, which collection of it, and how that is indexed: one URL says all."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from storage.errors import InvalidMilvusUrl

#: The collection of a URL that names none.
DEFAULT_COLLECTION = "lookalike"

FLAT, IVF_FLAT, HNSW = "FLAT", "IVF_FLAT", "HNSW"
L2 = "L2"

#: What can be set of each kind of index: when it is built, and when it is searched.
BUILD: Mapping[str, tuple[str, ...]] = {FLAT: (), IVF_FLAT: ("nlist",), HNSW: ("M", "efConstruction")}
SEARCH: Mapping[str, tuple[str, ...]] = {FLAT: (), IVF_FLAT: ("nprobe",), HNSW: ("ef",)}

#: What an index is built with unless the URL says otherwise.
DEFAULTS: Mapping[str, Mapping[str, int]] = {
    FLAT: {},
    IVF_FLAT: {"nlist": 1024},
    HNSW: {"M": 16, "efConstruction": 200},
}

METRICS = (L2, "IP", "COSINE")


@dataclass(frozen=True)
class MilvusUrl:
    """A collection of a Milvus server, as in `http://host:19530?collection=digits&index=HNSW&M=32&ef=128`.

    `built` and `searched` are the index's parameters by name; what is None is as the collection has it.
    """

    server: str
    collection: str
    index: str | None
    metric: str | None
    built: Mapping[str, int]
    searched: Mapping[str, int]

    def __str__(self) -> str:
        return f"{self.server}?collection={self.collection}"


def milvus_url(text: str) -> MilvusUrl:
    """Read a URL; raise InvalidMilvusUrl for what is none, or asks for what there is not."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.username:
        raise InvalidMilvusUrl(
            f"expected a Milvus server's URL such as http://localhost:19530, got {text!r}: name the server alone; its "
            "token is taken from the environment"
        )
    asked = dict(parse_qsl(parts.query, keep_blank_values=True))
    collection = asked.pop("collection", DEFAULT_COLLECTION)
    if not collection.isidentifier() or not collection.isascii():
        raise InvalidMilvusUrl(f"expected a collection's name of letters, digits and _, got {collection!r}")
    index, metric = asked.pop("index", None), asked.pop("metric", None)
    if index is not None and index not in BUILD:
        raise InvalidMilvusUrl(f"expected an index of {', '.join(BUILD)}, got {index!r}")
    if metric is not None and metric not in METRICS:
        raise InvalidMilvusUrl(f"expected a metric of {', '.join(METRICS)}, got {metric!r}")
    numbers = {name: _number(name, value) for name, value in asked.items()}
    built = BUILD[index] if index else ()
    searched = SEARCH[index] if index else tuple(name for names in SEARCH.values() for name in names)
    if unknown := numbers.keys() - {*built, *searched}:
        raise InvalidMilvusUrl(
            f"expected of {f'the index {index}' if index else 'an index'} no more than "
            f"{', '.join((*built, *searched)) or 'its name'} in the vectors' URL, got {min(unknown)!r}"
        )
    return MilvusUrl(
        f"{parts.scheme}://{parts.netloc}",
        collection,
        index,
        metric,
        {name: numbers[name] for name in built if name in numbers},
        {name: numbers[name] for name in searched if name in numbers},
    )


def _number(name: str, value: str) -> int:
    if not value.isdecimal() or not value.isascii() or not 0 < int(value) < 2**31:
        raise InvalidMilvusUrl(f"expected a whole number for {name} of the vectors' URL, got {value!r}")
    return int(value)
