"""Imported files that lie about their size, unpack without end or are corrupt: refused in a line, memory bounded."""

import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.durability.corruption.byte_corruptions import flip_bit, truncate
from storage import Store
from tests.durability.sandbox import Sandbox
from tests.storage.transfer.import_files import KINDS, write

FLIPS = 60


def header(descr: str, shape: str, *, by_column: bool = False) -> bytes:
    """Return the header of an array in an .npz file, with any dtype and shape."""
    text = f"{{'descr': '{descr}', 'fortran_order': {by_column}, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


def npz(folder: Path, **members: bytes) -> Path:
    file = folder / "theirs.npz"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)
    return file


KEYS = header("<U1", "(2,)") + "ab".encode("utf-32-le")
VECTORS = header("<f4", "(2, 2)") + np.ones(4, "<f4").tobytes()


def test_an_honest_file_is_imported(sandbox: Sandbox, tmp_path: Path) -> None:
    assert sandbox.run("import", npz(tmp_path, key=KEYS, vector=VECTORS)) == "done"
    with Store.open(tmp_path / "imported") as store:
        assert [item.key for item in store.items()] == ["a", "b"]
        assert store.vectors([0, 1]).tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize(
    ("members", "got"),
    [
        (
            {"vector": header("<f4", "(1000000000000, 2)"), "key": header("<U1", "(1000000000000,)")},
            "got '16,384 bytes of an array were expected, and 0 are there'",
        ),
        (
            {"vector": header("<f4", "(1000000000000, 2)", by_column=True)},
            "got '(1000000000000, 2) values in Fortran order, where C order is expected'",
        ),
        (
            {"vector": header("<f4", "(2, 1000000)", by_column=True)},
            "got '8,000,000 bytes of an array were expected, and 0 are there'",
        ),
        ({"vector": header("<f4", "(1000000000000, 0)"), "key": header("<U0", "(1000000000000,)")}, "got empty ones"),
        ({"vector": header("<f4", "(2, 1000000000000)")}, "got 4,000,000,000,000"),
        ({"key": header("<U100000000", "(2,)")}, "got 400,000,000"),
        ({"key": header("|O", "(2,)") + b"cos\nsystem\n(S'false'\ntR."}, "cannot be loaded when allow_pickle=False'"),
        ({"key": header("<U1", "(2,)") + b"a"}, "got '8 bytes of an array were expected, and 1 are there'"),
        ({"key": header("<U1", "(-2,)")}, "got an array of shape (-2,)"),
        ({"vector": header("<f4", "(" * 5000 + ")" * 5000)}, "'"),
        ({"vector": b"\x93NUMPY\x09\x00" + bytes(100)}, "'"),
        ({"vector": b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(100)}, "'"),
    ],
)
def test_an_array_that_lies_about_itself_is_refused(
    sandbox: Sandbox, tmp_path: Path, members: dict[str, bytes], got: str
) -> None:
    outcome = sandbox.run("import", npz(tmp_path, **({"key": KEYS, "vector": VECTORS} | members)))
    assert outcome.startswith("refused: expected ")
    assert outcome.endswith(got)
    assert "\n" not in outcome
    assert not (tmp_path / "imported").exists()


def bomb(folder: Path, **headers: bytes) -> Path:
    """Return an .npz whose arrays have 3 GiB of zeros after their headers."""
    file = folder / "theirs.npz"
    with zipfile.ZipFile(file, "w") as archive:
        for name, array_header in headers.items():
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            start = packer.compress(array_header) + packer.flush(zlib.Z_FULL_FLUSH)
            zeros = packer.compress(bytes(2**24)) + packer.flush(zlib.Z_FULL_FLUSH)
            archive.writestr(f"{name}.npy", start + 192 * zeros + packer.flush())
        for member in archive.filelist:
            # Readers go by the list at the end of the archive: it must name the compression and the size.
            member.compress_type, member.file_size = zipfile.ZIP_DEFLATED, 2**32 - 2
    return file


