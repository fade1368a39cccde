"""A recipe: one way from an image to a vector, as values that a store keeps."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from storage import Embedding
from storage.errors import OtherEmbedding


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an image becomes a vector: resize, scale, VGG16 up to a layer, pool, normalise, head.

    `side` is the input's height and width in pixels. `scaling` hands them to VGG16 as 0..1 (`unit`), or as it was
    trained: blue first, 0..255, less ImageNet's mean colour (`caffe`). `pooling` makes one number of each channel,
    by its mean, largest value or generalised mean, or keeps every place (`flatten`). `unit_length` scales each
    feature vector to length 1 before the head.

    The head is nothing (`none`), a layer of random weights drawn from `seed` and never trained (`dense`), a
    principal component analysis fitted on the first images (`pca`), or a layer trained on
    their labels (`trained`). With `whiten` above 0 each principal component is divided by its deviation to this
    power. Whitened vectors and a trained layer's have length 1.
    """

    name: str
    side: int
    interpolation: Literal["linear", "area"]
    layer: str
    unit_length: bool
    head: Literal["none", "dense", "pca", "trained"]
    dim: int
    seed: int = 0
    scaling: Literal["unit", "caffe"] = "unit"
    pooling: Literal["flatten", "mean", "max", "gem"] = "flatten"
    whiten: float = 0.0

    @property
    def learns(self) -> bool:
        """Tell whether the head is fitted on images, rather than drawn from a seed."""
        return self.head in ("pca", "trained")

    def as_json(self) -> dict[str, Any]:
        """Return the recipe as JSON, as a store keeps it."""
        spec = {field.name: getattr(self, field.name) for field in fields(self)}
        # Stores of the first versions lack these, and their fingerprints must stay what they are.
        return {name: value for name, value in spec.items() if name not in _LATER or value != _LATER[name]}

    @classmethod
    def from_json(cls, spec: Mapping[str, Any]) -> "Recipe":
        """Return the recipe that a store or a file keeps; raise ValueError that says what was expected."""
        unknown = sorted(set(spec) - set(HINTS))
        if unknown:
            raise ValueError(f"the fields {', '.join(HINTS)}, got {unknown[0]!r}")
        for field in fields(cls):
            if field.default is MISSING and field.name not in spec:
                raise ValueError(f"the field `{field.name}`, got none")
        for name, value in spec.items():
            _require(name, value)
        return cls(**spec)


#: The type of each field.
HINTS: dict[str, Any] = get_type_hints(Recipe)

_LATER = {field.name: field.default for field in fields(Recipe) if field.name in ("scaling", "pooling", "whiten")}

_KINDS = {str: "text", int: "a whole number", bool: "true or false", float: "a number"}


def _require(name: str, value: object) -> None:
    hint = HINTS[name]
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise ValueError(f"`{name}` to be {_listed(get_args(hint))}, got {value!r}")
    # True is an int to Python.
    elif type(value) is not hint and not (hint is float and type(value) is int):
        raise ValueError(f"`{name}` to be {_KINDS[hint]}, got {value!r}")


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"


def recipe_of(embedding: Embedding) -> Recipe:
    """Return the recipe that a store's items were embedded with; raise OtherEmbedding when they were imported."""
    spec = embedding.spec.get("recipe")
    if spec is None:
        raise OtherEmbedding(
            f"expected a store whose vectors were made from images, got imported ones ({embedding.name}): "
            "ask by id, key or vector, and add items with `python -m storage import`"
        )
    try:
        return Recipe.from_json(dict(spec))
    except (TypeError, ValueError) as error:
        raise OtherEmbedding(
            f"expected a store whose recipe this version of Lookalike knows, got {str(spec)[:100]!r}: use the version "
            "that made it, or restore it from a backup"
        ) from error
