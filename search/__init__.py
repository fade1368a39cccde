"""Search a store by image, id, key or vector; find duplicates and label issues; draw figures."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search.classify import Prediction, Predictions
    from search.curation.duplicates import find_duplicates
    from search.curation.label_issues import find_label_issues
    from search.curation.leaks import find_leaks
    from search.curation.outliers import find_outliers
    from search.explorer.explore import explore
    from search.results import QueryResult, QueryResults
    from search.searcher import Searcher

__all__ = [
    "Prediction",
    "Predictions",
    "QueryResult",
    "QueryResults",
    "Searcher",
    "explore",
    "find_duplicates",
    "find_label_issues",
    "find_leaks",
    "find_outliers",
]

#: The module of each public name. They are imported at their first use: a search by id needs no OpenCV.
_MODULES = {
    **dict.fromkeys(("Prediction", "Predictions"), "classify"),
    **dict.fromkeys(("QueryResult", "QueryResults"), "results"),
    "Searcher": "searcher",
    "explore": "explorer.explore",
    "find_duplicates": "curation.duplicates",
    "find_label_issues": "curation.label_issues",
    "find_leaks": "curation.leaks",
    "find_outliers": "curation.outliers",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
