"""Fashion-MNIST, 70,000 images of clothes, in IDX files that are installed or in Keras' cache."""

from ingest.sources.arrays import ArraySource
from ingest.sources.datasets import find_idx, find_or_download, idx_folders


def fashion_mnist_source(*, download: bool = False) -> ArraySource:
    """Open Fashion-MNIST; raise SourceUnusable when it is not installed.

    Keys are `fashion-mnist/train/00000` to `59999` and `fashion-mnist/test/00000` to `09999`.
    """
    expected = f"Fashion-MNIST's four IDX files in one of {', '.join(map(str, idx_folders('fashion-mnist')))}"
    advice = "install Debian's package dataset-fashion-mnist, name their folder with idx:DIR"
    return find_or_download("fashion-mnist", lambda: find_idx("fashion-mnist"), expected, advice, download=download)
