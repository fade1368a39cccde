"""MNIST, 70,000 handwritten digits, in IDX files that are installed, or in the file that Keras caches."""

import hashlib
from pathlib import Path

from ingest.errors import SourceUnusable
from ingest.keras.cache import keras_home
from ingest.sources.arrays import ArraySource
from ingest.sources.datasets import find_idx, find_or_download, idx_folders
from ingest.sources.files import exists, open_named
from ingest.sources.npz import npz_source
from storage.console import printable

#: The digest that Keras checks too: keras/src/datasets/mnist.py.
_KERAS_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def mnist_source(*, download: bool = False) -> ArraySource:
    """Open MNIST; raise SourceUnusable when it is not installed.

    Keys are `mnist/train/00000` to `59999` and `mnist/test/00000` to `09999`, in either format.
    """
    folders = ", ".join(map(str, idx_folders("mnist")))
    expected = f"MNIST's four IDX files in one of {folders}, or Keras' {_keras_file()}"
    advice = "put them there, name their folder with idx:DIR, take mnist-sample"
    return find_or_download("mnist", _find, expected, advice, download=download)


def _keras_file() -> Path:
    return keras_home() / "datasets" / "mnist.npz"


def _find() -> ArraySource | None:
    source = find_idx("mnist")
    return _keras_source() if source is None and exists(_keras_file()) else source


def _keras_source() -> ArraySource:
    """Open the file that Keras caches, after checking its digest, since the user did not name it."""
    path = _keras_file()
    with open_named(path, "Keras' mnist.npz") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != _KERAS_SHA256:
        raise SourceUnusable(
            f"expected Keras' mnist.npz (sha256 {_KERAS_SHA256}) at {printable(str(path))}, got {digest}: it is "
            "damaged or another; remove it, or name it with npz:FILE"
        )
    return npz_source(path, "mnist")
