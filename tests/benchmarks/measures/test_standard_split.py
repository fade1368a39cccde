"""A data set by the split that it came with: which images are stored, asked and fitted on, and the errors."""

from dataclasses import replace

import pytest

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures import standard_split
from benchmarks.measures.published_errors import PUBLISHED_ERRORS
from benchmarks.measures.standard_split import PIXELS, StandardSplitReport, measure_standard_split
from ingest.embedding.embedder import Embedder
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.network.precision import PrecisionOption
from ingest.embedding.recipes import Recipe
from ingest.pipeline.fitting import fit_embedder
from ingest.pipeline.progress import Progress
from ingest.sources import InMemorySource, Source, SourceImage
from tests.errors import error_message
from tests.toys import TOY, grey, grey_source, toy_backbone

#: A layer of random weights without a PCA, so that any number of images will do.
DRAWN = replace(TOY, name="drawn", head="dense")
NONE = replace(TOY, name="none", head="none")


def image(split: str, level: int, label: str) -> SourceImage:
    return SourceImage(f"{split} {level}", lambda: grey(level), label, {"split": split})


@pytest.fixture
def source() -> InMemorySource:
    """Return three dark and three bright greys; of four test images one is nearest to a grey of the other label."""
    training = [image("train", level, "bright" if level > 120 else "dark") for level in (10, 200, 30, 220, 110, 240)]
    test = [
        image("test", 12, "dark"),
        image("test", 205, "bright"),
        image("test", 130, "bright"),
        image("test", 33, "dark"),
    ]
    # The split decides, not the order.
    return InMemorySource("mnist", [*test[:2], *training, *test[2:]])


def measured(source: InMemorySource, *recipes: Recipe) -> StandardSplitReport:
    return measure_standard_split(source, recipes, sizes=(2, 4, 60_000), seeds=3, make_backbone=toy_backbone())


def test_errors_are_those_of_the_nearest_of_the_first_training_images(source: InMemorySource) -> None:
    report = measured(source, NONE)
    assert [(score.recipe, score.stored, score.per_seed) for score in report.scores] == [
        (PIXELS, 2, [0.0]),
        (PIXELS, 4, [0.0]),
        (PIXELS, 6, [0.25]),
        ("none", 2, [0.0]),
        ("none", 4, [0.0]),
        ("none", 6, [0.25]),
    ]
    assert report.queries == 4
    assert [(score.recipe, score.error) for score in report.largest] == [(PIXELS, 0.25), ("none", 0.25)]
    assert report.largest[0].ci95 == pytest.approx((0.0456, 0.6994), abs=1e-4)


def test_a_layer_of_chance_is_drawn_with_several_seeds_where_most_are_stored(source: InMemorySource) -> None:
    scores = [score for score in measured(source, DRAWN).scores if score.recipe == "drawn"]
    assert [(score.stored, len(score.per_seed)) for score in scores] == [(2, 1), (4, 1), (6, 3)]
    assert scores[-1].error == pytest.approx(sum(scores[-1].per_seed) / 3)


def test_heads_are_fitted_on_the_stored_images_only(source: InMemorySource, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[list[str]] = []

    def fit(
        stored: Source, recipe: Recipe, precision: PrecisionOption, make_backbone: BackboneFactory, progress: Progress
    ) -> Embedder:
        fitted.append([image.key for image in stored])
        return fit_embedder(stored, recipe, precision, make_backbone, progress)

    monkeypatch.setattr(standard_split, "fit_embedder", fit)
    measured(source, NONE)
    keys = ["train 10", "train 200", "train 30", "train 220", "train 110", "train 240"]
    assert fitted == [keys[:2], keys[:4], keys]


def test_what_others_published_on_the_data_set_stands_beside_it(source: InMemorySource) -> None:
    report = measured(source, NONE)
    assert report.published == [row for row in PUBLISHED_ERRORS if row.source == "mnist"]
    assert report.table().row_count == 2 + len(report.published)
    assert min(row.error for row in report.published) == 0.0052


def test_a_source_without_the_splits_is_refused() -> None:
    assert error_message(UnfitForBenchmark, measured, grey_source({"a": 1}, {"a": "x"}), NONE) == (
        "expected images of the splits train and test in greys, got 0 and 0: name mnist, mnist:FILE.tgz or "
        "fashion-mnist"
    )
