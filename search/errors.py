"""Errors of figures and curation; those of queries are in `storage.errors`."""

from storage import LookalikeError


class FigureUnusable(LookalikeError):
    """A figure cannot be drawn or written."""


class RadiusUnknown(LookalikeError):
    """No radius for duplicates can be chosen from a store's own images."""