@pytest.mark.parametrize(
    ("key", "vector", "got"),
    [
        ("<U8", header("<f4", "(60000000, 2)"), "got key '': its key must be a text"),
        ("<U8", header("<f4", "(60000000, 12)", by_column=True), "in Fortran order, where C order is expected"),
        ("<U8000000", header("<f4", "(60, 2)"), "got key '': its key must be a text"),
        ("<U20000000", header("<f4", "(30, 2)"), "got 80,000,000"),
        ("<U8", header("<f4", "(30, 20000000)"), "got 80,000,000"),
        ("|S1", header("<f4", "(60, 1000000)"), "got key '': its key must be a text"),
    ],
)
def test_a_zip_bomb_takes_little_memory(sandbox: Sandbox, tmp_path: Path, key: str, vector: bytes, got: str) -> None:
    count = vector.partition(b"(")[2].partition(b",")[0].decode()
    file = bomb(tmp_path, key=header(key, f"({count},)"), vector=vector)
    assert file.stat().st_size < 8 * 2**20
    outcome = sandbox.run("import", file)
    assert outcome.startswith("refused: expected ")
    assert got in outcome
    assert not (tmp_path / "imported").exists()


def test_a_parquet_file_whose_equal_values_take_no_space_takes_no_memory(sandbox: Sandbox, tmp_path: Path) -> None:
    keys = pa.array([f"{number}" for number in range(4096)])
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(8192, np.float32)), 2)
    texts = pa.DictionaryArray.from_arrays(pa.array(np.zeros(4096, np.int32)), pa.array(["x" * 1_000_000]))
    file = tmp_path / "theirs.parquet"
    pq.write_table(pa.table({"key": keys, "label": texts, "vector": vectors}), file, compression="zstd")
    assert file.stat().st_size < 2**20
    assert sandbox.run("import", file) == (
        f"refused: expected texts of at most 67,108,864 bytes in 4,096 rows of {file}, got 4,096,000,000 from row 0 on"
    )
    zeros = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(4096 * 20_000, np.float32)), 20_000)
    twice = pa.array([*keys[:-1].to_pylist(), "0"])
    pq.write_table(pa.table({"key": twice, "vector": zeros}), file, compression="zstd")
    assert file.stat().st_size < 2**20
    assert sandbox.run("import", file) == f"refused: expected each key once in {file}, got '0' twice"
    long = pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(10_000_000, np.float32)), 10_000_000)
    pq.write_table(pa.table({"key": keys[:1], "vector": long}), file, compression="zstd")
    assert sandbox.run("import", file) == (
        f"refused: expected rows of at most 67,108,864 bytes in {file}, got 80,000,000"
    )


@KINDS
def test_a_corrupt_file_is_imported_or_refused(sandbox: Sandbox, tmp_path: Path, kind: str) -> None:
    keys = [f"key {number}" for number in range(50)]
    vectors = np.random.default_rng(4).standard_normal((50, 4)).astype(np.float32)
    file = write(tmp_path, kind, key=keys, label=keys, metadata=["{}"] * 50, vector=list(vectors))
    intact = file.read_bytes()
    outcomes = []
    for number in range(FLIPS):
        generator = np.random.default_rng(number)
        file.write_bytes((flip_bit if number % 4 else truncate)(intact, generator))
        outcomes.append(sandbox.run("import", file))
    assert {outcome.partition(":")[0] for outcome in outcomes} == {"done", "refused"}
    assert not any("\n" in outcome for outcome in outcomes)


@KINDS
def test_a_pipe_is_refused_without_waiting(sandbox: Sandbox, tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"theirs{kind}"
    os.mkfifo(file)
    assert sandbox.run("import", file) == (
        f"refused: expected a file that can be read at {file}, got a folder, pipe or device"
    )
