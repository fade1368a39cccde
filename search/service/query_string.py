"""The options of a search by image, whose body is the image: they are in the URL's query."""

import json
from typing import Any

from starlette.datastructures import QueryParams

from search.service.problems import Problem
from search.service.requests import SearchOptions, parsed
from search.where_option import where_of
from storage.errors import InvalidQuery

#: The options that are numbers, given once, and those that may be repeated.
_ONCE, _REPEATED = ("k", "radius"), ("where", "exclude")


def options_of(query: QueryParams) -> SearchOptions:
    """Return the options of `k=5&radius=0.5&where=label=7&where=width>=640&exclude=3`; raise Problem.

    `where` is a filter as the command's `--where`.
    """
    document: dict[str, Any] = {}
    for name in query:
        values = query.getlist(name)
        if name in _ONCE:
            if len(values) > 1:
                raise Problem(422, "request_invalid", f"expected {name} once, got it {len(values)} times")
            document[name] = _number(name, values[0])
        elif name == "exclude":
            document[name] = [_number(name, value) for value in values]
        elif name not in _REPEATED:
            raise Problem(422, "request_invalid", f"expected only {', '.join(_ONCE + _REPEATED)} in the URL's query")
    try:
        where = where_of(query.getlist("where"))
    except InvalidQuery as error:
        raise Problem(422, "invalid_query", str(error)) from error
    if where is not None:
        document["where"] = where
    return parsed(SearchOptions, json.dumps(document).encode())


def _number(name: str, text: str) -> int | float:
    try:
        number: object = json.loads(text)
    except (ValueError, RecursionError):
        number = None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise Problem(422, "request_invalid", f"expected a number for {name}")
    return number
