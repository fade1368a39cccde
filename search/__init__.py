"""Search a store by image, id, key or vector; find duplicates and label issues; draw figures."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from search.classify import Prediction, Predictions
from search.results import QueryResult, QueryResults
from search.searcher import Searcher

if TYPE_CHECKING:
    from search.curation.duplicates import find_duplicates
    from search.curation.label_issues import find_label_issues

__all__ = [
    "Prediction",
    "Predictions",
    "QueryResult",
    "QueryResults",
    "Searcher",
    "find_duplicates",
    "find_label_issues",
]

#: Imported on first use: they need OpenCV, and a search by id does not.
_LAZY = {"find_duplicates": "curation.duplicates", "find_label_issues": "curation.label_issues"}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
