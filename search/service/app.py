"""The service's routes."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import FastAPI, Path, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BeforeValidator
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from search.explorer.page import live_page
from search.service import answers, api_description, metrics
from search.service.body import BodyReader, is_image, media_type_of, require_json
from search.service.bounds import MAX_ID, MAX_ORIGINAL_BYTES, Bounds
from search.service.byte_budget import ByteBudget
from search.service.decoded_pictures import DecodedPictures
from search.service.direct_routes import DirectRoutes
from search.service.doors import DoorRules, Doors
from search.service.health import Health
from search.service.originals import no_original, original_of
from search.service.paced_response import PacedResponse
from search.service.page_data import PageData
from search.service.problems import Problem, internal, problem_of
from search.service.query_string import options_of
from search.service.requests import BatchRequest, ItemsRequest, SearchOptions, SearchRequest, parsed
from search.service.served_store import Loaded, ServedStore
from search.service.watched import Watched
from search.service.work import WorkQueue
from storage.errors import LookalikeError

Result = TypeVar("Result")


def _digits(text: str) -> str:
    """Return a text that has digits only; raise ValueError for others, some of which are numbers too, such as 1.0."""
    if not (text.isascii() and text.isdecimal()):
        raise ValueError
    return text


#: An item's id in a path.
PathId = Annotated[
    int,
    BeforeValidator(_digits),
    # The description has the bounds again: it leaves them out beside a validator.
    Path(ge=0, le=MAX_ID, json_schema_extra={"minimum": 0, "maximum": MAX_ID}),
]


@dataclass(frozen=True, slots=True)
class Service:
    """What the routes share."""

    store: ServedStore
    location: str
    work: WorkQueue
    pictures: WorkQueue
    decoded: DecodedPictures
    health: Health
    originals: bool = False
    page_data: PageData | None = None

    @classmethod
    def of(
        cls,
        store: ServedStore,
        location: str,
        health: Health,
        bounds: Bounds,
        *,
        threads: int,
        originals: bool = False,
        page_data: PageData | None = None,
    ) -> "Service":
        """Return the service of a store with so many threads for all but pictures."""
        work, pictures = WorkQueue(threads, bounds), WorkQueue(bounds.pictures, bounds)
        decoded = DecodedPictures(bounds.picture_bytes)
        return cls(store, location, work, pictures, decoded, health, originals, page_data)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Keep up with the store until the end, then begin nothing more."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.health.following(self.store))
            if self.page_data is not None:
                await stack.enter_async_context(self.page_data.following(self.store))
            yield
        self.work.close()
        self.pictures.close()

    @property
    def running(self) -> int:
        """Return how many requests are in a thread or wait for one."""
        return self.work.running + self.pictures.running

    async def answer_picture(self, data: bytes, options: SearchOptions) -> JSONResponse:
        """Return the answer to a search by an encoded picture; raise Problem."""

        def ask(loaded: Loaded) -> JSONResponse:
            with self.decoded.decoded(loaded.searcher, data) as image:
                return JSONResponse(answers.image_answer(loaded.searcher, image, options))

        return await self.answer(ask, self.pictures)

    def answer_at_once(self, asked: SearchRequest) -> JSONResponse | None:
        """Return the answer to a search that takes milliseconds and waits for nothing, otherwise None; raise Problem.

        The event loop's own thread searches: to tell another one, and to be told, would take half as long again.
        """
        try:
            with self.store.use() as loaded:
                answer = answers.answer_at_once(loaded.searcher, asked)
        except LookalikeError as error:
            raise problem_of(error, self.location) from error
        return None if answer is None else JSONResponse(answer)

    async def answer(self, ask: Callable[[Loaded], Result], queue: WorkQueue | None = None) -> Result:
        """Return what `ask` makes of the store, in a thread of a queue; raise Problem.

        It makes the whole response: the text of ten thousand hits would take the event loop a while.
        """

        def work() -> Result:
            with self.store.use() as loaded:
                return ask(loaded)

        try:
            return await (queue or self.work).run(work)
        except LookalikeError as error:
            raise problem_of(error, self.location) from error


def make_app(service: Service, rules: DoorRules, bounds: Bounds) -> ASGIApp:
    """Return the ASGI application: what is counted, then the doors, then the routes."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.following():
            yield

    app = FastAPI(
        title="Lookalike",
        summary="The items of a store most like a given one, with the answers of the library.",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
    )
    _add_health(app, service)
    _add_searches(app, service)
    _add_items(app, service)
    _add_originals(app, service, bounds)
    _add_page(app, service, bounds, needs_key=rules.api_key is not None)
    _add_description(app)
    _add_handlers(app)
    counted = metrics.Metrics(lambda: service.running, lambda: service.store.batch.number)

    @app.get("/metrics", include_in_schema=False)
    def read_metrics() -> Response:
        return Response(counted.text(), media_type=metrics.MEDIA_TYPE)

    return Watched(Doors(DirectRoutes(app), rules, BodyReader(bounds)), counted)


