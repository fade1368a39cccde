"""What can be wrong with figures and with radii; what can be wrong with a query itself is storage's to say."""

from storage import LookalikeError


class FigureUnusable(LookalikeError):
    """A figure that cannot be drawn or written."""


class RadiusUnknown(LookalikeError):
    """A radius of duplicates that cannot be found from a store's own pictures."""
