"""What a collection is made for and how it is indexed, stored as JSON in the collection's description."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage.errors import ServerUnusable
from storage.milvus.url import BUILD_PARAMS, FLAT, L2, MilvusUrl


@dataclass(frozen=True)
class IndexSpec:
    """How a collection is indexed; `built` has the index's build parameters by name."""

    kind: str
    metric: str
    built: Mapping[str, int]

    def __str__(self) -> str:
        built = "".join(f", {name}={value}" for name, value in sorted(self.built.items()))
        return f"{self.kind} with {self.metric}{built}"


@dataclass(frozen=True)
class Definition:
    """The embedding whose vectors a collection holds, and its index. The field names are those of the stored JSON."""

    fingerprint: str
    dim: int
    index: IndexSpec


def definition_for(url: MilvusUrl, dim: int, fingerprint: str) -> Definition:
    """Return the definition of a new collection: the index that a URL names, or the default one."""
    kind = url.index or FLAT
    return Definition(fingerprint, dim, IndexSpec(kind, url.metric or L2, {**BUILD_PARAMS[kind], **url.build_params}))


def existing_definition(url: MilvusUrl, described: Mapping[str, Any]) -> Definition:
    """Parse what the server returns of an existing collection; raise ServerUnusable if it is not Lookalike's."""
    try:
        description = dict(json.loads(described.get("description") or ""))
        (dim,) = [int(field["params"]["dim"]) for field in described["fields"] if field["name"] == "vector"]
        return Definition(str(description["fingerprint"]), dim, IndexSpec(**description["index"]))
    except (TypeError, ValueError, KeyError) as error:
        raise ServerUnusable(
            f"expected a collection of Lookalike's at {url}, got one that another program created: name another with "
            "?collection=NAME"
        ) from error


def require_fit(url: MilvusUrl, existing: Definition, expected: Definition) -> None:
    """Raise ServerUnusable unless a collection is for the same embedding and has the index that the URL names."""
    if existing.dim != expected.dim:
        raise ServerUnusable(
            f"expected a collection of {expected.dim} dimensions at {url}, got {existing.dim}: it is another store's; "
            "name another with ?collection=NAME"
        )
    if existing.fingerprint != expected.fingerprint:
        raise ServerUnusable(
            f"expected a collection of the store's embedding (fingerprint {expected.fingerprint[:12]}) at {url}, "
            f"got fingerprint {existing.fingerprint[:12]}: it is another store's; name another with ?collection=NAME"
        )
    index = existing.index
    same_kind = url.index in (None, index.kind) and url.metric in (None, index.metric)
    if not same_kind or dict(url.build_params).items() - dict(index.built).items():
        raise ServerUnusable(
            f"expected the index {expected.index} at {url}, got {index}: leave it out of the URL, or "
            "name another collection with ?collection=NAME"
        )
