"""Queries by image, id, key or vector, and pictures of their answers."""

from search.results import QueryResult, QueryResults
from search.searcher import Searcher
from search.voting import Prediction

__all__ = ["Prediction", "QueryResult", "QueryResults", "Searcher"]
