"""Errors over HTTP, as problem details with a stable code: RFC 9457, https://www.rfc-editor.org/rfc/rfc9457."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse

from ingest.errors import EmbeddingDrift, UnreadableImage, WeightsUnusable
from storage.errors import (
    InvalidItem,
    InvalidQuery,
    InvalidVectors,
    LookalikeError,
    OtherEmbedding,
    StoreBusy,
    StoreClosed,
    StoreCorrupt,
    UnknownItem,
)

MEDIA_TYPE = "application/problem+json"

#: Titles as of RFC 9110, section 15.5, which Python has from 3.13 on: a problem is the same on all.
_RENAMED = {413: "Content Too Large", 422: "Unprocessable Content"}


class Problem(Exception):
    """A request that is refused: its status, a stable code for programs, and a sentence for people."""

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """Return the problem as a response."""
        return JSONResponse(self.document(), self.status, self.headers, MEDIA_TYPE)

    def document(self) -> dict[str, Any]:
        """Return the problem as JSON."""
        title = _RENAMED.get(self.status) or HTTPStatus(self.status).phrase
        return {"type": "about:blank", "title": title, "status": self.status, "code": self.code, "detail": self.detail}


def unavailable(code: str, detail: str, retry_after: int = 1) -> Problem:
    """Return the problem of a request that may succeed when it is sent again after so many seconds."""
    return Problem(503, code, detail, {"Retry-After": str(retry_after)})


def internal() -> Problem:
    """Return the problem of a request that the service failed at; what failed is in its log."""
    return Problem(500, "internal", "expected an answer, got a fault of the service")


#: The status and code of the library's errors, the most special first.
_ERRORS: dict[type[LookalikeError], tuple[int, str]] = {
    UnknownItem: (404, "unknown_item"),
    UnreadableImage: (422, "unreadable_image"),
    InvalidVectors: (422, "invalid_vectors"),
    InvalidItem: (422, "invalid_query"),
    InvalidQuery: (422, "invalid_query"),
    EmbeddingDrift: (503, "embedding_drift"),
    WeightsUnusable: (503, "weights_unusable"),
    OtherEmbedding: (422, "other_embedding"),
    StoreCorrupt: (503, "store_damaged"),
    StoreBusy: (503, "store_busy"),
    StoreClosed: (503, "stopping"),
}


def without_location(text: str, location: str) -> str:
    """Return a text without the store's location on this machine, which is nobody's business."""
    return text.replace(location, "the store")


def problem_of(error: LookalikeError, location: str) -> Problem:
    """Return the problem that the library's error is."""
    detail = without_location(str(error), location)
    for kind, (status, code) in _ERRORS.items():
        if isinstance(error, kind):
            return unavailable(code, detail) if status == 503 else Problem(status, code, detail)
    return unavailable("store_unusable", detail)
