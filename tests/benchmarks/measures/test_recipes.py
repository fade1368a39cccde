"""The benchmark of recipes: its values on greys whose neighbours are known, and what its heads are fitted on."""

from collections import Counter
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures import recipes
from benchmarks.measures.recipes import PIXELS, RecipesReport, measure_recipes
from benchmarks.measures.recipes_figure import draw_recipes
from benchmarks.measures.splits import shuffled_splits
from ingest.embedding.embedder import Embedder
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.network.precision import PrecisionOption
from ingest.embedding.recipes import Recipe
from ingest.pipeline.fitting import fit_embedder
from ingest.pipeline.progress import Progress
from ingest.sources import InMemorySource, Source
from tests.toys import TOY, ToyBackbone, grey_source, toy_backbone

#: Two labels far apart, so that every neighbour is right; "dark 3" is a twin of "dark 2".
LEVELS = {"dark 1": 10, "dark 2": 30, "dark 3": 31, "bright 1": 200, "bright 2": 220, "bright 3": 240}
LABELS = {key: key.split()[0] for key in LEVELS}

DRAWN = replace(TOY, name="drawn", head="dense")


@pytest.fixture
def greys() -> InMemorySource:
    return grey_source(LEVELS, LABELS)


def measured(source: InMemorySource, backbone: ToyBackbone | None = None, splits: int = 3) -> RecipesReport:
    return measure_recipes(source, [TOY, DRAWN], test=2, splits=splits, make_backbone=toy_backbone(backbone))


def test_every_recipe_and_raw_pixels_are_measured_on_the_same_splits(greys: InMemorySource) -> None:
    report = measured(greys)
    assert (report.source, report.stored, report.asked) == ("greys", 4, 2)
    assert [(score.recipe, score.dim, score.bytes_per_item) for score in report.scores] == [
        (PIXELS, 64, 256),
        ("toy", 4, 16),
        ("drawn", 4, 16),
    ]
    for score in report.scores[:2]:
        assert (score.one_nn_accuracy, score.ci95, score.per_split) == (1.0, (1.0, 1.0), [1.0] * 3)
        assert score.recall_at == {"1": 1.0, "5": 1.0, "10": 1.0}
        assert (score.map_at_10, score.map_at_r) == (1.0, 1.0)
        assert score.images_per_second > 0


def test_twins_across_the_split_are_counted_and_excluded(greys: InMemorySource) -> None:
    report = measured(greys)
    queries = [{list(LEVELS)[number] for number in split.queries} for split in shuffled_splits(6, 2, 3)]
    assert report.twins == [len(keys & {"dark 2", "dark 3"}) % 2 for keys in queries]
    assert all(score.one_nn_accuracy_without_twins == 1.0 for score in report.scores[:2])


def test_a_source_of_twins_has_no_accuracy_without_twins() -> None:
    twins = {"a 1": 10, "a 2": 10, "b 1": 20, "b 2": 20, "a 3": 10, "b 3": 20, "a 4": 10, "b 4": 20}
    report = measured(grey_source(twins, {key: key[0] for key in twins}))
    assert report.twins == [2, 2, 2]
    assert report.scores[1].one_nn_accuracy_without_twins is None


def test_a_network_sees_an_image_once_whatever_the_recipes_and_splits(
    greys: InMemorySource, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Counter[bytes] = Counter()

    class Counting(ToyBackbone):
        def features(self, images: Float32Array) -> Float32Array:
            seen.update(image.tobytes() for image in images if image.any())
            return super().features(images)

    monkeypatch.setattr(recipes, "_embedding_rate", lambda *_: 1.0)
    measured(greys, Counting())
    assert set(seen.values()) == {1}
    assert len(seen) == len(LEVELS)


def test_heads_are_fitted_on_the_stored_images_only(greys: InMemorySource, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted_on: list[set[str]] = []

    def spy(
        source: Source, recipe: Recipe, precision: PrecisionOption, make_backbone: BackboneFactory, progress: Progress
    ) -> Embedder:
        fitted_on.append({image.key for image in source})
        return fit_embedder(source, recipe, precision, make_backbone, progress)

    monkeypatch.setattr(recipes, "fit_embedder", spy)
    measured(greys)
    stored = [{list(LEVELS)[number] for number in split.stored} for split in shuffled_splits(6, 2, 3)]
    assert fitted_on == [*stored, *stored]


def test_a_source_without_labels_or_with_too_few_images_is_refused(greys: InMemorySource) -> None:
    with pytest.raises(UnfitForBenchmark) as unlabelled:
        measured(grey_source({"plain": 3, "other": 4, "third": 5}))
    assert str(unlabelled.value) == "expected a label on every image, got none on 'plain': leave it out"
    with pytest.raises(UnfitForBenchmark) as few:
        measure_recipes(greys, [TOY], test=6, make_backbone=toy_backbone())
    assert str(few.value) == "expected between 1 and 5 test images of the 6 in greys, got 6"


def test_the_table_has_a_row_for_each_recipe(greys: InMemorySource) -> None:
    table = measured(greys).table()
    assert [column.header for column in table.columns] == ["", PIXELS, "toy", "drawn"]
    assert [next(iter(column.cells)) for column in table.columns[:3]] == ["1-NN", "1.0000", "1.0000"]
    printed = Console(width=80, file=StringIO(), record=True)
    printed.print(table)
    assert "…" not in printed.export_text()


def test_the_figure_names_each_recipe_with_its_accuracy(greys: InMemorySource) -> None:
    (axes,) = draw_recipes(measured(greys)).axes
    assert [text.get_text() for text in axes.texts][:2] == ["raw pixels  1.0000", "toy  1.0000"]
