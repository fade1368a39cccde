"""Queries by image, id, key or vector, and pictures of their answers."""

from search.results import QueryResult
from search.searcher import Searcher

__all__ = ["QueryResult", "Searcher"]
