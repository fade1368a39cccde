"""VGG16's convolutional layers: their names, channels and output sizes."""

from ingest.embedding.recipes.recipe import Recipe

#: Output channels of each convolution, block by block.
#: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015, table 1, D.
CHANNELS = {1: (64, 64), 2: (128, 128), 3: (256, 256, 256), 4: (512, 512, 512), 5: (512, 512, 512)}

#: The convolutions in order, named as in Keras.
CONVOLUTIONS = tuple(
    f"block{block}_conv{number}" for block, widths in CHANNELS.items() for number in range(1, len(widths) + 1)
)

#: Channels of each layer that a recipe may name, and how often the image was halved before or in it.
LAYERS = {
    f"block{block}_{name}": (widths[-1], block if name == "pool" else block - 1)
    for block, widths in CHANNELS.items()
    for name in (*(f"conv{number}" for number in range(1, len(widths) + 1)), "pool")
}


def feature_counts(recipe: Recipe) -> list[int]:
    """Return the number of features of an image from each of a recipe's layers after pooling."""
    shapes = [LAYERS[layer] for layer in recipe.layers]
    if recipe.pooling == "flatten":
        return [channels * (recipe.side >> halvings) ** 2 for channels, halvings in shapes]
    return [channels for channels, _ in shapes]


def feature_count(recipe: Recipe) -> int:
    """Return the number of features of an image after a recipe's layers and pooling."""
    return sum(feature_counts(recipe))
