"""HTTP connections, parsed by httptools, with the bounds that uvicorn leaves out.

A header has to arrive within a time and a size, and an answer has to be taken, some of it in each such time. One
request is answered at a time: a client that sends more before the answer (pipelining, or a body that is longer than its
header says) gets that answer, and then the end of the connection.
"""

import asyncio
import re

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from search.service.bounds import MAX_FRAMING_BYTES, MAX_HEADER_BYTES

_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's connection, which ends when a client is late or sends too much that is no body."""

    #: Seconds for a header, from the connection or the answer before.
    header_seconds = 10.0

    _deadline: asyncio.TimerHandle | None = None
    _expects_header = True
    #: Bytes of the header's fields, and of all that came of a request but its body: of chunks' sizes and trailers too.
    _header_bytes = 0
    _framing_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._wait(0)

    def data_received(self, data: bytes) -> None:
        """Handle what arrived; refuse what is too large and still not at its end."""
        self._framing_bytes += len(data)
        super().data_received(_without_upgrade(data) if self._expects_header else data)
        if self._framing_bytes > MAX_FRAMING_BYTES and not self.transport.is_closing():
            self.send_400_response("Too many bytes around the request's body.")

    # What a call of the parser raises ends it: `send_400_response` is next.

    def on_message_begin(self) -> None:
        """Begin a request; raise ValueError when the one before is not answered."""
        if self._is_answering():
            raise ValueError("expected one request at a time")
        super().on_message_begin()
        self._header_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the header or of the trailer; raise ValueError for too many bytes."""
        self._header_bytes += len(name) + len(value)
        if self._header_bytes > MAX_HEADER_BYTES:
            raise ValueError("expected a smaller header")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Begin to answer; the header is no longer waited for. Raise ValueError for what only proxies are sent."""
        # The address of such a request has a host of its own, which would not be checked.
        if self.parser.should_upgrade() or not self.url.startswith(b"/"):
            raise ValueError("expected a path")
        super().on_headers_complete()
        self._expects_header = False
        self._stop_waiting()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._framing_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._framing_bytes = 0
        self._expects_header = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request; one that came whole before it is answered first."""
        if self._is_answering() and not self.cycle.more_body:
            self.cycle.keep_alive = False
            self.flow.pause_reading()
        else:
            super().send_400_response(msg)

    def on_response_complete(self) -> None:
        """Wait until the answer was taken and the next request has come."""
        super().on_response_complete()
        if self._deadline is None:
            self._wait(self.transport.get_write_buffer_size())

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        super().connection_lost(exc)
        self._stop_waiting()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self, untaken: int) -> None:
        """End the connection when its time is up, unless less than these bytes of the answer are untaken by then."""

        def end() -> None:
            left = self.transport.get_write_buffer_size()
            if 0 < left < untaken:
                self._wait(left)
            else:
                # Not closed: that would wait for as long as the client takes nothing.
                self.transport.abort()

        self._deadline = self.loop.call_later(self.header_seconds, end)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def _without_upgrade(data: bytes) -> bytes:
    """Return the beginning of a request without the offer to speak another protocol, as Java's client makes.

    httptools would take the body for one of that protocol. An offer that is cut in two is not seen here, and refused.
    """
    header, end, rest = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"\r\nx-upgrade:", header) + end + rest


def with_deadline(seconds: float) -> type[BoundedHttpProtocol]:
    """Return the protocol with this time for headers."""

    class Protocol(BoundedHttpProtocol):
        header_seconds = seconds

    return Protocol
