"""An HTTP connection whose next request has to begin, header and all, within a time.

uvicorn has a time for idle connections, but none for a header that comes a byte at a time.
"""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


class HeaderDeadlineProtocol(H11Protocol):
    """uvicorn's connection, closed when a request's header takes too long."""

    #: Seconds for a header, from the connection or the answer before.
    header_seconds = 10.0

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(self.header_seconds, transport.close)

    def handle_events(self) -> None:
        """Handle what arrived; a request that began is no longer waited for."""
        super().handle_events()
        if self._deadline is not None and self.cycle is not None and not self.cycle.response_complete:
            self._deadline.cancel()
            self._deadline = None

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(self.header_seconds, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        super().connection_lost(exc)
        if self._deadline is not None:
            self._deadline.cancel()


def with_deadline(seconds: float) -> type[HeaderDeadlineProtocol]:
    """Return the protocol with this time for headers."""

    class Protocol(HeaderDeadlineProtocol):
        header_seconds = seconds

    return Protocol