def _add_health(app: FastAPI, service: Service) -> None:
    @app.get("/livez", summary="Whether the process answers", tags=["health"])
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", summary="Whether searches are answered", tags=["health"], responses=api_description.PROBLEMS)
    async def readyz() -> dict[str, str]:
        service.health.require_ready()
        return {"status": "ready"}


def _add_searches(app: FastAPI, service: Service) -> None:
    @app.post("/v1/search", summary="Search by id, key, vector, examples or image", **api_description.SEARCH)
    async def search(request: Request) -> JSONResponse:
        body = await request.body()
        media_type = media_type_of(request.headers.get("content-type", ""))
        if is_image(media_type):
            return await service.answer_picture(body, options_of(request.query_params))
        require_json(media_type)
        if request.query_params:
            raise Problem(
                422, "request_invalid", "expected the options of a JSON search in its body, got some in the URL"
            )
        asked = parsed(SearchRequest, body)
        if (answer := service.answer_at_once(asked)) is not None:
            return answer
        return await service.answer(lambda loaded: JSONResponse(answers.search_answer(loaded.searcher, asked)))

    @app.post("/v1/search/batch", summary="Search several times at once", **api_description.BATCH)
    async def search_batch(request: Request) -> JSONResponse:
        require_json(media_type_of(request.headers.get("content-type", "")))
        searches = parsed(BatchRequest, await request.body()).searches
        # One call, so that all answers are of one state of the store.
        return await service.answer(
            lambda loaded: JSONResponse(
                {"results": [answers.search_answer(loaded.searcher, asked) for asked in searches]}
            )
        )


def _add_items(app: FastAPI, service: Service) -> None:
    async def get(request: Request, ask: Callable[[Loaded], Response]) -> Response:
        """Return the answer with its tag, or that the client has the newest answer already."""
        # Read before the answer: a batch that comes in between makes the client ask once more.
        tag = f'"{service.store.batch.chain.hex()}"'
        response = Response(status_code=304) if tag in known_tags(request) else await service.answer(ask)
        response.headers["ETag"] = tag
        return response

    @app.get("/v1/store", summary="What the store is", **api_description.STORE)
    async def store(request: Request) -> Response:
        return await get(request, lambda loaded: JSONResponse(answers.store_answer(loaded.searcher, loaded.batch)))

    @app.post("/v1/items/query", summary="List items, filtered and counted", **api_description.ITEMS)
    async def query_items(request: Request) -> JSONResponse:
        require_json(media_type_of(request.headers.get("content-type", "")))
        asked = parsed(ItemsRequest, await request.body())
        return await service.answer(lambda loaded: JSONResponse(answers.items_answer(loaded.searcher, asked)))

    @app.get("/v1/items/query", include_in_schema=False)
    async def refuse_query_by_get() -> None:
        # Otherwise it would be taken for an id that is none.
        raise HTTPException(405, headers={"Allow": "POST"})

    @app.get("/v1/items/{id}", summary="A stored item", **api_description.ITEM)
    async def item(request: Request, id: PathId) -> Response:
        return await get(request, lambda loaded: JSONResponse(answers.item_answer(loaded.searcher, id)))

    @app.get("/v1/items/{id}/thumbnail", summary="An item's thumbnail, a PNG", **api_description.THUMBNAIL)
    async def thumbnail(request: Request, id: PathId) -> Response:
        return await get(
            request,
            lambda loaded: Response(answers.thumbnail_answer(loaded.searcher, id), media_type="image/png"),
        )


