"""Fit the regression by which `search/curation/copy_confidence.py` says how sure it is that two pictures are copies.

The pairs are near in vectors, in folders of drawings and wallpapers, and of digits, with altered copies of
many of them. The folders are none of those that `copies_found.py` measures.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.measures.altered_files import make_folder, make_folder_of_digits
from benchmarks.measures.labelled_pairs import LabelledPair, labelled_pairs
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.recipes import PHOTO, RETRIEVAL
from ingest.job import ingest
from search.curation.confidence_model import ConfidenceModel
from storage import Store

#: The inverse of the strength of regularisation: of 0.01 to 1 the one whose confidences come true in another folder.
_C = 0.1

#: How much a pair of digits counts: with the full weight twice as many drawings that are none are called copies.
_DIGITS_WEIGHT = 0.1

#: The seeds of the folders; those that are measured have lower ones.
DRAWINGS_SEED, DIGITS_SEED = 101, 201


@dataclass(frozen=True)
class FitEffort:
    """How many drawings and wallpapers, and how many digits, and how many copies of each."""

    drawings: int
    drawing_copies: int
    digits: int
    digit_copies: int


FULL = FitEffort(600, 400, 1000, 200)


def pairs_to_fit(
    effort: FitEffort, make_backbone: BackboneFactory, on_stage: Callable[[str], None] = lambda _: None
) -> Iterator[LabelledPair]:
    """Yield the pairs of the folders, made, embedded and compared anew; raise UnfitForBenchmark."""
    folders = (
        ("drawings", make_folder, (effort.drawings, DRAWINGS_SEED, effort.drawing_copies), PHOTO, 1.0),
        ("digits", make_folder_of_digits, (effort.digits, DIGITS_SEED, effort.digit_copies), RETRIEVAL, _DIGITS_WEIGHT),
    )
    for name, make, arguments, recipe, weight in folders:
        on_stage(f"pairs of {name}")
        with tempfile.TemporaryDirectory(prefix="lookalike-") as place:
            pictures, store = Path(place, "pictures"), Path(place, "store")
            pictures.mkdir()
            copies = make(pictures, *arguments)
            ingest(f"folder:{pictures}", store, recipe=recipe, make_backbone=make_backbone)
            with Store.open(store) as opened:
                for pair in labelled_pairs(pictures, opened, copies):
                    yield replace(pair, weight=weight)


def fit_confidence(pairs: Sequence[LabelledPair]) -> ConfidenceModel:
    """Return the regression of pairs of which it is known whether they are copies; both kinds have the same weight."""
    known = [pair for pair in pairs if pair.is_copy is not None and not pair.evidence.is_empty]
    values = np.array([pair.evidence.values() for pair in known])
    is_copy = np.array([bool(pair.is_copy) for pair in known])
    weights = np.array([pair.weight for pair in known])
    weights[is_copy] *= weights[~is_copy].sum() / weights[is_copy].sum()
    mean, scale = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-9)
    terms = ConfidenceModel.terms((values - mean) / scale)
    centre, spread = terms.mean(axis=0), np.maximum(terms.std(axis=0), 1e-9)
    regression = LogisticRegression(C=_C, max_iter=5000).fit((terms - centre) / spread, is_copy, weights)
    coefficients = regression.coef_[0] / spread
    return ConfidenceModel.of_terms(mean, scale, float(regression.intercept_[0] - coefficients @ centre), coefficients)


def source_of(model: ConfidenceModel) -> str:
    """Return the text of `search/curation/copy_regression.py` with a model."""
    rows = "".join(f"        {row!r},\n" for row in model.products)
    return (
        '"""The regression of copies, as `python -m benchmarks confidence` prints it."""\n\n'
        "from search.curation.confidence_model import ConfidenceModel\n\n"
        "MODEL = ConfidenceModel(\n"
        f"    mean={model.mean!r},\n"
        f"    scale={model.scale!r},\n"
        f"    constant={model.constant!r},\n"
        f"    linear={model.linear!r},\n"
        f"    products=(\n{rows}    ),\n"
        ")\n"
    )
