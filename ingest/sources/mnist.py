"""MNIST, 70,000 handwritten digits: IDX files where they are installed, or Keras' cached file."""

import hashlib
from pathlib import Path

from ingest.errors import SourceUnusable
from ingest.keras.cache import keras_home
from ingest.sources.arrays import ArraySource
from ingest.sources.datasets import find_idx, found_or_downloaded, idx_folders
from ingest.sources.files import exists, open_named
from ingest.sources.npz import npz_source
from storage.console import printable

#: As Keras itself checks it: keras/src/datasets/mnist.py.
_KERAS_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def mnist_source(*, download: bool = False) -> ArraySource:
    """Open MNIST, wherever it is found; raise SourceUnusable when it is nowhere.

    Keys are `mnist/train/00000` to `59999` and `mnist/test/00000` to `09999`, whatever the files.
    """
    folders = ", ".join(map(str, idx_folders("mnist")))
    wanted = f"MNIST's four IDX files in one of {folders}, or Keras' {_keras_file()}"
    advice = "put them there, name their folder with idx:DIR, take mnist-sample"
    return found_or_downloaded("mnist", _find, wanted, advice, download=download)


def _keras_file() -> Path:
    return keras_home() / "datasets" / "mnist.npz"


def _find() -> ArraySource | None:
    found = find_idx("mnist")
    cached = _keras_file()
    return _pinned(cached) if found is None and exists(cached) else found


def _pinned(path: Path) -> ArraySource:
    """Read a file that nobody named, after its bytes were compared with those it must have."""
    with open_named(path, "Keras' mnist.npz") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != _KERAS_SHA256:
        raise SourceUnusable(
            f"expected Keras' mnist.npz (sha256 {_KERAS_SHA256}) at {printable(str(path))}, got {digest}: it is "
            "damaged or another; remove it, or name it with npz:FILE"
        )
    return npz_source(path, "mnist")
