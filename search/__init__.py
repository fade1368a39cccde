"""Queries by image, id, key or vector, what they tell of a collection, and pictures of both."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from search.classify import Prediction
from search.results import QueryResult, QueryResults
from search.searcher import Searcher

if TYPE_CHECKING:
    from search.curation.duplicates import duplicates_of
    from search.curation.label_issues import suspects_of

__all__ = ["Prediction", "QueryResult", "QueryResults", "Searcher", "duplicates_of", "suspects_of"]

#: Imported when they are asked for: they need OpenCV, and a search by id does not.
_HOMES = {"duplicates_of": "curation.duplicates", "suspects_of": "curation.label_issues"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
