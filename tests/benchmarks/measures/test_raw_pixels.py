"""Raw pixels as vectors, and nearly identical images."""

import numpy as np

from benchmarks.measures.raw_pixels import have_twins, raw_pixels
from ingest.images.images import Image
from ingest.sources import SourceImage
from tests.toys import grey


def listed(*images: Image) -> list[SourceImage]:
    return [SourceImage(str(place), lambda image=image: image) for place, image in enumerate(images)]  # type: ignore[misc]


def test_images_of_one_size_become_their_own_pixels() -> None:
    image = np.arange(6, dtype=np.uint8).reshape(2, 3) * 51
    pixels = raw_pixels(listed(image, image[::-1]))
    np.testing.assert_allclose(pixels, [[0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.6, 0.8, 1.0, 0, 0.2, 0.4]], atol=1e-7)
    assert pixels.dtype == np.float32


def test_images_of_different_sizes_are_resized() -> None:
    pixels = raw_pixels(listed(grey(51, 8), grey(102, 40)))
    np.testing.assert_allclose(pixels, [[0.2] * 3072, [0.4] * 3072], atol=1e-6)


def test_twins_differ_by_less_than_two_hundredths_of_the_range() -> None:
    stored = raw_pixels(listed(grey(100), grey(200)))
    queries = raw_pixels(listed(grey(100), grey(105), grey(106), grey(150), grey(195)))
    assert have_twins(queries, stored).tolist() == [True, True, False, False, True]
