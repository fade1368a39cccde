"""How often changed copies of images find their originals."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from rich.table import Table

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures.metrics import wilson_interval
from ingest.embedding.network.backbone import MakeBackbone
from ingest.embedding.network.backbone_factory import vgg16_backbone
from ingest.embedding.recipes import Recipe
from ingest.images.images import Image, content_digest
from ingest.job import ingest
from ingest.pipeline.progress import Progress
from ingest.sources import InMemorySource, Source, SourceImage, decode_readable
from search import Searcher

#: Copies that are asked with together.
_AT_ONCE = 64


def _jpeg(image: Image) -> Image:
    """Return an image as JPEG of quality 30 leaves it."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 30])
    kept = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE if image.ndim == 2 else cv2.IMREAD_COLOR)
    return np.asarray(kept, np.uint8)


def _half(image: Image) -> Image:
    height, width = image.shape[:2]
    size = (max(1, width // 2), max(1, height // 2))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _centre(image: Image) -> Image:
    """Return the middle 80 % of the width and of the height."""
    height, width = image.shape[:2]
    top, left = height // 10, width // 10
    return image[top : height - top, left : width - left]


def _turned(image: Image) -> Image:
    """Return an image turned by 10 degrees about its middle, at its size, with black corners."""
    height, width = image.shape[:2]
    moves = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 10, 1)
    return np.asarray(cv2.warpAffine(image, moves, (width, height)), np.uint8)


def _brightened(factor: float) -> Callable[[Image], Image]:
    return lambda image: np.clip(np.rint(image * factor), 0, 255).astype(np.uint8)


COPIES: Mapping[str, Callable[[Image], Image]] = {
    "JPEG quality 30": _jpeg,
    "half size": _half,
    "centre crop 80 %": _centre,
    "turned by 10°": _turned,
    "30 % darker": _brightened(0.7),
    "30 % brighter": _brightened(1.3),
}


@dataclass(frozen=True)
class CopiesReport:
    """The share of copies whose nearest neighbour is their original, by kind and over all, with Wilson's interval."""

    recipe: str
    source: str
    originals: int
    recall_at_1: float
    ci95: tuple[float, float]
    by_kind: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self)

    def table(self) -> Table:
        """Return the report as a table to print."""
        title = f"Copies of {self.originals:,} images of {self.source}: {self.recipe}"
        table = Table(title=title, title_justify="left")
        table.add_column("copy")
        table.add_column("recall@1", justify="right")
        for kind, share in self.by_kind.items():
            table.add_row(kind, f"{share:.4f}")
        low, high = self.ci95
        table.add_row("all", f"{self.recall_at_1:.4f} ({low:.3f} to {high:.3f})")
        return table


def measure_copies(
    source: Source,
    recipe: Recipe,
    *,
    make_backbone: MakeBackbone | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> CopiesReport:
    """Ingest a source's images and ask with six changed copies of each.

    Images that cannot be read are left out, and of images with equal pixels all but the first, whose copies nobody
    could tell apart. Raise UnfitForBenchmark when fewer than two are left.
    """
    originals = _distinct(source)
    if len(originals) < 2:
        raise UnfitForBenchmark(
            f"expected at least 2 different images in {source.name}, got {len(originals)}: name a source of more"
        )
    network = make_backbone or vgg16_backbone()
    found: dict[str, int] = dict.fromkeys(COPIES, 0)
    with TemporaryDirectory(prefix="lookalike-") as folder:
        place = Path(folder, "store")
        some = InMemorySource(source.name, originals)
        ingest(some, place, recipe=recipe, make_backbone=network, on_progress=on_progress)
        with Searcher.open(place, make_backbone=network) as searcher:
            for asked in _asked(originals):
                results = searcher.by_image([copy for _, _, copy in asked], k=1)
                for (key, kind, _), result in zip(asked, results, strict=True):
                    found[kind] += result.hits[0].key == key
    share = sum(found.values()) / (len(originals) * len(COPIES))
    return CopiesReport(
        recipe=recipe.name,
        source=source.name,
        originals=len(originals),
        recall_at_1=share,
        ci95=wilson_interval(share, len(originals) * len(COPIES)),
        by_kind={kind: count / len(originals) for kind, count in found.items()},
    )


def _distinct(source: Source) -> list[SourceImage]:
    first: dict[bytes, SourceImage] = {}
    for input, image in decode_readable(source):
        first.setdefault(content_digest(image), input)
    return list(first.values())


def _asked(originals: list[SourceImage]) -> Iterator[list[tuple[str, str, Image]]]:
    """Walk the copies with their originals' keys and their kinds, some at a time: photographs are large."""
    copies = (
        (input.key, kind, change(image))
        for input, image in decode_readable(originals)
        for kind, change in COPIES.items()
    )
    while some := list(islice(copies, _AT_ONCE)):
        yield some
