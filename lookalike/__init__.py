"""Lookalike: find the images most similar to a given one by exact search, with every row of an answer verified.

`ingest` fills a store from a source of images, `Searcher` answers queries from it; `python -m lookalike` or the command
`lookalike` do the same from a shell.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest import IngestReport, Plan, RenewalReport, SourceImage, ingest, plan, renew, retry
    from search import (
        QueryResult,
        QueryResults,
        Searcher,
        explore,
        find_duplicates,
        find_label_issues,
        find_leaks,
        find_outliers,
    )
    from storage import Hit, LookalikeError, Store

__all__ = [
    "Hit",
    "IngestReport",
    "LookalikeError",
    "Plan",
    "QueryResult",
    "QueryResults",
    "RenewalReport",
    "Searcher",
    "SourceImage",
    "Store",
    "__version__",
    "explore",
    "find_duplicates",
    "find_label_issues",
    "find_leaks",
    "find_outliers",
    "ingest",
    "plan",
    "renew",
    "retry",
]

__version__: str

#: The package of each public name, imported when the name is first used: a search by id needs no OpenCV.
_PACKAGES = {
    **dict.fromkeys(
        ("IngestReport", "Plan", "RenewalReport", "SourceImage", "ingest", "plan", "renew", "retry"), "ingest"
    ),
    **dict.fromkeys(
        (
            "QueryResult",
            "QueryResults",
            "Searcher",
            "explore",
            "find_duplicates",
            "find_label_issues",
            "find_leaks",
            "find_outliers",
        ),
        "search",
    ),
    **dict.fromkeys(("Hit", "LookalikeError", "Store"), "storage"),
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        # Imported here: it loads a part of the standard library that starting takes long enough without.
        from importlib import metadata

        return metadata.version("lookalike")
    if name not in _PACKAGES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PACKAGES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
