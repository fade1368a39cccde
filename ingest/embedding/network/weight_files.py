"""Read VGG16's convolution kernels and biases from the files they come in.

Whatever the file, the result is the same: float32 arrays `blockB_convC/kernel` of shape (height, width, in, out)
and `blockB_convC/bias` of shape (out,). No file is ever unpickled or run.
"""

import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.errors import WeightsUnusable
from storage.errors import ExtraMissing

Arrays = dict[str, NDArray[np.float32]]

#: Output channels of each convolution, block by block.
#: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", 2015, table 1, D.
CHANNELS = {1: (64, 64), 2: (128, 128), 3: (256, 256, 256), 4: (512, 512, 512), 5: (512, 512, 512)}

LAYERS = tuple(
    f"block{block}_conv{number}" for block, widths in CHANNELS.items() for number in range(1, len(widths) + 1)
)


def _shapes() -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {}
    channels = 3
    for layer, width in zip(LAYERS, (width for widths in CHANNELS.values() for width in widths), strict=True):
        shapes[f"{layer}/kernel"] = (3, 3, channels, width)
        shapes[f"{layer}/bias"] = (width,)
        channels = width
    return shapes


SHAPES = _shapes()


def read_weights(path: Path) -> Arrays:
    """Return the arrays of an `.h5`, `.npz` or `.onnx` file; raise WeightsUnusable unless they are VGG16's."""
    readers: dict[str, Callable[[Path], Mapping[str, Any]]] = {".h5": _read_h5, ".npz": _read_npz, ".onnx": _read_onnx}
    if path.suffix not in readers:
        raise WeightsUnusable(f"expected weights in a .h5, .npz or .onnx file, got {path}")
    if not path.is_file():
        raise WeightsUnusable(f"expected a file of VGG16 weights, found none at {path}: name one that exists")
    try:
        found = readers[path.suffix](path)
        arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in found.items()}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsUnusable(f"expected a readable file of VGG16 weights, got {path}: {reason}") from error
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
    """Read arrays that are named as ours are."""
    with path.open("rb") as opened:
        # NumPy would take anything else for a pickle, and advise to trust it.
        if not zipfile.is_zipfile(opened):
            raise ValueError("not an npz archive")
        opened.seek(0)
        file = np.load(opened, allow_pickle=False)
        return {name: file[name] for name in file.files if name in SHAPES}


def _read_h5(path: Path) -> Mapping[str, Any]:
    """Read a Keras file, old or new: a layer's group is named after it, or `conv2d`, `conv2d_1`, ... in order."""
    import h5py

    found: dict[str, Any] = {}

    def visit(name: str, node: Any) -> None:
        layer = _layer_in(name)
        if layer and "optimizer" not in name and isinstance(node, h5py.Dataset) and node.ndim in (1, 4):
            found[f"{layer}/{'kernel' if node.ndim == 4 else 'bias'}"] = node[()]

    with h5py.File(path, "r") as file:
        file.visititems(visit)
    return found


def _layer_in(name: str) -> str | None:
    """Return the convolution that a dataset's path in a Keras file belongs to."""
    named = re.search(r"block\d_conv\d", name)
    if named:
        return named.group()
    numbered = re.search(r"(?:^|/)conv2d(?:_(\d+))?/", name)
    if numbered and int(numbered.group(1) or 0) < len(LAYERS):
        return LAYERS[int(numbered.group(1) or 0)]
    return None


def _read_onnx(path: Path) -> Mapping[str, Any]:
    """Read initialisers named after the layers; ONNX keeps kernels as (out, in, height, width)."""
    try:
        import onnx
        from google.protobuf.message import DecodeError
        from onnx import numpy_helper
    except ImportError as error:
        raise ExtraMissing(
            "expected the package onnx to read .onnx weights, found none: run `pip install 'lookalike[offline]'`"
        ) from error
    try:
        model = onnx.load(path, load_external_data=False)
    except DecodeError as error:
        raise ValueError("not an ONNX model") from error
    found: dict[str, Any] = {}
    for initialiser in model.graph.initializer:
        layer = _layer_in(initialiser.name)
        if layer and len(initialiser.dims) == 4:
            found[f"{layer}/kernel"] = numpy_helper.to_array(initialiser).transpose(2, 3, 1, 0)
        elif layer and len(initialiser.dims) == 1:
            found[f"{layer}/bias"] = numpy_helper.to_array(initialiser)
    return found
