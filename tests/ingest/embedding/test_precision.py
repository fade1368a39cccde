"""What VGG16 computes in: chosen by the processor, remembered by the store, and followed by its queries."""

from pathlib import Path

import pytest

from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.precision import Asked, Precision, precision_of, precision_of_processor
from ingest.embedding.recipes import Recipe
from ingest.errors import EmbeddingDrift, UnknownPrecision
from ingest.job import ingest
from search import Searcher
from storage import Embedding, Store
from tests.toys import TOY, ToyBackbone, grey, grey_source


class QuantizedSearch(ToyBackbone):
    """A toy that tells what it was asked to compute in, and computes in that."""

    def __init__(self, precision: Precision) -> None:
        super().__init__()
        self.precision = precision


class Asking:
    """Makes toys, and remembers in which precision each was asked for; "auto" is bfloat16 here."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    def __call__(self, _: Recipe, precision: Asked = "auto", /) -> Backbone:
        self.asked.append(precision)
        return QuantizedSearch("bfloat16" if precision == "auto" else precision)


@pytest.fixture
def asking() -> Asking:
    return Asking()


def bring(store: Path, levels: dict[str, int], asking: Asking, precision: str = "auto") -> str:
    """Ingest images of one grey level each; return the precision that the report names."""
    recipe = None if Store.exists_at(store) else TOY
    return ingest(grey_source(levels), store, recipe=recipe, precision=precision, make_backbone=asking).precision


def cpuinfo(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "cpuinfo").write_text(text)
    monkeypatch.setattr("ingest.embedding.network.precision._CPUINFO", folder / "cpuinfo")


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
def test_a_processors_flags_tell_which_precision_is_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, precision: Precision
) -> None:
    cpuinfo(tmp_path, text, monkeypatch)
    assert precision_of_processor() == precision


def test_a_system_that_does_not_tell_what_its_processor_can_do_computes_in_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.embedding.network.precision._CPUINFO", tmp_path / "none")
    assert precision_of_processor() == "float32"


def test_a_new_store_remembers_the_precision_that_was_fastest(tmp_path: Path, asking: Asking) -> None:
    assert bring(tmp_path / "store", {"a": 0, "b": 51}, asking) == "bfloat16"
    assert asking.asked == ["auto"]
    with Store.open(tmp_path / "store") as store:
        assert store.embedding.spec["precision"] == "bfloat16"


def test_later_jobs_and_queries_compute_in_the_stores_precision(tmp_path: Path, asking: Asking) -> None:
    bring(tmp_path / "store", {"a": 0}, asking, "float32")
    assert bring(tmp_path / "store", {"a": 0, "b": 51}, asking) == "float32"
    with Searcher.open(tmp_path / "store", make_backbone=asking) as searcher:
        assert searcher.by_image(grey(51), k=1).hits[0].key == "b"
    assert asking.asked == ["float32", "float32", "float32"]


def test_a_store_from_before_precision_was_remembered_was_computed_in_float32() -> None:
    assert precision_of(Embedding(2, "f" * 64)) == "float32"


def test_another_precision_can_be_asked_for_and_the_store_stays_what_it_was(tmp_path: Path, asking: Asking) -> None:
    bring(tmp_path / "store", {"a": 0}, asking, "float32")
    with Store.open(tmp_path / "store") as store:
        before = store.embedding.fingerprint
    assert bring(tmp_path / "store", {"a": 0, "b": 51}, asking, "bfloat16") == "float32"
    assert asking.asked == ["float32", "bfloat16"]
    with Store.open(tmp_path / "store") as store:
        assert (store.embedding.fingerprint, store.embedding.spec["precision"]) == (before, "float32")


def test_another_precision_that_moves_vectors_too_far_is_refused(
    tmp_path: Path, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(tmp_path / "store", {"a": 0}, asking, "float32")
    features = ToyBackbone.features
    monkeypatch.setattr(QuantizedSearch, "features", lambda self, images: features(self, images) + 1)
    with pytest.raises(EmbeddingDrift):
        bring(tmp_path / "store", {"b": 51}, asking, "bfloat16")


def test_an_unknown_precision_is_refused_before_anything_is_made(tmp_path: Path, asking: Asking) -> None:
    with pytest.raises(UnknownPrecision) as refused:
        bring(tmp_path / "store", {"a": 0}, asking, "float16")
    assert str(refused.value) == "expected a precision (auto, float32, bfloat16), got 'float16'"
    assert list(tmp_path.iterdir()) == []
