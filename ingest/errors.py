"""What can be wrong with images, sources, recipes and weights."""

from storage import LookalikeError


class WorkersUnusable(LookalikeError):
    """Ray has no cluster at the given address, or its workers cannot go on."""


class UnreadableImage(LookalikeError):
    """An image that cannot be read or decoded."""


class SourceUnusable(LookalikeError):
    """A source that is unknown, missing or empty."""


class InvalidCount(LookalikeError):
    """A number of images that is not a whole number of at least 1."""


class UnknownRecipe(LookalikeError):
    """A recipe that does not exist."""


class UnknownPrecision(LookalikeError):
    """A precision that does not exist."""


class RecipeUnusable(LookalikeError):
    """A recipe whose vectors cannot have as many dimensions as it says."""


class WeightsUnusable(LookalikeError):
    """Weights that cannot be found, or that are not VGG16's."""


class EmbeddingDrift(LookalikeError):
    """Vectors that this machine computes are too far from the store's to be compared with them."""
