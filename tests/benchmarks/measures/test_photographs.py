"""The measurement of the recipe for photographs, on pictures whose scores are known by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures import image_query_times
from benchmarks.measures.altered_copies import ALTERATIONS
from benchmarks.measures.debian_pictures import Pictures
from benchmarks.measures.photographs import Effort, measure_photographs, nearest, score
from ingest.images.images import Image
from ingest.sources import SourceImage
from tests.errors import error_message
from tests.toys import TOY, grey, noise, png, toy_backbone


def mean_levels(images: list[Image]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([[image.mean()] for image in images], np.float32)


def test_the_nearest_vectors_come_first_and_a_vector_is_not_its_own_neighbour() -> None:
    vectors = np.array([[0], [1], [3], [3]], np.float32)
    assert nearest(vectors, np.array([[0.9], [3]], np.float32), 2).tolist() == [[1, 0], [2, 3]]
    assert nearest(vectors, vectors, 1, leave_one_out=True)[:, 0].tolist() == [1, 0, 3, 2]


def test_labelled_vectors_are_scored_among_each_other_and_copies_among_all() -> None:
    labels = {"a": 4, "b": 3}
    stored: list[tuple[str, str | None]] = [
        (f"{label}{number}", label) for label, count in labels.items() for number in range(count)
    ]
    levels = [0, 1, 2, 3, 100, 101, 3]
    # A photograph of level 200 lies nearest to nothing that is labelled, unless it is brighter, which is 255.
    stored += [("bright", None), ("white", None)]
    vectors = np.array([[level] for level in [*levels, 200, 255]], np.float32)
    photograph = SourceImage("bright", lambda: grey(200, 64))
    scored = score("toy", stored, vectors, [photograph], lambda images: mean_levels(list(images)))
    # b2 has the vector of a3, which is its nearest, as it is a3's.
    assert scored.one_nn_accuracy == pytest.approx(5 / 7)
    # The five nearest of an a have three others; of b0 and b1 one or two; of b2 the four a and one b.
    assert scored.precision_at_5 == pytest.approx((4 * 3 / 5 + 2 * 2 / 5 + 1 / 5) / 7)
    wrong = {kind for kind, share in scored.recall_by_kind.items() if share == 0}
    assert wrong == {"40 % brighter", "black border of 1/8"}
    assert scored.copies_recall_at_1 == pytest.approx(0.8)
    assert scored.copies_ci95 == pytest.approx((0.4902, 0.9433), abs=1e-3)


def test_a_report_has_the_scores_of_two_recipes_and_of_histograms_and_times_the_largest_photograph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawings = [
        SourceImage(f"{label}{number}", lambda level=level + number: grey(level), label)  # type: ignore[misc]
        for label, level in (("dark", 0), ("light", 200))
        for number in range(6)
    ]
    files = {tmp_path / f"{side}.png": side for side in (20, 40)}
    for path, side in files.items():
        path.write_bytes(png(noise(side, side, 3, seed=side)))
    photos = [SourceImage(str(path), path.read_bytes) for path in files]
    drawings.append(SourceImage("unreadable", lambda: b"no picture", "dark"))
    asked: list[tuple[Path, Path | None]] = []
    monkeypatch.setattr(
        image_query_times, "_query_in_new_process", lambda _, image, weights: asked.append((image, weights))
    )
    report = measure_photographs(
        Pictures(drawings, photos),
        Effort(12, 2, cold=2, warm=3),
        make_backbone=toy_backbone(),
        weights=Path("w.npz"),
        recipes=[replace(TOY, name="first"), TOY],
    )
    assert (report.drawings, report.labels, report.photographs, report.copies) == (12, 2, 2, 20)
    assert [score.name for score in report.scores] == ["first", "toy", "colour histogram"]
    assert all(set(score.recall_by_kind) == set(ALTERATIONS) for score in report.scores)
    assert report.scores[2].one_nn_accuracy == 1.0
    assert asked == [(tmp_path / "40.png", Path("w.npz"))] * 2
    assert (report.times.image, report.times.megapixels) == ("40.png", 0.0016)
    assert (report.times.cold.samples, report.times.warm.samples, report.times.warm.unit) == (2, 3, "s")
    assert list(report.table().columns[0].cells) == ["first", "toy", "colour histogram"]


def test_a_head_of_the_labels_that_are_asked_for_is_not_measured() -> None:
    recipe = replace(TOY, head="ridge")
    pictures, effort = Pictures([], []), Effort(12, 2, cold=2, warm=3)
    assert error_message(
        UnfitForBenchmark, measure_photographs, pictures, effort, make_backbone=toy_backbone(), recipes=[recipe]
    ) == (
        "expected a recipe without labels, got toy: its head is fitted on those that it is asked for here, which is no "
        "measurement; `python -m benchmarks accuracy` asks for others"
    )
