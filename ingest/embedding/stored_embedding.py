"""The embedding that a store records, checked: its recipe, its head, and that its fingerprint is of these.

A store may come from anywhere, and whoever writes one can make every checksum right.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from ingest.embedding.heads import Head, head_arrays, restore_head
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.precision import stored_precision
from ingest.embedding.recipes import Recipe, recipe_of
from storage import Embedding
from storage.errors import LookalikeError, StoreCorrupt

#: How the arrays of a head are named in a store, and the array of the canary images' vectors.
HEAD, CANARIES = "head.", "canaries"

#: The number of canary images.
CANARY_COUNT = 4


def fingerprint_of(recipe: Recipe, weights: str, decoder: str, head: Mapping[str, Float32Array]) -> str:
    """Return the fingerprint, which covers all that makes two vectors incomparable, and nothing else.

    `weights` is their digest, `head` has the head's parameters.
    """
    identity: dict[str, Any] = {
        "recipe": {name: value for name, value in recipe.as_json().items() if name != "name"},
        "weights": weights,
        "decoder": decoder,
        "head": {name: _digest(array) for name, array in head.items()},
    }
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def _digest(array: Float32Array) -> str:
    return hashlib.sha256(f"{array.shape}\n".encode() + np.ascontiguousarray(array, "<f4").tobytes()).hexdigest()


def stored_head(embedding: Embedding) -> Head:
    """Return the head of a store's embedding; raise OtherEmbedding, or StoreCorrupt unless it fits the recipe."""
    recipe = recipe_of(embedding)
    arrays = {name.removeprefix(HEAD): array for name, array in embedding.arrays.items() if name.startswith(HEAD)}
    try:
        return restore_head(recipe, arrays)
    except ValueError as error:
        raise impossible(f"a head of the kind {recipe.head} with {error}") from error


def stored_canaries(embedding: Embedding) -> Float32Array:
    """Return the vectors of the canary images, (4, dim); raise StoreCorrupt unless they are such."""
    canaries = embedding.arrays.get(CANARIES, np.empty(0, np.float32))
    if canaries.shape != (CANARY_COUNT, embedding.dim) or not np.isfinite(canaries).all():
        raise impossible(f"the finite vectors of {CANARY_COUNT} test images, got an array of shape {canaries.shape}")
    return canaries


def problem_of(embedding: Embedding) -> str | None:
    """Return why images cannot be embedded as a store's were, whatever the machine, with what to do; None if they can.

    `storage` calls it when a store is verified whose embedding has a recipe.
    """
    try:
        recipe, head = recipe_of(embedding), stored_head(embedding)
        stored_canaries(embedding)
        stored_precision(embedding)
        spec = embedding.spec
        weights = spec.get("weights", {}).get("digest", "")
        fingerprint = fingerprint_of(recipe, weights, spec.get("decoder", ""), head_arrays(head))
        if (fingerprint, recipe.dim) != (embedding.fingerprint, embedding.dim):
            raise impossible("the fingerprint and dimensions of its recipe, weights, decoder and head, got others")
    except LookalikeError as error:
        return str(error)
    return None


def impossible(expected: str) -> StoreCorrupt:
    """Return the error for an embedding that no job can have written."""
    return StoreCorrupt(
        f"expected the store's embedding to have {expected}: something other than Lookalike wrote it; restore the "
        "store from a backup"
    )
