"""Errors of figures and curation; those of queries are in `storage.errors`."""

from storage import LookalikeError


class FigureUnusable(LookalikeError):
    """A figure cannot be drawn or written."""


class NothingToDraw(FigureUnusable):
    """What a figure would show was not found."""


class PageUnusable(LookalikeError):
    """A page cannot be written, or there is nothing to show on it."""


class RadiusUnknown(LookalikeError):
    """No radius for duplicates can be chosen from a store's own images."""


class PlanRefused(LookalikeError):
    """A plan cannot be read, or contradicts itself; nothing was done."""


class ApplyStopped(LookalikeError):
    """A plan could not be applied, or taken back, to its end; what was done is recorded."""


class DecisionsUnusable(LookalikeError):
    """What people decided about a store's pictures cannot be read."""


class ServiceUnusable(LookalikeError):
    """A service that cannot be served so: an address that is taken or reached by others, or a key that is too short."""
