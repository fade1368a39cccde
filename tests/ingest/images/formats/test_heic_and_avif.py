"""HEIC and AVIF: the pixels that each is decoded to."""

import io

import numpy as np
import pytest
from PIL import Image as PillowImage

from ingest.images.images import Image, decode
from tests.ingest.images.handmade.exif import exif
from tests.ingest.images.handmade.heic import HEIC, HEIGHT, LEFT, RIGHT, WIDTH
from tests.ingest.images.refusals import reason


def avif(image: Image, **options: object) -> bytes:
    file = io.BytesIO()
    PillowImage.fromarray(image).save(file, "AVIF", quality=100, **options)
    return file.getvalue()


def test_a_heic_is_decoded() -> None:
    image = decode(HEIC, "a.heic")
    assert image.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(image[32, [16, 112]].astype(int), [LEFT, RIGHT], atol=4)


@pytest.mark.parametrize("share", range(1, 10))
def test_a_heic_that_is_cut_is_refused(share: int) -> None:
    assert "truncated HEIC" in reason(HEIC[: len(HEIC) * share // 10])


def test_an_avif_is_decoded_upright_and_on_white() -> None:
    image = np.zeros((16, 32, 4), np.uint8)
    image[:, :16] = (*LEFT, 255)
    upright = decode(avif(image, exif=exif(6)), "a.avif").astype(int)
    assert upright.shape == (32, 16, 3)
    np.testing.assert_allclose(upright[[4, 28], 8], [LEFT, (255, 255, 255)], atol=4)


@pytest.mark.parametrize("share", range(1, 10))
def test_an_avif_that_is_cut_is_refused(share: int) -> None:
    data = avif(np.full((16, 32, 3), 90, np.uint8))
    assert "truncated AVIF" in reason(data[: len(data) * share // 10])
