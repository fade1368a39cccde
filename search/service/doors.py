"""What is checked of every request before anything of its body is read: host, origin, key, method and size.

A page elsewhere reaches a service on this machine by a name that it makes resolve to a loopback address (DNS
rebinding), which the Host header gives away; a page that sends a request across origins is given away by Origin.
"""

import hmac
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from search.service.body import BodyReader
from search.service.bounds import MAX_URL
from search.service.problems import Problem

#: Names of this machine, which are always allowed as Host.
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")

#: What needs no key: the service's health, which programs without one ask for, and the page, which asks for the key.
OPEN_PATHS = ("/livez", "/readyz", "/")

#: Sent with every response: none but the page at / loads anything, and that has a policy of its own.
_SECURITY_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"private, no-cache"),
)


@dataclass(frozen=True, slots=True)
class DoorRules:
    """Who may ask: the allowed names of the service, without port, and the key that requests need, if any."""

    hosts: frozenset[str]
    api_key: str | None = None


class Doors:
    """An ASGI application that lets requests through to another; the rest is refused as a problem."""

    def __init__(self, app: ASGIApp, rules: DoorRules, bodies: BodyReader) -> None:
        self._app = app
        self._rules = rules
        self._bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; anything but HTTP is refused."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        request_id = scope["request_id"] = uuid.uuid4().hex
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = {name for name, _ in message["headers"]}
                added = (header for header in _SECURITY_HEADERS if header[0] not in own)
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), *added]
            await send(message)

        try:
            self._check(scope)
            async with self._bodies.read(scope, receive) as buffered:
                await self._app(scope, buffered, send_with_headers)
        except Problem as problem:
            if started:
                raise
            scope["problem"] = problem.code
            await problem.response()(scope, receive, send_with_headers)

    def _check(self, scope: Scope) -> None:
        """Raise Problem unless the request may be looked at."""
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or host_name(hosts[0]) not in self._rules.hosts:
            raise Problem(
                400, "host_not_allowed", "expected a Host that this service has: --allow-host lets more be served"
            )
        if len(scope["path"]) + len(scope["query_string"]) > MAX_URL:
            raise Problem(400, "url_too_long", f"expected a URL of at most {MAX_URL} characters")
        for origin in headers.getlist("origin"):
            if urlsplit(origin).netloc != hosts[0]:
                raise Problem(400, "origin_not_allowed", "expected no Origin, or that of this service")
        key = self._rules.api_key
        if key is not None and scope["path"] not in OPEN_PATHS and not _has_key(headers, key):
            raise Problem(
                401,
                "key_needed",
                "expected the service's API key in the header Authorization: Bearer KEY",
                {"WWW-Authenticate": "Bearer"},
            )


def host_name(host: str) -> str:
    """Return the name in a Host header, without its port, in lower case."""
    name, separator, port = host.rpartition(":")
    return (name if separator and port.isdecimal() else host).lower()


def _has_key(headers: Headers, key: str) -> bool:
    values = headers.getlist("authorization")
    scheme, _, given = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    # In a time that does not depend on how much of the key is right.
    right = hmac.compare_digest(given.encode(), key.encode())
    return right and scheme.lower() == "bearer"
