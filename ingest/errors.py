"""The errors of images, sources, recipes and weights."""

from storage import LookalikeError


class WorkersUnusable(LookalikeError):
    """There is no Ray cluster at the given address, or its workers have failed."""


class UnreadableImage(LookalikeError):
    """An image cannot be read or decoded."""


class SourceUnusable(LookalikeError):
    """A source is unknown, missing, damaged or empty."""


class OriginalsMissing(LookalikeError):
    """The original images of stored items are gone, changed or unreadable."""


class PruneRefused(LookalikeError):
    """Items that a source no longer has cannot be removed, or are too many to be removed unasked."""


class InvalidCount(LookalikeError):
    """A number of images is not a whole number of at least 1."""


class UnknownRecipe(LookalikeError):
    """There is no recipe of this name."""


class UnknownPrecision(LookalikeError):
    """There is no precision of this name."""


class RecipeUnusable(LookalikeError):
    """A recipe cannot be read, or cannot be carried out by VGG16 and its head."""


class WeightsUnusable(LookalikeError):
    """Weights cannot be found or read, or are not VGG16's."""


class EmbeddingDrift(LookalikeError):
    """The vectors of this machine differ too much from the store's to be compared with them."""


def first_line(error: Exception) -> str:
    """Return the first line of an error's message, or the name of its type when that is empty."""
    return str(error).partition("\n")[0] or type(error).__name__
