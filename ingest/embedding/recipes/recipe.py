"""A recipe: how an image becomes a vector, as values that a store records."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from storage import Embedding
from storage.errors import OtherEmbedding
from storage.types.storable import are_counts, shortened


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an image becomes a vector: resize, scale, VGG16 up to a layer, pool, normalize, head.

    `side` is the input's height and width in pixels. `scaling` gives them to VGG16 as 0..1 (`unit`), or as it was
    trained: BGR, 0..255, less ImageNet's mean colour (`caffe`). `pooling` reduces each channel to one number, its mean,
    maximum or generalized mean (`gem`), or keeps every pixel of it (`flatten`). `square_root` takes the root of each
    number, so that a few large ones do not outweigh all others. `unit_length` scales each feature vector to length 1
    before the head; those of several layers are scaled one by one, joined in order, and scaled again.

    The head is nothing (`none`), a dense layer of random weights drawn from `seed` and never trained (`dense`), a
    principal component analysis fitted on a sample of the images (`pca`), the same joined with a ridge regression on
    their labels (`ridge`), or a dense layer trained on their labels (`trained`). With `whiten` above 0 each principal
    component is divided by its standard deviation to this power. Vectors of a whitened head, or of one that was fitted
    on labels, have length 1.
    """

    name: str
    side: int
    interpolation: Literal["linear", "area"]
    layer: str | tuple[str, ...]
    unit_length: bool
    head: Literal["none", "dense", "pca", "ridge", "trained"]
    dim: int
    seed: int = 0
    scaling: Literal["unit", "caffe"] = "unit"
    pooling: Literal["flatten", "mean", "max", "gem"] = "flatten"
    whiten: float = 0.0
    square_root: bool = False

    @property
    def layers(self) -> tuple[str, ...]:
        """Return the layers whose features are joined, one or several."""
        return (self.layer,) if isinstance(self.layer, str) else self.layer

    @property
    def head_is_fitted(self) -> bool:
        """Return whether the head is fitted on images, rather than drawn from a seed or absent."""
        return self.head in ("pca", *_HEADS_OF_LABELS)

    @property
    def needs_labels(self) -> bool:
        """Return whether the head is fitted on the images' labels too."""
        return self.head in _HEADS_OF_LABELS

    @property
    def vectors_have_unit_length(self) -> bool:
        """Return whether the vectors, after the head, have length 1."""
        return self.needs_labels or self.whiten > 0 or (self.head == "none" and self.unit_length)

    def as_json(self) -> dict[str, Any]:
        """Return the recipe as JSON, as a store records it."""
        spec = {field.name: getattr(self, field.name) for field in fields(self)}
        spec["layer"] = self.layer if isinstance(self.layer, str) else list(self.layer)
        # Stores of the first versions lack these fields, and their fingerprints must not change.
        return {name: value for name, value in spec.items() if name not in _ADDED_LATER or value != _ADDED_LATER[name]}

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> "Recipe":
        """Return the recipe of a store or a file; raise ValueError, whose message says what was expected."""
        unknown = sorted(set(spec) - set(_TYPES))
        if unknown:
            raise ValueError(f"the fields {', '.join(_TYPES)}, got {unknown[0]!r}")
        for field in fields(cls):
            if field.default is MISSING and field.name not in spec:
                raise ValueError(f"the field `{field.name}`, got none")
        for name, value in spec.items():
            _require_type(name, value)
        layer = spec["layer"]
        return cls(**{**spec, "layer": layer if isinstance(layer, str) else tuple(layer)})


#: Heads that are fitted on labels.
_HEADS_OF_LABELS = ("ridge", "trained")

#: The type of each field.
_TYPES: dict[str, Any] = get_type_hints(Recipe)

#: The fields that the first versions did not have, and the values that mean what those did.
_ADDED_LATER = {
    field.name: field.default
    for field in fields(Recipe)
    if field.name in ("scaling", "pooling", "whiten", "square_root")
}

#: The least and the greatest value of numbers in a store's recipe, so that no network or head is too large to make.
_LIMITS = {"side": (1, 512), "seed": (0, 2**32 - 1), "dim": (1, 2**31 - 1), "whiten": (0, 1)}

_TYPE_NAMES = {str: "text", int: "a whole number", bool: "true or false", float: "a number"}


def _require_type(name: str, value: object) -> None:
    expected = _TYPES[name]
    if name == "layer":
        # More than one in a list: that of one layer is its name, so that equal recipes have equal records.
        several = type(value) is list and len(value) > 1 and all(type(layer) is str for layer in value)
        if type(value) is not str and not several:
            raise ValueError(f"`layer` to be text or a list of at least 2 texts, got {value!r}")
    elif get_origin(expected) is Literal:
        if value not in get_args(expected):
            *others, last = get_args(expected)
            raise ValueError(f"`{name}` to be {', '.join(others)} or {last}, got {value!r}")
    # `type is` rather than isinstance, since bool is a subclass of int.
    elif type(value) is not expected and not (expected is float and type(value) is int):
        raise ValueError(f"`{name}` to be {_TYPE_NAMES[expected]}, got {value!r}")


def is_trained_on_labels(embedding: Embedding) -> bool:
    """Return whether a store's head was trained on the labels of its items, so that they look right by its vectors."""
    recipe = embedding.spec.get("recipe")
    return isinstance(recipe, Mapping) and recipe.get("head") in _HEADS_OF_LABELS


def recipe_of(embedding: Embedding) -> Recipe:
    """Return the recipe of a store's embedding; raise OtherEmbedding when its vectors were imported.

    The rest of the description is checked too, since a store may come from anywhere.
    """
    spec = embedding.spec.get("recipe")
    if spec is None:
        raise OtherEmbedding(
            f"expected a store whose vectors were made from images, got imported ones ({embedding.name}): "
            "query by id, key or vector, and add items with `lookalike store import`"
        )
    try:
        recipe = Recipe.from_json(dict(spec))
        for name, (least, most) in _LIMITS.items():
            if not least <= (value := getattr(recipe, name)) <= most:
                raise ValueError(f"`{name}` from {least} to {most}, got {value}")
    except (TypeError, ValueError) as error:
        raise OtherEmbedding(
            f"expected a store whose recipe this version of Lookalike knows, got {str(spec)[:100]!r}: use the version "
            "that made it, or restore it from a backup"
        ) from error
    _require_description(embedding)
    return recipe


def _require_description(embedding: Embedding) -> None:
    """Raise OtherEmbedding unless what a store records beside its recipe has the types that `Embedder` writes."""
    weights = embedding.spec.get("weights", {})
    is_known = {
        "weights": isinstance(weights, dict) and all(isinstance(value, str) for value in weights.values()),
        "fitted_on": are_counts(embedding.spec.get("fitted_on", 0)),
        **{name: isinstance(embedding.spec.get(name, ""), str) for name in ("decoder", "precision")},
    }
    for name, known in is_known.items():
        if not known:
            raise OtherEmbedding(
                f"expected a store whose `{name}` this version of Lookalike knows, got "
                f"{shortened(str(embedding.spec[name]))}: use the version that made it, or restore it from a backup"
            )
