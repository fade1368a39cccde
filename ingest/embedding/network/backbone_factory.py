"""Make a recipe's network, with weights wherever they are found; TensorFlow is loaded only then."""

from pathlib import Path

from ingest.embedding.network.backbone import Backbone, MakeBackbone
from ingest.embedding.network.precision import Asked
from ingest.embedding.network.weights import find_weights
from ingest.embedding.recipes import Recipe
from ingest.embedding.recipes.vgg16_limits import require_vgg16


def vgg16_backbone(weights: str | Path | None = None, *, download: bool = False) -> MakeBackbone:
    """Return what makes VGG16 with the weights in a file, or with ImageNet's wherever they are found.

    With `download`, Keras may download them when there are none. What it returns raises RecipeUnusable for a recipe
    that VGG16 can make nothing of, and WeightsUnusable.
    """

    def make(recipe: Recipe, precision: Asked = "auto", /) -> Backbone:
        require_vgg16(recipe)
        found = find_weights(weights, download=_download if download else None)
        # Imported here: TensorFlow takes seconds to load, and whoever embeds nothing does without it.
        from ingest.embedding.network.vgg16 import Vgg16

        return Vgg16(recipe, found, precision)

    return make


def _download() -> None:
    from ingest.embedding.network.vgg16 import download_weights

    download_weights()
