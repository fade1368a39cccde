"""Measure how often altered copies of images find their originals."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from rich.table import Table

from benchmarks.errors import UnfitForBenchmark
from benchmarks.measures.intervals import wilson_interval
from benchmarks.measures.temporary_searcher import temporary_searcher
from ingest.embedding.features import batched
from ingest.embedding.network.backbone_factory import BackboneFactory
from ingest.embedding.recipes import Recipe
from ingest.images.images import Image, content_digest, shrink
from ingest.pipeline.progress import Progress
from ingest.sources import InMemorySource, Source, SourceImage, decode_readable
from search.curation.perturbations import reencode
from storage.console import right_aligned

#: Copies that are searched together.
_CHUNK = 64


def _halve(image: Image) -> Image:
    height, width = image.shape[:2]
    size = (max(1, width // 2), max(1, height // 2))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _crop(image: Image, share: float) -> Image:
    """Crop an image to the middle share of its width and height."""
    height, width = image.shape[:2]
    top, left = (int(side * (1 - share) / 2 + 1e-9) for side in (height, width))
    return image[top : height - top, left : width - left]


def _rotate(image: Image) -> Image:
    """Rotate an image by 10 degrees about its centre, with its size unchanged and black corners."""
    height, width = image.shape[:2]
    rotation = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), 10, 1)
    return np.asarray(cv2.warpAffine(image, rotation, (width, height)), np.uint8)


def _mirror(image: Image) -> Image:
    return np.ascontiguousarray(image[:, ::-1])


def _without_colour(image: Image) -> Image:
    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def _write_across(image: Image) -> Image:
    """Write white letters across nine tenths of an image's width."""
    height, width = image.shape[:2]
    text, font, thickness = "SAMPLE TEXT", cv2.FONT_HERSHEY_SIMPLEX, max(1, width // 100)
    (text_width, _), _ = cv2.getTextSize(text, font, 1, thickness)
    written = image.copy()
    start, scale = (width // 20, height * 11 // 20), 0.9 * width / text_width
    return np.asarray(cv2.putText(written, text, start, font, scale, (255, 255, 255), thickness), np.uint8)


def _frame(image: Image) -> Image:
    """Put a black border of an eighth of an image's longer side around it."""
    border = max(image.shape[:2]) // 8
    return np.pad(image, [(border, border), (border, border), (0, 0)][: image.ndim])


def _brighten(image: Image) -> Image:
    return np.asarray(np.clip(np.rint(image * 1.4), 0, 255), np.uint8)


ALTERATIONS: Mapping[str, Callable[[Image], Image]] = {
    "JPEG quality 30": partial(reencode, quality=30),
    "half size": _halve,
    "centre crop 80 %": partial(_crop, share=0.8),
    "centre crop 60 %": partial(_crop, share=0.6),
    "turned by 10°": _rotate,
    "mirrored": _mirror,
    "grey": _without_colour,
    "text across": _write_across,
    "black border of 1/8": _frame,
    "40 % brighter": _brighten,
}


@dataclass(frozen=True)
class CopiesReport:
    """The share of copies whose nearest neighbour is their original, by alteration and over all (Wilson interval)."""

    recipe: str
    source: str
    originals: int
    recall_at_1: float
    ci95: tuple[float, float]
    by_kind: dict[str, float]

    def table(self) -> Table:
        """Return the report as a table to print."""
        title = f"Copies of {self.originals:,} images of {self.source}: {self.recipe}"
        table = Table("copy", *right_aligned("recall@1"), title=title, title_justify="left")
        for kind, share in self.by_kind.items():
            table.add_row(kind, f"{share:.4f}")
        low, high = self.ci95
        table.add_row("all", f"{self.recall_at_1:.4f} ({low:.3f} to {high:.3f})")
        return table


def measure_copies(
    source: Source,
    recipe: Recipe,
    *,
    make_backbone: BackboneFactory,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> CopiesReport:
    """Ingest a source's images and search with ten altered copies of each.

    Unreadable images are skipped, and so are images with the pixels of an earlier one, since their copies would be
    equal too. Raise UnfitForBenchmark if fewer than two images remain.
    """
    originals = _distinct_images(source)
    if len(originals) < 2:
        raise UnfitForBenchmark(
            f"expected at least 2 different images in {source.name}, got {len(originals)}: name a larger source"
        )
    counts = dict.fromkeys(ALTERATIONS, 0)
    distinct = InMemorySource(source.name, originals)
    with temporary_searcher(distinct, recipe, make_backbone, on_progress) as searcher:
        for chunk in copies_in_chunks(originals):
            results = searcher.by_images([copy for _, _, copy in chunk], k=1)
            for (key, kind, _), result in zip(chunk, results, strict=True):
                counts[kind] += result.hits[0].key == key
    copies = len(originals) * len(ALTERATIONS)
    share = sum(counts.values()) / copies
    return CopiesReport(
        recipe=recipe.name,
        source=source.name,
        originals=len(originals),
        recall_at_1=share,
        ci95=wilson_interval(share, copies),
        by_kind={kind: count / len(originals) for kind, count in counts.items()},
    )


def _distinct_images(source: Source) -> list[SourceImage]:
    first: dict[bytes, SourceImage] = {}
    for source_image, image in decode_readable(source):
        first.setdefault(content_digest(image), source_image)
    return list(first.values())


def copies_in_chunks(
    originals: Iterable[SourceImage], side: int | None = None
) -> Iterator[list[tuple[str, str, Image]]]:
    """Return (key of the original, kind, copy) in chunks, because photographs are large.

    With `side` the originals are shrunk to a longer side of at most so many pixels before they are altered.
    """
    copies = (
        (original.key, kind, alter(image))
        for original, pixels in decode_readable(originals)
        for image in (pixels if side is None else shrink(pixels, side),)
        for kind, alter in ALTERATIONS.items()
    )
    return batched(copies, _CHUNK)
