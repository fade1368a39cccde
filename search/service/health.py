"""Whether the service is ready: its store is whole and its network embeds as the store's did."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from search.service.background import in_background
from search.service.problems import unavailable, without_location
from search.service.served_store import ServedStore
from storage.errors import LookalikeError

#: Without a newer batch, a store that has a problem is checked again after so many seconds, in case it was repaired, or
#: so many times as long as the check took, which reads the whole store.
_PAUSE = 60.0
_PAUSE_FACTOR = 20


class Health:
    """The state of a service, and the task that keeps its store up to date.

    `check` returns why searches cannot be answered, None if they can; it raises LookalikeError when it cannot tell.
    What is told of it does not name the store's location.
    """

    def __init__(self, check: Callable[[], str | None], refresh_seconds: float, location: str) -> None:
        self._check = check
        self._location = location
        self._refresh_seconds = refresh_seconds
        self._reason: str | None = "expected the store to be checked first: it still is"
        self._next_check = 0.0
        self.stopping = False

    def stop(self) -> None:
        """Tell whoever asks that no more should be sent."""
        self.stopping = True

    def require_ready(self) -> None:
        """Raise Problem unless searches are answered."""
        if self.stopping:
            raise unavailable("stopping", "expected a service that goes on, got one that is ending")
        if self._reason is not None:
            raise unavailable("not_ready", without_location(self._reason, self._location))

    def following(self, store: ServedStore) -> AbstractAsyncContextManager[None]:
        """Check the store and the network, then load newer batches as they come, until the end."""
        return in_background(self._follow(store))

    async def _follow(self, store: ServedStore) -> None:
        while True:
            try:
                newer = await asyncio.to_thread(store.refresh)
                if self._reason is not None and (newer or time.monotonic() >= self._next_check):
                    await self._check_again()
            except LookalikeError as error:
                self._reason = f"expected a store that can be loaded, got '{error}'"
                # As soon as it can be.
                self._next_check = 0.0
            await asyncio.sleep(self._refresh_seconds)

    async def _check_again(self) -> None:
        started = time.monotonic()
        self._reason = await asyncio.to_thread(self._check)
        ended = time.monotonic()
        self._next_check = ended + max(_PAUSE, _PAUSE_FACTOR * (ended - started))
