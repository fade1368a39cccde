"""Whether the service is ready: its store is whole and its network embeds as the store's did."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from search.service.problems import unavailable
from search.service.served_store import ServedStore
from storage.errors import LookalikeError


class Health:
    """The state of a service, and the task that keeps its store up to date."""

    def __init__(self, check: Callable[[], str | None], refresh_seconds: float) -> None:
        self._check = check
        self._refresh_seconds = refresh_seconds
        self._reason: str | None = "expected the store to be checked first: it still is"
        self.stopping = False

    def stop(self) -> None:
        """Tell whoever asks that no more should be sent."""
        self.stopping = True

    def require_ready(self) -> None:
        """Raise Problem unless searches are answered."""
        if self.stopping:
            raise unavailable("stopping", "expected a service that goes on, got one that is ending")
        if self._reason is not None:
            raise unavailable("not_ready", self._reason)

    @asynccontextmanager
    async def following(self, store: ServedStore) -> AsyncIterator[None]:
        """Check the store and the network, then load newer batches as they come, until the end."""
        task = asyncio.create_task(self._follow(store))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _follow(self, store: ServedStore) -> None:
        self._reason = await asyncio.to_thread(self._check)
        while True:
            await asyncio.sleep(self._refresh_seconds)
            try:
                await asyncio.to_thread(store.refresh)
            except LookalikeError as error:
                self._reason = f"expected a store that can be loaded, got '{error}'"
            else:
                self._reason = None if self._reason is None else await asyncio.to_thread(self._check)
