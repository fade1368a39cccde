"""Read VGG16's convolution kernels and biases from the files they come in.

Whatever the file, the result is the same: float32 arrays `blockB_convC/kernel` of shape (height, width, in, out)
and `blockB_convC/bias` of shape (out,). No file is ever unpickled or executed.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.recipes.vgg16_layers import CHANNELS, CONVOLUTIONS
from ingest.errors import WeightsUnusable, first_line
from storage.errors import require_extra

#: VGG16's kernels and biases, by name.
Arrays = dict[str, Float32Array]


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
    readers: dict[str, Callable[[Path], Mapping[str, Any]]] = {".h5": _read_h5, ".npz": _read_npz, ".onnx": _read_onnx}
    if path.suffix not in readers:
        raise WeightsUnusable(f"expected weights in a .h5, .npz or .onnx file, got {path}")
    if not path.is_file():
        raise WeightsUnusable(f"expected a file of VGG16 weights, found none at {path}: name one that exists")
    try:
        arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in readers[path.suffix](path).items()}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise WeightsUnusable(f"expected a readable file of VGG16 weights, got {path}: {first_line(error)}") from error
    for name, shape in SHAPES.items():
        got = arrays[name].shape if name in arrays else "nothing"
        if got != shape:
            raise WeightsUnusable(
                f"expected VGG16's {name} of shape {shape} in {path}, got {got}: name a file of VGG16 weights"
            )
        if not np.isfinite(arrays[name]).all():
            raise WeightsUnusable(
                f"expected finite numbers in {name} of {path}, got NaN or infinity: the file is damaged"
            )
    return {name: arrays[name] for name in SHAPES}


def _read_npz(path: Path) -> Mapping[str, Any]:
    """Read an npz file, whose arrays are named as ours."""
    with path.open("rb") as file:
        # For any other file np.load would report pickled data, and advise allow_pickle=True.
        if not zipfile.is_zipfile(file):
            raise ValueError("not an npz archive")
        file.seek(0)
        archive = np.load(file, allow_pickle=False)
        return {name: archive[name] for name in archive.files if name in SHAPES}


def _read_h5(path: Path) -> Mapping[str, Any]:
    """Read a Keras file of any version: groups are named after layers, or `conv2d`, `conv2d_1`, ... in order."""
    import h5py

    arrays: dict[str, Any] = {}

    def visit(name: str, node: Any) -> None:
        layer = _layer_in(name)
        if layer and "optimizer" not in name and isinstance(node, h5py.Dataset) and node.ndim in (1, 4):
            arrays[f"{layer}/{'kernel' if node.ndim == 4 else 'bias'}"] = node[()]

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return arrays


def _layer_in(name: str) -> str | None:
    """Return the convolution that an array belongs to by its name in a file, or None."""
    named = re.search(r"block\d_conv\d", name)
    if named:
        return named.group()
    numbered = re.search(r"(?:^|/)conv2d(?:_(\d+))?/", name)
    if numbered and int(numbered.group(1) or 0) < len(CONVOLUTIONS):
        return CONVOLUTIONS[int(numbered.group(1) or 0)]
    return None


def _read_onnx(path: Path) -> Mapping[str, Any]:
    """Read initializers named after the layers; ONNX stores kernels as (out, in, height, width)."""
    require_extra("onnx", "offline")
    import onnx
    from google.protobuf.message import DecodeError
    from onnx import numpy_helper

    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError as error:
        raise ValueError("not an ONNX model") from error
    arrays: dict[str, Any] = {}
    for initializer in model.graph.initializer:
        layer = _layer_in(initializer.name)
        if layer and len(initializer.dims) == 4:
            arrays[f"{layer}/kernel"] = numpy_helper.to_array(initializer).transpose(2, 3, 1, 0)
        elif layer and len(initializer.dims) == 1:
            arrays[f"{layer}/bias"] = numpy_helper.to_array(initializer)
    return arrays
