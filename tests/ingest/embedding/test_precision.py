"""The precision VGG16 computes in: chosen by the processor, recorded in the store, and used by its queries."""

from pathlib import Path

import pytest

from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.precision import Precision, PrecisionOption, fastest_cpu_precision, stored_precision
from ingest.embedding.recipes import Recipe
from ingest.errors import EmbeddingDrift, UnknownPrecision
from ingest.job import ingest
from search import Searcher
from storage import Embedding, Store
from tests.errors import error_message
from tests.toys import TOY, ToyBackbone, grey, grey_source


class PreciseBackbone(ToyBackbone):
    """The toy backbone with a given precision, which does not change what it computes."""

    def __init__(self, precision: Precision) -> None:
        super().__init__()
        self.precision = precision


class RecordingFactory:
    """Makes toy backbones, and records the precision requested for each; "auto" is bfloat16 here."""

    def __init__(self) -> None:
        self.requested: list[PrecisionOption] = []

    def __call__(self, _: Recipe, precision: PrecisionOption = "auto", /) -> Backbone:
        self.requested.append(precision)
        return PreciseBackbone("bfloat16" if precision == "auto" else precision)


@pytest.fixture
def factory() -> RecordingFactory:
    return RecordingFactory()


def ingest_levels(store: Path, levels: dict[str, int], factory: RecordingFactory, precision: str = "auto") -> str:
    """Ingest images of one grey level each; return the precision in the report."""
    recipe = None if Store.exists_at(store) else TOY
    return ingest(grey_source(levels), store, recipe=recipe, precision=precision, make_backbone=factory).precision


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("model name : a processor\nflags\t\t: fpu avx512f avx512_bf16\n", "bfloat16"),
        ("flags : fpu amx_bf16 amx_tile\n", "bfloat16"),
        ("flags : fpu avx2 avx512f\nvmx flags : amx_bf16\n", "float32"),
        ("Features : fp asimd bf16\n", "float32"),
        ("", "float32"),
    ],
)
def test_a_processors_flags_decide_which_precision_is_faster(tmp_path: Path, text: str, precision: Precision) -> None:
    (tmp_path / "cpuinfo").write_text(text)
    assert fastest_cpu_precision(tmp_path / "cpuinfo") == precision


def test_a_system_that_does_not_list_its_processors_flags_computes_in_float32(tmp_path: Path) -> None:
    assert fastest_cpu_precision(tmp_path / "none") == "float32"


def test_a_new_store_records_the_fastest_precision(tmp_path: Path, factory: RecordingFactory) -> None:
    assert ingest_levels(tmp_path / "store", {"a": 0, "b": 51}, factory) == "bfloat16"
    assert factory.requested == ["auto"]
    with Store.open(tmp_path / "store") as store:
        assert store.embedding.spec["precision"] == "bfloat16"


def test_later_jobs_and_queries_compute_in_the_stores_precision(tmp_path: Path, factory: RecordingFactory) -> None:
    ingest_levels(tmp_path / "store", {"a": 0}, factory, "float32")
    assert ingest_levels(tmp_path / "store", {"a": 0, "b": 51}, factory) == "float32"
    with Searcher.open(tmp_path / "store", make_backbone=factory) as searcher:
        assert searcher.by_image(grey(51), k=1).hits[0].key == "b"
    assert factory.requested == ["float32", "float32", "float32"]


def test_a_store_that_records_no_precision_was_computed_in_float32() -> None:
    assert stored_precision(Embedding(2, "f" * 64)) == "float32"


def test_another_precision_can_be_chosen_and_the_store_does_not_change(
    tmp_path: Path, factory: RecordingFactory
) -> None:
    ingest_levels(tmp_path / "store", {"a": 0}, factory, "float32")
    with Store.open(tmp_path / "store") as store:
        before = store.embedding.fingerprint
    assert ingest_levels(tmp_path / "store", {"a": 0, "b": 51}, factory, "bfloat16") == "float32"
    assert factory.requested == ["float32", "bfloat16"]
    with Store.open(tmp_path / "store") as store:
        assert (store.embedding.fingerprint, store.embedding.spec["precision"]) == (before, "float32")


def test_another_precision_that_changes_vectors_too_much_is_refused(
    tmp_path: Path, factory: RecordingFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest_levels(tmp_path / "store", {"a": 0}, factory, "float32")
    features = ToyBackbone.features
    monkeypatch.setattr(PreciseBackbone, "features", lambda self, images: features(self, images) + 1)
    with pytest.raises(EmbeddingDrift):
        ingest_levels(tmp_path / "store", {"b": 51}, factory, "bfloat16")


def test_an_unknown_precision_is_refused_before_anything_is_created(tmp_path: Path, factory: RecordingFactory) -> None:
    message = error_message(UnknownPrecision, ingest_levels, tmp_path / "store", {"a": 0}, factory, "float16")
    assert message == "expected a precision (auto, float32, bfloat16), got 'float16'"
    assert list(tmp_path.iterdir()) == []
