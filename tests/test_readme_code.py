"""README's code runs as it stands, each block by itself, with a cheap network in the place of VGG16."""

import re
import shlex
import webbrowser
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ingest import job
from ingest.embedding.linalg.arrays import Float32Array
from ingest.embedding.network.precision import Precision
from ingest.embedding.recipes import Recipe
from lookalike.commands import app
from search import searcher
from tests.commands import Command
from tests.processes import REPOSITORY
from tests.toys import noise, png

README = (REPOSITORY / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)


class RandomProjection:
    """A network of one random layer, with as many outputs as any recipe wants."""

    batch_size = 8
    digest = "random"
    origin = "a random layer"
    precision: Precision = "float32"

    def __init__(self, side: int) -> None:
        self._layer = np.random.default_rng(1).standard_normal((12, 1536)).astype(np.float32)
        self._side = side

    def features(self, images: Float32Array) -> Float32Array:
        half = self._side // 2
        quarters = images.reshape(-1, 2, half, 2, half, 3).mean(axis=(2, 4)).reshape(-1, 12)
        return np.abs(np.asarray(quarters @ self._layer, np.float32))


def factory(*_: object, **__: object) -> Callable[..., RandomProjection]:
    def make(recipe: Recipe, precision: object = "auto") -> RandomProjection:  # noqa: ARG001
        return RandomProjection(recipe.side)

    return make


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with the pictures that README speaks of."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(job, "vgg16_factory", factory)
    monkeypatch.setattr(searcher, "vgg16_factory", factory)
    names = ["cats/tom.jpg", *(f"cats/{n}.jpg" for n in range(8)), "dogs/rex.jpg", *(f"dogs/{n}.jpg" for n in range(8))]
    for number, name in enumerate(names):
        path = tmp_path / "PICTURES" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # The last two are copies of the first two, with another label.
        seed = number % 16
        path.write_bytes(png(noise(48, 48, 3, seed=seed) // 4 + 60 * (seed % 3)))
    (tmp_path / "some.jpg").write_bytes(png(noise(48, 48, 3, seed=99)))
    return tmp_path


def blocks(language: str, containing: str) -> list[str]:
    return [code for name, code in BLOCKS if name == language and containing in code]


@pytest.mark.parametrize("code", blocks("python", ""), ids=lambda code: code.partition("\n")[0])
def test_a_block_of_python_runs_by_itself(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out.splitlines()[0] == "18 added, 0 unchanged, 0 rejected"


@pytest.mark.parametrize("code", blocks("sh", "lookalike "), ids=lambda code: code.partition(" ")[0])
def test_a_block_of_commands_runs_in_an_empty_folder(
    code: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Command(app, monkeypatch, capsys)
    shown: list[str] = []
    monkeypatch.setattr(webbrowser, "open", shown.append)
    written = set()
    for line in code.splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == "lookalike"
        status, out, err = run(*arguments)
        assert (line, status) == (line, 0), err
        assert out
        written |= {argument for argument in arguments if argument.endswith(".png")}
    assert {name for name in written if not (folder / name).is_file()} == set()
    pages = [(folder / "explorer.html").as_uri()] if "explore" in code else []
    assert shown == pages
    assert written or pages
