"""Queries by image, id, key or vector, what they tell of a collection, and pictures of both."""

from search.duplicates import duplicates_of
from search.results import QueryResult, QueryResults
from search.searcher import Searcher
from search.suspects import suspects_of
from search.voting import Prediction

__all__ = ["Prediction", "QueryResult", "QueryResults", "Searcher", "duplicates_of", "suspects_of"]
