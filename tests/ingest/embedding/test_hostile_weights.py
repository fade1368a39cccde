"""Files of weights that claim, hide or point to what VGG16's do not: refused in one line before it is read."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from ingest.embedding.network.weight_files import read_weights
from ingest.errors import WeightsUnusable
from tests.errors import error_message

KERNEL = "block1_conv1/kernel"
SHAPE = (3, 3, 3, 64)
ZEROS = np.zeros(SHAPE, np.float32)
ZEROS_BYTES = ZEROS.tobytes()


def unreadable(reason: str) -> str:
    return f"expected a readable file of VGG16 weights, got {{path}}: {reason}"


def other_shape(got: object, name: str = KERNEL, expected: tuple[int, ...] = SHAPE) -> str:
    return f"expected VGG16's {name} of shape {expected} in {{path}}, got {got}: name a file of VGG16 weights"


def other_type(got: str) -> str:
    return f"expected {KERNEL} of {{path}} in float16, float32 or float64, got {got}: name a file of VGG16 weights"


#: What a file without the other arrays is refused with, when nothing of it is taken.
NOTHING = other_shape("nothing")


def npy(shape: object = SHAPE, dtype: object = "<f4", data: bytes = ZEROS_BYTES, version: int = 1) -> bytes:
    """Return an array in NumPy's format whose header says anything."""
    header = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape!r}}}\n".encode()
    return b"\x93NUMPY" + bytes([version, 0]) + len(header).to_bytes(2 if version == 1 else 4, "little") + header + data


