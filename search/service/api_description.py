"""What OpenAPI says of the routes, and a page of it that loads nothing."""

import json
from typing import Any

from markupsafe import Markup

from search.service import problems
from search.service.requests import BatchRequest, ItemsRequest, SearchRequest

_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "Stable, for programs."},
        "detail": {"type": "string", "description": "What was expected, for people."},
    },
}
_PROBLEM = {"content": {problems.MEDIA_TYPE: {"schema": _PROBLEM_SCHEMA}}}

#: The problems of every route.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": description, **_PROBLEM}
    for status, description in {
        400: "The request is not let in, or is no JSON",
        401: "The API key is missing or wrong",
        404: "There is no such item or path",
        408: "The body did not arrive in time",
        409: "The cursor is of a batch that is not searched any more",
        413: "The body is too large",
        415: "The body's media type is not taken",
        422: "The request asks for something without meaning",
        503: "Too much is asked at once, or the store cannot be searched: try again after Retry-After",
    }.items()
}

_VALUE: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_ITEM_FIELDS = {
    "id": {"type": "integer"},
    "key": {"type": "string"},
    "label": _VALUE,
    "metadata": {"type": "object"},
}
_ITEM = {"type": "object", "required": list(_ITEM_FIELDS), "properties": _ITEM_FIELDS}
_HIT = {
    "type": "object",
    "required": ["rank", *_ITEM_FIELDS, "distance"],
    "properties": {"rank": {"type": "integer"}, **_ITEM_FIELDS, "distance": {"type": "number"}},
}
_RESULT = {
    "type": "object",
    "required": ["query", "hits"],
    "properties": {
        "query": {"type": "object", "required": ["asked"], "properties": {"asked": {"type": "string"}}},
        "hits": {"type": "array", "items": _HIT},
    },
}
_RESULT_EXAMPLE = {
    "query": {"asked": "item 3 (3.jpg)", "id": 3, "key": "3.jpg", "label": "cats"},
    "hits": [
        {
            "rank": 1,
            "id": 8,
            "key": "8.jpg",
            "label": "cats",
            "distance": 0.41,
            "metadata": {"width": 640, "height": 480},
        }
    ],
}


def _response(schema: dict[str, Any], example: Any, description: str) -> dict[int | str, dict[str, Any]]:
    return PROBLEMS | {
        200: {"description": description, "content": {"application/json": {"schema": schema, "example": example}}}
    }


def _json_body(schema: dict[str, Any], examples: dict[str, Any]) -> dict[str, Any]:
    named = {name: {"value": value} for name, value in examples.items()}
    return {"application/json": {"schema": schema, "examples": named}}


_SEARCH_EXAMPLES = {
    "by id": {"id": 3, "k": 5},
    "by key, filtered": {"key": "3.jpg", "where": {"label": ["cats", "dogs"], "width": {">=": 640}}},
    "by vector": {"vector": [0.6, 0.8], "radius": 0.5},
    "by examples": {"like": [3, 8], "unlike": [5]},
}
_QUERY_PARAMETERS = [
    {"name": name, "in": "query", "required": False, "schema": schema, "description": description}
    for name, schema, description in (
        ("k", {"type": "integer", "minimum": 1, "maximum": 1000}, "With an image: the number of neighbours"),
        ("radius", {"type": "number", "minimum": 0}, "With an image: only items within this distance"),
        ("where", {"type": "array", "items": {"type": "string"}}, "With an image: filters such as label=cats"),
        ("exclude", {"type": "array", "items": {"type": "integer"}}, "With an image: ids to leave out"),
    )
]

