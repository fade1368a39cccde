"""Recipes: the ways from an image to a vector, as a table."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from ingest.errors import UnknownRecipe
from storage import Embedding
from storage.errors import OtherEmbedding


@dataclass(frozen=True, slots=True)
class Recipe:
    """How an image becomes a vector: resize, VGG16 up to a layer, flatten, normalise, head.

    `side` is the input's height and width in pixels. `unit_length` scales each feature vector to length 1 before
    the head. The head is a layer of random weights drawn from `seed` and never trained (`dense`), or a principal
    component analysis fitted on the first images (`pca`).
    """

    name: str
    side: int
    interpolation: Literal["linear", "area"]
    layer: str
    unit_length: bool
    head: Literal["dense", "pca"]
    dim: int
    seed: int = 0

    @property
    def learns(self) -> bool:
        """Tell whether the head is fitted on images, rather than drawn from a seed."""
        return self.head == "pca"

    def as_json(self) -> dict[str, Any]:
        """Return the recipe as JSON, as a store keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, spec: dict[str, Any]) -> "Recipe":
        """Return the recipe that a store keeps."""
        return cls(**spec)


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


#: The original notebook, to the letter: its Dense(128, relu) is never trained, and so a random projection.
NOTEBOOK = Recipe("notebook", 32, "linear", "block5_pool", unit_length=False, head="dense", dim=128)

#: Earlier features tell small images apart far better than the last ones, which were made for ImageNet's classes.
RETRIEVAL = Recipe("retrieval", 32, "area", "block3_pool", unit_length=True, head="pca", dim=128)

RECIPES = {recipe.name: recipe for recipe in (NOTEBOOK, RETRIEVAL)}
DEFAULT = RETRIEVAL


def recipe_named(name: str) -> Recipe:
    """Return a recipe by name; raise UnknownRecipe."""
    if name not in RECIPES:
        raise UnknownRecipe(f"expected a recipe ({', '.join(RECIPES)}), got {name!r}")
    return RECIPES[name]
