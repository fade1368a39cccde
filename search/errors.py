"""What can be wrong with a query's picture; what can be wrong with the query itself is storage's to say."""

from storage import LookalikeError


class FigureUnusable(LookalikeError):
    """A figure that cannot be drawn or written."""