def _add_originals(app: FastAPI, service: Service, bounds: Bounds) -> None:
    budget = ByteBudget(bounds.original_bytes)

    @app.get("/v1/items/{id}/original", summary="An item's file, as it was embedded", **api_description.ORIGINAL)
    async def original(id: PathId) -> Response:
        if not service.originals:
            raise no_original("expected a service that gives originals out: start it with --originals")
        # How large it is, is known once it has been read.
        share = budget.take(MAX_ORIGINAL_BYTES, "an original file")
        try:
            found = await service.answer(lambda loaded: original_of(loaded.searcher.store, id))
        except BaseException:
            share.release()
            raise
        share.shrink(len(found.data))
        return PacedResponse(
            lambda start, size: found.data[start : start + size],
            len(found.data),
            found.media_type,
            bounds.seconds,
            share.release,
        )


def _add_page(app: FastAPI, service: Service, bounds: Bounds, *, needs_key: bool) -> None:
    page = live_page(needs_key=needs_key)

    def page_data() -> PageData:
        if service.page_data is None:
            raise Problem(404, "no_explorer", "expected a service with a page: start it without --no-explorer")
        return service.page_data

    @app.get("/", include_in_schema=False)
    async def read_page() -> Response:
        page_data()
        policy = f"{page.policy}; frame-ancestors 'none'"
        return HTMLResponse(page.html, headers={"Content-Security-Policy": policy})

    @app.get("/v1/explorer", include_in_schema=False)
    async def read_page_data(request: Request) -> Response:
        data, current = page_data(), page_data().current
        if current is None:
            return JSONResponse({"status": "pending", "detail": data.status}, 202, {"Retry-After": "2"})
        headers = {"ETag": f'"{current.chain}"'}
        if headers["ETag"] in known_tags(request):
            return Response(status_code=304, headers=headers)
        return PacedResponse(
            current.read, current.size, "application/octet-stream", bounds.seconds, current.use(), headers
        )


def known_tags(request: Request) -> set[str]:
    """Return the tags of the answers that a client has."""
    return {known.strip() for known in request.headers.get("if-none-match", "").split(",")}


def _add_description(app: FastAPI) -> None:
    @app.get("/openapi.json", include_in_schema=False)
    def openapi() -> JSONResponse:
        return JSONResponse(app.openapi())

    @app.get("/docs", include_in_schema=False)
    def docs() -> Response:
        return Response(api_description.page(app.openapi()), media_type="text/html; charset=utf-8")


def _add_handlers(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def refuse(request: Request, problem: Problem) -> Response:
        request.scope["problem"] = problem.code
        return problem.response()

    @app.exception_handler(HTTPException)
    async def refuse_path(request: Request, error: HTTPException) -> Response:
        codes = {404: ("unknown_path", "expected a path of this service"), 405: ("method", "expected another method")}
        code, detail = codes.get(error.status_code, ("request_invalid", "expected a valid request"))
        return await refuse(request, Problem(error.status_code, code, detail, error.headers))

    # FastAPI's own repeats what was sent, and cannot say numbers that JSON has not.
    @app.exception_handler(RequestValidationError)
    async def refuse_values(request: Request, _: RequestValidationError) -> Response:
        return await refuse(request, Problem(422, "request_invalid", "expected an id that is a whole number"))

    @app.exception_handler(Exception)
    async def fail(request: Request, _: Exception) -> Response:
        return await refuse(request, internal())
