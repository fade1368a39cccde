"""Bytes that requests may hold together; used from one event loop."""

from collections.abc import Callable

from search.service.problems import unavailable


class ByteBudget:
    """A number of bytes of which requests take some, and give them back."""

    def __init__(self, count: int) -> None:
        self._left = count

    def take(self, count: int, what: str) -> "Share":
        """Return a share of so many bytes; raise Problem, which says for what, when there are not as many left."""
        if count > self._left:
            raise unavailable("busy", f"expected room for {what}, got too many at once")
        self._left -= count
        return Share(count, self._give)

    def _give(self, count: int) -> None:
        self._left += count


class Share:
    """A part of a budget, until it is given back."""

    def __init__(self, count: int, give: Callable[[int], None]) -> None:
        self._count = count
        self._give = give

    def shrink(self, count: int) -> None:
        """Keep only so many bytes."""
        self._give(self._count - count)
        self._count = count

    def release(self) -> None:
        """Give back what is left; harmless when called again."""
        self.shrink(0)
