"""The ready-made selections of a page: suspects, groups of duplicates, the hits of a query, rejected inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.curation.duplicates import Duplicates
from search.curation.label_issues import LabelIssues
from search.results import QueryResult
from storage.types.jobs import Rejected

_TRAINED_NOTE = "; the vectors were trained on the labels, which hides wrong ones"


@dataclass(frozen=True)
class Findings:
    """Label issues, duplicates and a query's hits if there are any to open on, and rejected inputs."""

    issues: LabelIssues
    duplicates: Duplicates | None
    query: QueryResult | None
    rejects: Sequence[Rejected]

    @property
    def suspects_note(self) -> str:
        """Return a line about the label issues."""
        text = self.issues.summary().split(";")[0]
        return text + _TRAINED_NOTE * self.issues.trained_on_labels

    def as_json(self, ids: NDArray[np.int64]) -> dict[str, Any]:
        """Return the findings with items as indices into these ids, without items that are not among them."""
        index_of = {id: index for index, id in enumerate(ids.tolist())}
        groups = [] if self.duplicates is None else self.duplicates.groups
        members = [[member.id for member in group.members] for group in groups]
        indices = [[index_of[id] for id in group if id in index_of] for group in members]
        return {
            "suspects": [
                {
                    "index": index_of[issue.item.id],
                    "said": issue.predicted_label,
                    "margin": issue.margin,
                    "confidence": issue.confidence,
                }
                for issue in self.issues.issues
                if issue.item.id in index_of
            ],
            "groups": [group for group in indices if len(group) > 1],
            "query": None if self.query is None else self._query_json(self.query, index_of),
            "rejects": [{"key": reject.key, "reason": reject.reason} for reject in self.rejects],
        }

    @staticmethod
    def _query_json(query: QueryResult, index_of: Mapping[int, int]) -> dict[str, Any]:
        """Return a query's name, its item if it is a stored one, -1 otherwise, and its hits, without metadata."""
        hits = [hit for hit in query.hits if hit.id in index_of]
        return {
            "name": query.query,
            "item": -1 if query.item is None else index_of.get(query.item.id, -1),
            "hits": [index_of[hit.id] for hit in hits],
            "distances": [hit.distance for hit in hits],
            "total": len(query.hits),
        }
