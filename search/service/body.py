"""Read bodies whole before anything looks at them, within bounds of size, time and memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from search.service.bounds import MAX_IMAGE_BYTES, MAX_JSON_BYTES, Bounds
from search.service.byte_budget import ByteBudget
from search.service.problems import Problem


class BodyReader:
    """Reads the bodies of requests; all that are in memory share one budget of bytes."""

    def __init__(self, bounds: Bounds) -> None:
        self._seconds = bounds.seconds
        self._budget = ByteBudget(bounds.body_bytes)

    @asynccontextmanager
    async def read(self, scope: Scope, receive: Receive) -> AsyncIterator[Receive]:
        """Yield a `receive` that has the request's whole body, which counts until the request is done.

        Raise Problem for a body that is too large, late, cut, of no known type, or one too many.
        """
        limit = _limit(scope)
        share = self._budget.take(limit, "the request's body")
        try:
            body = await self._read(receive, limit) if limit else b""
            yield _replay(body, receive)
        finally:
            share.release()

    async def _read(self, receive: Receive, limit: int) -> bytes:
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Problem(400, "body_cut", "expected the body that the request's header says")
                    size += len(message.get("body", b""))
                    if size > limit:
                        raise _too_large(limit)
                    chunks.append(message.get("body", b""))
                    if not message.get("more_body", False):
                        return b"".join(chunks)
        except TimeoutError:
            raise Problem(408, "body_late", f"expected the body within {self._seconds:g} seconds") from None


def _limit(scope: Scope) -> int:
    """Return the most bytes that the request's body may have, as many as it says if it does; raise Problem."""
    headers = Headers(scope=scope)
    lengths = headers.getlist("content-length")
    encodings = headers.getlist("transfer-encoding")
    if any(encoding.lower() != "chunked" for encoding in encodings):
        raise Problem(400, "length_invalid", "expected no Transfer-Encoding but chunked", {"Connection": "close"})
    has_body = bool(encodings) or any(length != "0" for length in lengths)
    if scope["method"] != "POST":
        if has_body:
            raise Problem(400, "body_unexpected", f"expected no body with {scope['method']}")
        return 0
    if not has_body:
        # Whether it had to have one is for its route to say.
        return 0
    most = _most(headers.get("content-type", ""))
    if not lengths:
        return most
    if len(lengths) > 1 or not lengths[0].isascii() or not lengths[0].isdecimal():
        raise Problem(400, "length_invalid", "expected one Content-Length, a whole number")
    if len(lengths[0]) > 18 or int(lengths[0]) > most:
        raise _too_large(most)
    return int(lengths[0])


def _most(content_type: str) -> int:
    media_type = media_type_of(content_type)
    if is_image(media_type):
        return MAX_IMAGE_BYTES
    require_json(media_type)
    return MAX_JSON_BYTES


def is_image(media_type: str) -> bool:
    """Return whether a body of this media type is decoded to pixels: SVG is a program."""
    return media_type.startswith("image/") and media_type != "image/svg+xml"


def require_json(media_type: str) -> None:
    """Raise Problem for a media type that is not taken."""
    if media_type != "application/json":
        raise Problem(
            415,
            "media_type",
            "expected the Content-Type application/json, or for a search that of an image: image/jpeg",
        )


def media_type_of(content_type: str) -> str:
    """Return a Content-Type's media type, without parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def _too_large(limit: int) -> Problem:
    return Problem(413, "body_too_large", f"expected a body of at most {limit:,} bytes", {"Connection": "close"})


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
