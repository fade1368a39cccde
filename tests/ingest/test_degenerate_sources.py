"""Jobs and measurements over sources with next to nothing in them, or nothing to tell apart, with every head."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures.accuracy import measure_accuracy
from ingest.errors import SourceUnusable
from ingest.job import ingest
from ingest.sources import InMemorySource
from storage import Store
from tests.errors import error_message
from tests.toys import TOY, grey_source, toy_backbone

HEADS = {
    "pca": TOY,
    "whitened": replace(TOY, whiten=1.0),
    "dense": replace(TOY, head="dense"),
    "ridge": replace(TOY, head="ridge", whiten=0.5),
    "trained": replace(TOY, head="trained"),
}
#: Grey levels, and a letter for the label of each, a dot for none.
CASES = {
    "no image": ([], ""),
    "one": ([9], "a"),
    "two": ([9, 90], "ab"),
    "two of one label": ([9, 90], "aa"),
    "three": ([9, 90, 200], "aba"),
    "all equal": ([9] * 8, "abababab"),
    "all black": ([0] * 8, "abababab"),
    "two values": ([9, 90] * 4, "abababab"),
    "no labels": ([0, 1, 3, 7, 15, 31], "......"),
    "all labels different": ([0, 1, 3, 7, 15, 31], "abcdef"),
}


def source(name: str) -> InMemorySource:
    levels, labels = CASES[name]
    keys = [f"item {number}" for number in range(len(levels))]
    labelled = {key: label for key, label in zip(keys, labels, strict=True) if label != "."}
    return grey_source(dict(zip(keys, levels, strict=True)), labelled)


@pytest.mark.heavy
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("head", HEADS)
def test_every_head_gives_each_image_a_finite_vector_or_says_what_it_needs(
    head: str, case: str, tmp_path: Path
) -> None:
    levels, labels = CASES[case]
    count = len(set(labels) - {"."})
    if not levels or (HEADS[head].needs_labels and count < 2):
        message = error_message(
            SourceUnusable, ingest, source(case), tmp_path / "store", recipe=HEADS[head], make_backbone=toy_backbone()
        )
        assert message.startswith(
            "expected images of at least 2 labels" if HEADS[head].needs_labels else "expected at least one"
        )
        return
    ingest(source(case), tmp_path / "store", recipe=HEADS[head], make_backbone=toy_backbone())
    with Store.open(tmp_path / "store") as store:
        _, vectors = store.all_vectors()
        assert vectors.shape == (len(levels), 4)
        assert np.isfinite(vectors).all()
        # Equal images have equal vectors, and those of "two values" are told apart.
        assert len(np.unique(vectors, axis=0)) in {1, len(set(levels))}


@pytest.mark.parametrize("case", CASES)
def test_accuracy_is_a_share_or_a_line_on_what_is_missing(case: str) -> None:
    levels, labels = CASES[case]
    test = max(1, len(levels) // 3)
    if len(levels) < 2 or "." in labels:
        message = error_message(
            UnfitForBenchmark, measure_accuracy, source(case), TOY, test=test, make_backbone=toy_backbone()
        )
        assert message.startswith("expected a label" if "." in labels else "expected at least 2 images in greys")
        return
    report = measure_accuracy(source(case), TOY, test=test, make_backbone=toy_backbone())
    expected = {"two of one label": 1.0, "two values": 1.0, "all equal": 0.5, "all black": 0.5}.get(case, 0.0)
    assert (report.train, report.test, report.one_nn_accuracy) == (len(levels) - test, test, expected)