SEARCH: dict[str, Any] = {
    "tags": ["search"],
    "responses": _response(_RESULT, _RESULT_EXAMPLE, "The query and its hits, nearest first"),
    "openapi_extra": {
        "parameters": _QUERY_PARAMETERS,
        "requestBody": {
            "required": True,
            "content": _json_body(SearchRequest.model_json_schema(), _SEARCH_EXAMPLES)
            | {"image/*": {"schema": {"type": "string", "format": "binary"}}},
        },
    },
}
#: With the schema of a search in its place: references to other parts would be of the whole description.
_BATCH_SCHEMA = BatchRequest.model_json_schema()
_BATCH_SCHEMA.pop("$defs")
_BATCH_SCHEMA["properties"]["searches"]["items"] = SearchRequest.model_json_schema()

BATCH: dict[str, Any] = {
    "tags": ["search"],
    "responses": _response(
        {"type": "object", "required": ["results"], "properties": {"results": {"type": "array", "items": _RESULT}}},
        {"results": [_RESULT_EXAMPLE]},
        "The results, in the order of the searches",
    ),
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": _json_body(_BATCH_SCHEMA, {"two": {"searches": [{"id": 3}, {"key": "8.jpg", "k": 2}]}}),
        }
    },
}
_ITEM_EXAMPLE = {"id": 3, "key": "3.jpg", "label": "cats", "metadata": {"width": 640}}
_COUNT = {
    "type": "object",
    "required": ["label", "items"],
    "properties": {"label": _VALUE, "items": {"type": "integer"}},
}
ITEMS: dict[str, Any] = {
    "tags": ["items"],
    "responses": _response(
        {
            "type": "object",
            "required": ["items", "total", "cursor"],
            "properties": {
                "items": {"type": "array", "items": _ITEM},
                "total": {"type": "integer", "description": "How many are selected, on all pages"},
                "cursor": _VALUE | {"description": "Of the next page; null on the last one"},
                "labels": {"type": "array", "items": _COUNT},
            },
        },
        {"items": [_ITEM_EXAMPLE], "total": 2, "cursor": None, "labels": [{"label": "cats", "items": 2}]},
        "A page of the items, in the order of their ids",
    ),
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": _json_body(
                ItemsRequest.model_json_schema(),
                {"wide cats": {"where": {"label": "cats", "width": {">=": 640}}, "limit": 2, "count_labels": True}},
            ),
        }
    },
}
STORE: dict[str, Any] = {
    "tags": ["store"],
    "responses": _response(
        {"type": "object"}, {"items": 5000, "dim": 128, "recipe": "retrieval"}, "Counts, and the vectors' embedding"
    ),
}
ITEM: dict[str, Any] = {
    "tags": ["items"],
    "responses": _response(_ITEM, _ITEM_EXAMPLE, "The item"),
}
THUMBNAIL: dict[str, Any] = {
    "tags": ["items"],
    "responses": PROBLEMS
    | {
        200: {
            "description": "The thumbnail",
            "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
}
ORIGINAL: dict[str, Any] = {
    "tags": ["items"],
    "responses": PROBLEMS
    | {
        200: {
            "description": "The file, only with --originals and while it is as it was embedded",
            "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
}

_PAGE = Markup(
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
    "<title>Lookalike over HTTP</title><h1>Lookalike over HTTP</h1>"
    "<p>The items of a store most like a given one. <a href=openapi.json>The description for programs</a>.</p>{}</html>"
)
_ROUTE = Markup("<section><h2><code>{} {}</code></h2><p>{}</p>{}</section>")
_EXAMPLE = Markup("<h3>{}</h3><pre>{}</pre>")


def page(description: dict[str, Any]) -> str:
    """Return a page of the routes with their examples, of OpenAPI's description; it has no script and no style."""
    sections = Markup("").join(
        _ROUTE.format(method.upper(), path, operation.get("summary", ""), _examples(operation))
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
    )
    return str(_PAGE.format(sections))


def _examples(operation: dict[str, Any]) -> Markup:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    named = [(name, example["value"]) for name, example in content.get("examples", {}).items()]
    return Markup("").join(_EXAMPLE.format(name, json.dumps(value, indent=2)) for name, value in named)
