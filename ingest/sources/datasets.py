"""Data sets by name: found where they are installed or in Keras' cache, and downloaded by Keras only when asked."""

from collections.abc import Callable
from pathlib import Path

from ingest.errors import SourceUnusable
from ingest.keras.cache import keras_home
from ingest.sources.arrays import ArraySource
from ingest.sources.idx import idx_source, is_complete

#: Where packages install data sets, each a folder of IDX files; Debian's dataset-fashion-mnist does.
SHARED = (Path("/usr/local/share/datasets"), Path("/usr/share/datasets"))


def idx_folders(name: str) -> list[Path]:
    """Return the folders in which a data set's IDX files are looked for, the first first."""
    return [*(folder / name for folder in SHARED), keras_home() / "datasets" / name]


def find_idx(name: str) -> ArraySource | None:
    """Return a data set from the first folder that has its four IDX files, if one has; raise SourceUnusable."""
    found = next((folder for folder in idx_folders(name) if is_complete(folder)), None)
    return None if found is None else idx_source(found, name)


def found_or_downloaded(
    name: str, find: Callable[[], ArraySource | None], wanted: str, advice: str, *, download: bool
) -> ArraySource:
    """Return what is found, if need be after Keras downloaded it; raise SourceUnusable.

    `wanted` says what was looked for and where, `advice` what to do besides downloading.
    """
    found = find()
    if found is None and download:
        _download(name)
        found = find()
    if found is None:
        raise SourceUnusable(f"expected {wanted}, found none: {advice}, or let Keras download them with --download")
    return found


def _download(name: str) -> None:
    try:
        _have_keras_download(name.replace("-", "_"))
    except Exception as error:  # Keras raises whatever its network layer raised.
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise SourceUnusable(
            f"expected to download {name}, got: {reason}; name its files with idx:DIR instead"
        ) from error


def _have_keras_download(name: str) -> None:
    # Imported here: TensorFlow takes seconds to load.
    from ingest.embedding.network.vgg16 import download_data

    download_data(name)
