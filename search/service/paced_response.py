"""A large body, sent in pieces, each of which the client has to take within a time."""

import asyncio
from collections.abc import Callable, Mapping

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_PIECE = 2**18


class PacedResponse(Response):
    """A response whose connection ends when the client is too slow; `released` is called when it is done with.

    `read` returns the bytes from an offset on, as many as are asked for, quickly.
    """

    def __init__(
        self,
        read: Callable[[int, int], bytes],
        length: int,
        media_type: str,
        seconds: float,
        released: Callable[[], None] = lambda: None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._read = read
        self._length = length
        self._seconds = seconds
        self._released = released
        super().__init__(None, 200, {"Content-Length": str(length), **(headers or {})}, media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the body; stop in the middle, which ends the connection, when a piece is not taken in time."""
        del scope, receive
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            for start in range(0, self._length, _PIECE):
                async with asyncio.timeout(self._seconds):
                    body = self._read(start, min(_PIECE, self._length - start))
                    await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        except TimeoutError:
            pass
        finally:
            self._released()
