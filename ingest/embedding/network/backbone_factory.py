"""Make the network of a recipe when it is first needed; TensorFlow is imported only then."""

from pathlib import Path
from typing import Protocol

from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.precision import PrecisionOption
from ingest.embedding.network.weights import find_weights
from ingest.embedding.recipes import Recipe
from ingest.embedding.recipes.vgg16_limits import require_vgg16
from ingest.keras.cache import download_weights


class BackboneFactory(Protocol):
    """Makes the backbone of a recipe; called only when there are images to embed."""

    def __call__(self, recipe: Recipe, precision: PrecisionOption = "auto", /) -> Backbone:
        """Return a backbone that computes in the given precision; `auto` is the fastest."""
        ...


def vgg16_factory(weights: str | Path | None = None, *, download: bool = False) -> BackboneFactory:
    """Return a factory of VGG16 with the weights in a file, or with the first ImageNet weights found.

    With `download`, Keras may download them when there are none. The factory raises WeightsUnusable, and
    RecipeUnusable for a recipe that VGG16 cannot carry out.
    """

    def make(recipe: Recipe, precision: PrecisionOption = "auto", /) -> Backbone:
        require_vgg16(recipe)
        loaded = find_weights(weights, download=download_weights if download else None)
        # Imported here: TensorFlow takes seconds to load, and a job without new images does not need it.
        from ingest.embedding.network.vgg16 import Vgg16

        return Vgg16(recipe, loaded, precision)

    return make
