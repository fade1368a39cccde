"""Fashion-MNIST, 70,000 pictures of clothes: IDX files where they are installed, or in Keras' cache."""

from ingest.sources.arrays import ArraySource
from ingest.sources.datasets import find_idx, found_or_downloaded, idx_folders


def fashion_mnist_source(*, download: bool = False) -> ArraySource:
    """Open Fashion-MNIST, wherever it is found; raise SourceUnusable when it is nowhere.

    Keys are `fashion-mnist/train/00000` to `59999` and `fashion-mnist/test/00000` to `09999`.
    """
    wanted = f"Fashion-MNIST's four IDX files in one of {', '.join(map(str, idx_folders('fashion-mnist')))}"
    advice = "install Debian's package dataset-fashion-mnist, name their folder with idx:DIR"
    return found_or_downloaded("fashion-mnist", lambda: find_idx("fashion-mnist"), wanted, advice, download=download)
