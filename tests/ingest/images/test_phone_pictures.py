"""A photograph in HEIC, AVIF, CMYK, Display P3 or turned by EXIF is found by any of them, from file to answer."""

from pathlib import Path

import numpy as np
import pytest

from ingest.images.images import decode, read_bytes
from ingest.job import ingest
from search.searcher import Searcher
from tests.ingest.images.phone_pictures import check_answer, scene, write_pictures
from tests.toys import TOY, toy_backbone


def test_a_photograph_is_decoded_alike_from_every_file(tmp_path: Path) -> None:
    names = write_pictures(tmp_path)
    for name in names:
        pixels = decode(read_bytes(tmp_path / name), name)
        assert np.abs(pixels.astype(int) - scene(0)).mean() < 6, name


@pytest.mark.parametrize("query", ["plain.png", "turned.jpg", "wide.jpg", "photo.avif"])
def test_a_photograph_is_found_in_every_file(query: str, tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures")
    report = ingest(f"folder:{tmp_path / 'pictures'}", tmp_path / "store", recipe=TOY, make_backbone=toy_backbone())
    assert report.rejected == 0
    with Searcher.open(tmp_path / "store", make_backbone=toy_backbone()) as searcher:
        hits = searcher.by_image(tmp_path / "pictures" / query, k=20).hits
    check_answer([{"key": hit.key, "metadata": hit.metadata} for hit in hits])