def npz(member: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as archive:
        archive.writestr(f"{KERNEL}.npy", member)
    return data.getvalue()


def encrypted(data: bytes) -> bytes:
    """Return an archive whose directory says that its first file is encrypted."""
    directory = data.index(b"PK\x01\x02")
    return data[:6] + b"\x01" + data[7 : directory + 8] + b"\x01" + data[directory + 9 :]


NESTED = npy().replace(b"(3, 3, 3, 64)", b"((3, 3, 3, 64", 1)
NULS = npy().replace(b"(3, 3, 3, 64)", bytes(13), 1)
NPZ = {
    "a tebibyte": (npz(npy((2**38,))), other_shape((2**38,))),
    "more than there is": (npz(npy(data=b"123")), unreadable("buffer size must be a multiple of element size")),
    "a bomb": (npz(npy(data=bytes(2**28))), unreadable(f"{KERNEL} is followed by something else")),
    "a long header": (npz(npy(dtype="<f4" + " " * 5000)), unreadable("a header of ")),
    "an open bracket": (npz(NESTED), unreadable("a header that describes no array")),
    "a header of NULs": (npz(NULS), unreadable("a header that describes no array")),
    "objects": (npz(npy(dtype="|O")), other_type("object")),
    "texts": (npz(npy(dtype="<U100000000")), other_type("str3200000000")),
    "structures": (npz(npy(dtype=[("a", "<f4"), ("b", "<f4", (2**20,))])), other_type("void33554464")),
    "integers": (npz(npy(dtype="<i4")), other_type("int32")),
    "another version": (
        npz(npy(version=3)),
        unreadable("an array in version 3.0 of NumPy's format, where 1.0 or 2.0 is read"),
    ),
    "another compression": (
        npz(npy(), zipfile.ZIP_LZMA),
        unreadable(f"{KERNEL} is compressed by another method than NumPy's"),
    ),
    "encryption": (encrypted(npz(npy())), "is encrypted, password required"),
}


@pytest.mark.parametrize(("data", "expected"), NPZ.values(), ids=NPZ.keys())
def test_a_crafted_npz_file_is_refused(data: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.npz"
    path.write_bytes(data)
    assert expected.format(path=path) in error_message(WeightsUnusable, read_weights, path)


def external(file: h5py.File, folder: Path) -> None:
    (folder / "other.raw").write_bytes(ZEROS_BYTES)
    file.create_dataset(f"{KERNEL}:0", SHAPE, "f4", external=[(str(folder / "other.raw"), 0, len(ZEROS_BYTES))])


def other_h5(folder: Path) -> str:
    """Return the name of another file with a fitting array."""
    with h5py.File(folder / "other.h5", "w") as other:
        other["kernel"] = ZEROS
    return str(folder / "other.h5")


def virtual(file: h5py.File, folder: Path) -> None:
    layout = h5py.VirtualLayout(SHAPE, "f4")
    layout[...] = h5py.VirtualSource(other_h5(folder), "kernel", SHAPE)
    file.create_virtual_dataset(f"{KERNEL}:0", layout)


def external_link(file: h5py.File, folder: Path) -> None:
    file[f"{KERNEL}:0"] = h5py.ExternalLink(other_h5(folder), "kernel")


def soft_link_through_an_external_one(file: h5py.File, folder: Path) -> None:
    file["elsewhere"] = h5py.ExternalLink(other_h5(folder), "/")
    file[f"{KERNEL}:0"] = h5py.SoftLink("/elsewhere/kernel")


def loop(file: h5py.File, _: Path) -> None:
    file["block1_conv1/loop"] = file["/"]
    file["block1_conv1/self"] = file["block1_conv1"]


def nested(file: h5py.File, _: Path) -> None:
    group = file
    for _number in range(3000):
        group = group.create_group("block1_conv1")


def references(file: h5py.File, _: Path) -> None:
    file.create_dataset(f"{KERNEL}:0", SHAPE, h5py.ref_dtype)


def dataset(**options: Any) -> Callable[[h5py.File, Path], None]:
    def write(file: h5py.File, _: Path) -> None:
        file.create_dataset(f"{KERNEL}:0", **options)

    return write


def twice(file: h5py.File, _: Path) -> None:
    file["block1_conv1/a"] = file["block1_conv1/b"] = ZEROS


TOO_MANY = unreadable("expected at most 100,000 objects, at most 16 deep, got more")
H5: dict[str, tuple[Callable[[h5py.File, Path], None], str]] = {
    "a tebibyte": (
        dataset(shape=(2**40,), dtype="f4", chunks=(64,)),
        other_shape((2**40,), "block1_conv1/bias", (64,)),
    ),
    "a bomb": (dataset(shape=SHAPE, dtype="f4", compression="gzip"), "is compressed, which Keras' files are not"),
    "a huge chunk": (
        dataset(shape=SHAPE, dtype="f4", maxshape=(None,) * 4, chunks=(3, 3, 2**10, 2**12)),
        "is stored in chunks of (3, 3, 1024, 4096)",
    ),
    "references": (references, other_type("object")),
    "texts": (dataset(shape=SHAPE, dtype=h5py.string_dtype()), other_type("object")),
    "structures": (dataset(shape=SHAPE, dtype=[("a", "f4"), ("b", "f4", (1024,))]), other_type("void32800")),
    "values in another file": (external, unreadable(f"the values of {KERNEL}:0 are in other files")),
    "a virtual dataset": (virtual, unreadable(f"the values of {KERNEL}:0 are in other files")),
    "a link to another file": (external_link, NOTHING),
    "a link through one": (soft_link_through_an_external_one, NOTHING),
    "groups in a circle": (loop, NOTHING),
    "3,000 nested groups": (nested, TOO_MANY),
    "an array twice": (twice, unreadable(f"two arrays for {KERNEL}")),
}


@pytest.mark.parametrize(("write", "expected"), H5.values(), ids=H5.keys())
def test_a_crafted_h5_file_is_refused(write: Callable[[h5py.File, Path], None], expected: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    with h5py.File(path, "w") as file:
        write(file, tmp_path)
    assert expected.format(path=path) in error_message(WeightsUnusable, read_weights, path)


def tensor(**fields: Any) -> TensorProto:
    """Return the first kernel as ONNX keeps it, but for the fields given."""
    kernel = numpy_helper.from_array(np.zeros((64, 3, 3, 3), np.float32), "block1_conv1/kernel")
    for name, value in fields.items():
        kernel.ClearField(name)
        if isinstance(value, list):
            getattr(kernel, name).extend(value)
        else:
            setattr(kernel, name, value)
    return kernel


def outside(name: str) -> TensorProto:
    kernel = tensor(data_location=TensorProto.EXTERNAL)
    entry = kernel.external_data.add()
    entry.key, entry.value = "location", name
    return kernel


IN_OTHER_FILES = unreadable("the values of block1_conv1 are in other files")
ONNX: dict[str, tuple[list[TensorProto], str]] = {
    "a tebibyte": ([tensor(dims=[2**20, 3, 3, 2**20])], other_shape((3, 2**20, 3, 2**20))),
    "less than nothing": ([tensor(dims=[64, 3, 3, -3])], other_shape((3, -3, 3, 64))),
    "less than is said": ([tensor(raw_data=b"1234")], unreadable("cannot reshape array of size 1")),
    "no values": ([tensor(raw_data=b"")], unreadable("cannot reshape array of size 0")),
    "an undefined type": ([tensor(data_type=99)], other_type("ONNX's type 99")),
    "no type": ([tensor(data_type=0)], other_type("ONNX's type 0")),
    "texts": ([tensor(data_type=TensorProto.STRING)], other_type("ONNX's type 8")),
    "values in another file": ([outside("other.bin")], IN_OTHER_FILES),
    "values in a file of another folder": ([outside("../../other.bin")], IN_OTHER_FILES),
    "an array twice": ([tensor(), tensor()], unreadable(f"two arrays for {KERNEL}")),
}


@pytest.mark.parametrize(("tensors", "expected"), ONNX.values(), ids=ONNX.keys())
def test_a_crafted_onnx_file_is_refused(tensors: list[TensorProto], expected: str, tmp_path: Path) -> None:
    path = tmp_path / "weights.onnx"
    model = helper.make_model(helper.make_graph([], "vgg16", [], [], tensors))
    path.write_bytes(model.SerializeToString())
    assert expected.format(path=path) in error_message(WeightsUnusable, read_weights, path)
