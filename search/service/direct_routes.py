"""Answer searches without FastAPI, whose own work on a request takes as long as the rest of the service's.

It describes their routes, and answers at all others.
"""

import logging

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from search.service.problems import Problem, internal

_LOGGER = logging.getLogger(__name__)


class DirectRoutes:
    """An ASGI application that calls the functions of an application's POST routes, which have fixed paths.

    A function takes the request, and returns the response or raises Problem.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        routes = [route for route in app.routes if isinstance(route, APIRoute) and route.methods == {"POST"}]
        self._routes = {route.path: route for route in routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; raise Problem."""
        route = self._routes.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        # As FastAPI leaves it, for the metrics.
        scope["route"] = route
        try:
            response = await route.endpoint(Request(scope, receive))
        except Problem:
            raise
        except Exception as error:
            _LOGGER.exception("expected an answer, got a fault of the service")
            raise internal() from error
        await response(scope, receive, send)
