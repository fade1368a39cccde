"""Find data sets that are installed or in Keras' cache; Keras downloads them only with `download`."""

from collections.abc import Callable
from pathlib import Path

from ingest.errors import SourceUnusable
from ingest.keras.cache import download_dataset, keras_home
from ingest.sources.arrays import ArraySource
from ingest.sources.idx import idx_source, is_complete

#: The folders of installed data sets, each a folder of IDX files, as Debian's dataset-fashion-mnist has it.
DATASET_FOLDERS = (Path("/usr/local/share/datasets"), Path("/usr/share/datasets"))


def idx_folders(name: str) -> list[Path]:
    """Return the folders that may have a data set's IDX files, in the order of the search."""
    return [*(folder / name for folder in DATASET_FOLDERS), keras_home() / "datasets" / name]


def find_idx(name: str) -> ArraySource | None:
    """Open a data set in the first folder that has its four IDX files, or return None; raise SourceUnusable."""
    complete = next((folder for folder in idx_folders(name) if is_complete(folder)), None)
    return None if complete is None else idx_source(complete, name)


def find_or_download(
    name: str, find: Callable[[], ArraySource | None], expected: str, advice: str, *, download: bool
) -> ArraySource:
    """Return the source that `find` returns, with `download` after Keras downloaded it; raise SourceUnusable.

    The error says what was `expected` and where, and gives `advice` besides downloading.
    """
    source = find()
    if source is None and download:
        _download(name)
        source = find()
    if source is None:
        raise SourceUnusable(f"expected {expected}, found none: {advice}, or let Keras download them with --download")
    return source


def _download(name: str) -> None:
    try:
        download_dataset(name.replace("-", "_"))
    except Exception as error:  # Keras passes on any error of the network.
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise SourceUnusable(
            f"expected to download {name}, got: {reason}; name its files with idx:DIR instead"
        ) from error
