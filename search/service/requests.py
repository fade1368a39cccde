"""What a request may contain, as types that refuse everything else."""

from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from search.service.bounds import DEFAULT_PAGE, MAX_BATCH, MAX_EXAMPLES, MAX_ID, MAX_K
from search.service.problems import Problem

#: An item's id.
ItemId = Annotated[int, Field(ge=0, le=MAX_ID)]

#: Ids, at most as many as examples may be given.
Ids = Annotated[list[ItemId], Field(max_length=MAX_EXAMPLES)]

#: A filter, as `Searcher` takes it, such as `{"label": ["3", "8"], "width": {">=": 640}}`.
Filter = Annotated[dict[str, Any], Field(max_length=100)]

#: How the ways to search are named in JSON; exactly one is given.
_WAYS = ("id", "key", "vector", "like")


class Strict(BaseModel):
    """A JSON object without other fields than these, of exactly these types, without NaN and infinities."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class SearchOptions(Strict):
    """How many items are wanted, how near, which, and which not."""

    k: Annotated[int | None, Field(ge=1, le=MAX_K, description="The number of neighbours; 5 unless it or a radius")] = (
        None
    )
    radius: Annotated[float | None, Field(ge=0, description="Only items within this Euclidean distance")] = None
    where: Filter | None = None
    exclude: Ids = []


class SearchRequest(SearchOptions):
    """A search by exactly one of a stored item's id or key, a vector, and ids of items to be like."""

    id: ItemId | None = None
    key: Annotated[str | None, Field(max_length=100_000)] = None
    vector: Annotated[list[float] | None, Field(min_length=1, max_length=65_536)] = None
    fingerprint: Annotated[
        str | None, Field(max_length=64, description="With `vector`: the fingerprint of the embedding that made it")
    ] = None
    like: Annotated[Ids | None, Field(min_length=1)] = None
    unlike: Ids = []

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [way for way in _WAYS if getattr(self, way) is not None]
        if len(given) != 1:
            raise ValueError(f"expected exactly one of {', '.join(_WAYS)}, got {', '.join(given) or 'none'}")
        if self.unlike and self.like is None:
            raise ValueError("expected `like` beside `unlike`")
        if self.fingerprint is not None and self.vector is None:
            raise ValueError("expected `vector` beside `fingerprint`")
        return self


class BatchRequest(Strict):
    """Several searches, which are answered in order."""

    searches: Annotated[list[SearchRequest], Field(min_length=1, max_length=MAX_BATCH)]


class ItemsRequest(Strict):
    """A page of the items that a filter selects."""

    where: Filter | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_K, description="The most items of a page")] = DEFAULT_PAGE
    cursor: Annotated[str | None, Field(max_length=64, description="That of the page before, with its filter")] = None
    count_labels: Annotated[bool, Field(description="Count all that are selected by label too")] = False


Model = TypeVar("Model", bound=BaseModel)


def parsed(model: type[Model], body: bytes) -> Model:
    """Return a request's JSON body as a model; raise Problem, which never repeats what was sent."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        code, status = ("json_invalid", 400) if first["type"] == "json_invalid" else ("request_invalid", 422)
        field = ".".join(str(part) for part in first["loc"] if isinstance(part, int) or part.isidentifier())
        # A location may hold a name that was sent; known fields are short.
        where = f" in {field[:100]}" if field else ""
        raise Problem(status, code, f"{_sentence(first['msg'])}{where}") from None


def _sentence(message: str) -> str:
    """Return pydantic's message as a sentence of this service."""
    text = message.removeprefix("Value error, ")
    return text if text.startswith("expected") else f"expected a valid request: {text[:1].lower()}{text[1:]}"
