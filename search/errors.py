"""Errors of figures and of the radius of duplicates; those of queries are in `storage.errors`."""

from storage import LookalikeError


class FigureUnusable(LookalikeError):
    """A figure cannot be drawn or written."""


class RadiusUnknown(LookalikeError):
    """No radius of duplicates can be chosen from a store's own images."""
