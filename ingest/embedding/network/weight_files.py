"""Read VGG16's convolution kernels and biases from the files they come in.

Whatever the file, the result is the same: float32 arrays `blockB_convC/kernel` of shape (height, width, in, out)
and `blockB_convC/bias` of shape (out,). No file is unpickled or executed, or read in parts that lie outside of it, and
an array is read only when its name, type, shape and size are those of VGG16's.
"""

import math
import re
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.recipes.vgg16_layers import CHANNELS, CONVOLUTIONS
from ingest.errors import WeightsUnusable, first_line
from storage.errors import require_extra
from storage.files.npy_header import read_npy_header

#: VGG16's kernels and biases, by name.
Arrays = dict[str, Float32Array]

#: The types of numbers that weights are stored in.
_DTYPES = ("float16", "float32", "float64")

#: The errors of reading damaged files.
_DAMAGE = (OSError, ValueError, TypeError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)

#: The most letters of an error's message, which may repeat a part of the file.
_MAX_REASON = 200

#: The most bytes of an array's header.
_MAX_HEADER = 4096

#: The most objects of an .h5 file and the most nested groups, of which Keras' have a few hundred and five; and the most
#: values of a chunk, which is read as a whole.
_MAX_LINKS = 100_000
_MAX_DEPTH = 16
_MAX_CHUNK = 2**24

#: The axes of ONNX's kernels in the order of ours.
_ONNX_AXES = (2, 3, 1, 0)


@dataclass(frozen=True)
class _StoredArray:
    """An array of a file: its name here, its shape, the name of its type, and how to read it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    read: Callable[[], Any]


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    channels = 3
    widths = (width for block in CHANNELS.values() for width in block)
    for layer, width in zip(CONVOLUTIONS, widths, strict=True):
        shapes[f"{layer}/kernel"] = (3, 3, channels, width)
        shapes[f"{layer}/bias"] = (width,)
        channels = width
    return shapes


#: The shape of each array, by name.
SHAPES = _shapes()


def read_weights(path: Path) -> Arrays:
    """Return the arrays of an `.h5`, `.npz` or `.onnx` file; raise WeightsUnusable unless they are VGG16's."""
    finders: dict[str, Callable[[Path], Iterator[_StoredArray]]] = {".h5": _in_h5, ".npz": _in_npz, ".onnx": _in_onnx}
    if path.suffix not in finders:
        raise WeightsUnusable(f"expected weights in a .h5, .npz or .onnx file, got {path}")
    if not path.is_file():
        raise WeightsUnusable(f"expected a file of VGG16 weights, found none at {path}: name one that exists")
    arrays: Arrays = {}
    try:
        for stored in finders[path.suffix](path):
            if stored.name in arrays:
                raise ValueError(f"two arrays for {stored.name}")
            _require_vgg16s(path, stored)
            arrays[stored.name] = np.ascontiguousarray(stored.read(), np.float32)
    except _DAMAGE as error:
        reason = first_line(error)[:_MAX_REASON]
        raise WeightsUnusable(f"expected a readable file of VGG16 weights, got {path}: {reason}") from error
    for name, shape in SHAPES.items():
        if name not in arrays:
            raise _other_shape(path, name, shape, "nothing")
        if not np.isfinite(arrays[name]).all():
            raise WeightsUnusable(
                f"expected finite numbers in {name} of {path}, got NaN or infinity: the file is damaged"
            )
    return {name: arrays[name] for name in SHAPES}


def _require_vgg16s(path: Path, stored: _StoredArray) -> None:
    """Raise WeightsUnusable unless an array has the shape of VGG16's array of its name, and is of real numbers."""
    if stored.shape != SHAPES[stored.name]:
        raise _other_shape(path, stored.name, SHAPES[stored.name], stored.shape)
    if stored.dtype not in _DTYPES:
        raise WeightsUnusable(
            f"expected {stored.name} of {path} in {', '.join(_DTYPES[:-1])} or {_DTYPES[-1]}, got {stored.dtype}: "
            "name a file of VGG16 weights"
        )


def _other_shape(path: Path, name: str, expected: tuple[int, ...], got: object) -> WeightsUnusable:
    return WeightsUnusable(
        f"expected VGG16's {name} of shape {expected} in {path}, got {got}: name a file of VGG16 weights"
    )


def _in_npz(path: Path) -> Iterator[_StoredArray]:
    """Yield the arrays of an npz file, which are named as ours."""
    with path.open("rb") as file:
        # For any other file NumPy would report pickled data, and advise allow_pickle=True.
        if not zipfile.is_zipfile(file):
            raise ValueError("not an npz archive")
        with zipfile.ZipFile(file) as archive:
            for name in SHAPES:
                if (member := archive.NameToInfo.get(f"{name}.npy")) is None:
                    continue
                # The others' memory is what the file says.
                if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise ValueError(f"{name} is compressed by another method than NumPy's")
                with archive.open(member) as stream:
                    yield _npy(name, stream)


