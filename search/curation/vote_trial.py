"""How much a vote for another label is worth in a store: tried with labels of its own that are moved at random."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from search.curation.label_votes import Votes, cast_votes

if TYPE_CHECKING:
    from sklearn.isotonic import IsotonicRegression

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]

#: The share of the labels that is moved in each round.
MOVED_SHARE = 0.05

#: Rounds are added until so many labels were moved.
_MOVED = 2000
_MOST_ROUNDS = 20

#: With fewer items there is too little to try.
LEAST_ITEMS = 100

#: More labels than this are not taken to be wrong but to mean little, and MOVED_SHARE of them to be wrong.
_MOST_WRONG = 0.12

#: How many labels are wrong is told by the clearest votes: so many of those on moved labels. Less clear ones are often
#: against labels that are right.
_CLEAREST = 0.2

#: Evidence is rounded to so many decimals, 1 % of a ratio: what differs by the rounding of float32 is equal.
_DECIMALS = 2

_SEED = 53


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """The nearest labelled neighbours of n items, none of which is the only one of its label.

    `own` (n,) are the labels' numbers; `neighbours` (n, k) are positions of labelled items, `distances` (n, k) to them.
    `labels` (m,) has the label of each labelled item, of which the first n are the items. `counts` (n,) says how many
    neighbours there are, at most k; what is beyond means nothing.
    """

    own: _Integers
    neighbours: _Integers
    distances: _Floats
    labels: _Integers
    counts: _Integers

    def votes(self, labels: _Integers) -> Votes:
        """Return the votes if the labelled items had these labels.

        For a label of m items at most 2(m - 1) - 1 neighbours vote, so that the m - 1 others of a rare label can win.
        """
        own = labels[: len(self.own)]
        return cast_votes(own, labels[self.neighbours], self.distances, self._voters(labels))

    @property
    def voters(self) -> _Integers:
        """Return how many neighbours vote on each item, (n,), by the labels that they have."""
        return self._voters(self.labels)

    def _voters(self, labels: _Integers) -> _Integers:
        items = np.bincount(labels)[labels[: len(self.own)]] if len(self.own) else np.empty(0, np.int64)
        return np.minimum(self.counts, np.maximum(2 * items - 3, 1))


@dataclass(frozen=True, eq=False)
class VoteTrial:
    """What votes on labels that were moved at random have shown.

    `moved` counts the moved labels of all rounds, `found` those that the vote was against. `wrong_share` is the share
    of the store's labels that is taken to be wrong: as many as the clearest votes are against, but MOVED_SHARE where
    these are more than 0.12.
    """

    rounds: int
    moved: int
    found: int
    wrong_share: float
    _curve: "IsotonicRegression" = field(repr=False)

    def confidence(self, evidence: _Floats) -> _Floats:
        """Return the share of wrong labels among those that the vote is against so clearly, (n,).

        The moved labels tell how many wrong ones have such a vote, those left in place how many there are in all.
        """
        if not len(evidence):
            return evidence
        moved = np.minimum(np.asarray(self._curve.predict(np.round(evidence, _DECIMALS)), np.float64), 1 - 1e-9)
        return np.asarray(np.minimum(self.wrong_share / MOVED_SHARE * moved / (1 - moved), 1.0))

    def as_json(self) -> dict[str, Any]:
        """Return the trial as JSON."""
        return {
            "moved_share": MOVED_SHARE,
            "rounds": self.rounds,
            "moved": self.moved,
            "found": self.found,
            "wrong_share": self.wrong_share,
        }


def try_votes(neighbourhoods: Neighbourhoods) -> VoteTrial | None:
    """Return how votes did on labels that were moved at random; None if there are too few items or one label only."""
    count = len(neighbourhoods.own)
    names = np.unique(neighbourhoods.own)
    if count < LEAST_ITEMS or len(names) < 2:
        return None
    generator = np.random.default_rng(_SEED)
    size = round(MOVED_SHARE * count)
    rounds = min(_MOST_ROUNDS, -(-_MOVED // size))
    evidence, is_moved, found = [], [], 0
    for _ in range(rounds):
        moved = np.zeros(count, np.bool_)
        moved[generator.choice(count, size, replace=False)] = True
        labels = neighbourhoods.labels.copy()
        positions = np.searchsorted(names, labels[:count][moved])
        labels[:count][moved] = names[(positions + generator.integers(1, len(names), size)) % len(names)]
        votes = neighbourhoods.votes(labels)
        against = votes.predicted != labels[:count]
        evidence.append(np.round(votes.evidence[against], _DECIMALS))
        is_moved.append(moved[against])
        found += int((moved & against).sum())
    if not found:
        return None
    all_evidence, all_moved = np.concatenate(evidence), np.concatenate(is_moved)
    # Imported here: scikit-learn takes a second to load, and a service or a page without label issues needs none.
    from sklearn.isotonic import IsotonicRegression

    curve = IsotonicRegression(out_of_bounds="clip").fit(all_evidence, all_moved)
    return VoteTrial(rounds, rounds * size, found, _wrong_share(all_evidence, all_moved), curve)


def _wrong_share(evidence: _Floats, is_moved: NDArray[np.bool_]) -> float:
    """Return the share of the store's labels that are taken to be wrong.

    Wrong labels would be found like moved ones: no more of them than there are labels with so clear a vote.
    """
    order = np.argsort(-evidence, kind="stable")
    moved = np.cumsum(is_moved[order])
    others = np.arange(1, len(order) + 1) - moved
    # Where there are too few moved labels the ratio is chance, and within equal evidence it has no meaning.
    ends = np.append(np.diff(evidence[order]) != 0, True) & (moved >= _CLEAREST * moved[-1])
    share = MOVED_SHARE * float((others[ends] / moved[ends]).min())
    return share if share <= _MOST_WRONG else MOVED_SHARE
