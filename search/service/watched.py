"""Count every request, its time and what it was refused for."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search.service.metrics import Metrics


class Watched:
    """An ASGI application whose responses are counted."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def send_counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_counted)
        finally:
            # The template, not the path: a client may send as many paths as it likes.
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.seconds.labels(route).observe(time.perf_counter() - started)
            self._metrics.responses.labels(route, str(status)).inc()
            if (code := scope.get("problem")) is not None:
                self._metrics.refusals.labels(code).inc()