def _npy(name: str, stream: IO[bytes]) -> _StoredArray:
    """Return the array of NumPy's format that a stream begins with; read no more than its header."""
    shape, fortran_order, dtype = read_npy_header(stream, _MAX_HEADER)

    def read() -> Any:
        data = stream.read(math.prod(shape) * dtype.itemsize)
        # The checksum is compared at the end.
        if stream.read(1):
            raise ValueError(f"{name} is followed by something else")
        return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran_order else "C")

    return _StoredArray(name, shape, dtype.name, read)


def _in_h5(path: Path) -> Iterator[_StoredArray]:
    """Yield the arrays of a Keras file of any version.

    Groups are named after layers, or `conv2d`, `conv2d_1`, ... in order.
    """
    import h5py

    with h5py.File(path, "r") as file:
        for name, dataset in _datasets(file):
            layer = _layer_in(name)
            if layer is None or "optimizer" in name:
                continue
            # Before the shape: that of a virtual dataset is looked up in the files that it is made of.
            if dataset.is_virtual or dataset.external:
                raise ValueError(f"the values of {name} are in other files")
            if dataset.ndim not in (1, 4):
                continue
            if dataset.id.get_create_plist().get_nfilters():
                raise ValueError(f"{name} is compressed, which Keras' files are not")
            if math.prod(dataset.chunks or ()) > _MAX_CHUNK:
                raise ValueError(f"{name} is stored in chunks of {dataset.chunks}")
            part = "kernel" if dataset.ndim == 4 else "bias"
            yield _StoredArray(f"{layer}/{part}", dataset.shape, dataset.dtype.name, partial(dataset.__getitem__, ()))


def _datasets(file: Any) -> Iterator[tuple[str, Any]]:
    """Yield each dataset of an h5 file once, with its name; links that may lead out of the file are not followed."""
    import h5py

    seen = {h5py.h5o.get_info(file.id).addr}
    groups = deque([("", 0, file)])
    links = 0
    while groups:
        prefix, depth, group = groups.popleft()
        for link in group:
            links += 1
            if links > _MAX_LINKS or depth > _MAX_DEPTH:
                raise ValueError(f"expected at most {_MAX_LINKS:,} objects, at most {_MAX_DEPTH} deep, got more")
            if group.id.links.get_info(link.encode("utf-8", "surrogateescape")).type != h5py.h5l.TYPE_HARD:
                continue
            node = group[link]
            address = h5py.h5o.get_info(node.id).addr
            if address in seen:
                continue
            seen.add(address)
            name = f"{prefix}{link}"
            if isinstance(node, h5py.Group):
                groups.append((f"{name}/", depth + 1, node))
            elif isinstance(node, h5py.Dataset):
                yield name, node


def _layer_in(name: str) -> str | None:
    """Return the convolution that an array belongs to by its name in a file, or None."""
    named = re.search(r"block\d_conv\d", name)
    if named:
        return named.group() if named.group() in CONVOLUTIONS else None
    numbered = re.search(r"(?:^|/)conv2d(?:_(\d{1,3}))?/", name)
    if numbered and int(numbered.group(1) or 0) < len(CONVOLUTIONS):
        return CONVOLUTIONS[int(numbered.group(1) or 0)]
    return None


def _in_onnx(path: Path) -> Iterator[_StoredArray]:
    """Yield the initializers named after the layers; ONNX stores kernels as (out, in, height, width)."""
    require_extra("onnx", "offline")
    import onnx
    from google.protobuf.message import DecodeError
    from onnx import numpy_helper

    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError as error:
        raise ValueError("not an ONNX model") from error
    types = {
        onnx.TensorProto.FLOAT16: "float16",
        onnx.TensorProto.FLOAT: "float32",
        onnx.TensorProto.DOUBLE: "float64",
    }
    for tensor in model.graph.initializer:
        layer, dims = _layer_in(tensor.name), tuple(tensor.dims)
        if layer is None or len(dims) not in (1, 4):
            continue
        if tensor.data_location == onnx.TensorProto.EXTERNAL or tensor.external_data:
            raise ValueError(f"the values of {layer} are in other files")
        dtype = types.get(tensor.data_type, f"ONNX's type {tensor.data_type}")
        read = partial(numpy_helper.to_array, tensor)
        if len(dims) == 1:
            yield _StoredArray(f"{layer}/bias", dims, dtype, read)
        else:
            shape = tuple(dims[axis] for axis in _ONNX_AXES)
            yield _StoredArray(f"{layer}/kernel", shape, dtype, partial(_transposed, read))


def _transposed(read: Callable[[], Any]) -> Any:
    return read().transpose(_ONNX_AXES)
