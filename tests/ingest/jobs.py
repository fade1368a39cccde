"""Jobs with the toy backbone, images of noise, and the contents of stores."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.embedding.network.backbone import Backbone
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.network.precision import PrecisionOption
from ingest.embedding.recipes import Recipe
from ingest.errors import WeightsUnusable
from ingest.job import ingest
from ingest.pipeline.progress import IngestReport
from ingest.sources import InMemorySource, Source, SourceImage
from storage import Item, Store
from tests.toys import TOY, noise, toy_backbone


class Killed(Exception):
    """Raised by a test to end a job, as a kill would."""


class FailingSource(InMemorySource):
    """A source that fails while the image of an index is read."""

    failing_index: int | None = None

    def __iter__(self) -> Iterator[SourceImage]:
        for index, image in enumerate(super().__iter__()):
            if index == self.failing_index:
                raise OSError("the drive is gone")
            yield image


def noise_source(count: int, change: int | None = None) -> InMemorySource:
    """Return images of noise, optionally one of them changed."""
    pictures = noise(count, 6, 7, 3, seed=11)
    if change is not None:
        pictures[change] = 255 - pictures[change]
    images = [
        SourceImage(f"noise/{number}", partial(np.asarray, picture), str(number % 3), {"number": number})
        for number, picture in enumerate(pictures)
    ]
    return InMemorySource("noise", images)


def job(
    source: Source | str, store: Path, make_backbone: BackboneFactory | None = None, **options: Any
) -> IngestReport:
    """Ingest with the toy backbone, into a new store by the toy recipe."""
    recipe = None if Store.exists_at(store) else TOY
    return ingest(source, store, **{"recipe": recipe, "make_backbone": make_backbone or toy_backbone(), **options})


def contents(folder: Path) -> tuple[list[Item], NDArray[np.int64], NDArray[np.float32]]:
    with Store.open(folder) as store:
        assert store.verify() == []
        ids, vectors = store.all_vectors()
        return store.items(), ids, vectors.copy()


def assert_same_store(first: Path, second: Path) -> None:
    """Compare ids, keys, labels, metadata, contents, and vectors to the bit."""
    (items, ids, vectors), (other_items, other_ids, other_vectors) = contents(first), contents(second)
    assert items == other_items
    np.testing.assert_array_equal(ids, other_ids)
    np.testing.assert_array_equal(vectors.view(np.uint32), other_vectors.view(np.uint32))


def no_backbone(_: Recipe, __: PrecisionOption = "auto") -> Backbone:
    raise AssertionError("expected the job to do without a backbone")


def no_weights(_: Recipe, __: PrecisionOption = "auto") -> Backbone:
    raise WeightsUnusable("expected weights, got none")


def outcome(report: IngestReport) -> tuple[int, int, int, int, int]:
    return report.added, report.replaced, report.unchanged, report.rejected, report.items


def again(folder: Path, store: Path, **options: Any) -> IngestReport:
    """Ingest the folder again, where nothing may be embedded."""
    return job(f"folder:{folder}", store, no_backbone, **options)


def counts(report: IngestReport) -> dict[str, int | None]:
    """Return the counts of a report that are not 0."""
    names = ("added", "replaced", "moved", "relabelled", "unchanged", "rejected", "gone", "pruned")
    return {name: getattr(report, name) for name in names if getattr(report, name)}
