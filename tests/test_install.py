"""The wheel: what it brings, and that its command works away from the repository."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.processes import REPOSITORY
from tests.storage.stores import line_store

PACKAGES = ("lookalike", "ingest", "search", "storage")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy, so that nothing is left in the repository."""
    copy, folder = tmp_path_factory.mktemp("copy"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(REPOSITORY / name, copy)
    for name in (*PACKAGES, "benchmarks", "tests"):
        shutil.copytree(REPOSITORY / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(copy))
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel without its dependencies, which are there already, into a folder of its own."""
    folder = tmp_path_factory.mktemp("installed")
    pip("install", "--no-deps", "--target", str(folder), str(wheel))
    return folder


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-cache-dir", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def run(installed: Path, folder: Path, program: str | Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a folder, with the installed packages."""
    environment = os.environ | {"PYTHONPATH": str(installed)}
    return subprocess.run(
        [program, *arguments], cwd=folder, env=environment, check=False, capture_output=True, text=True
    )


def lookalike(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a folder."""
    return run(installed, folder, installed / "bin/lookalike", *arguments)


def test_the_wheel_has_the_packages_and_no_measurements_or_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in names} == set(PACKAGES)
    assert {f"{name}/py.typed" for name in PACKAGES} <= names


def test_the_installed_command_answers_a_query_from_another_folder(installed: Path, tmp_path: Path) -> None:
    store, folder = line_store(tmp_path), tmp_path / "elsewhere"
    folder.mkdir()
    done = lookalike(installed, folder, "query", "--store", str(store), "--key", "key 0", "-k", "1", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    hit = {"rank": 1, "id": 1, "key": "key 1", "label": "label 1", "distance": 1.0, "metadata": {"number": 1}}
    assert json.loads(done.stdout)["hits"] == [hit]


def test_the_installed_command_writes_a_page_of_the_wheels_modules(installed: Path, tmp_path: Path) -> None:
    done = lookalike(installed, tmp_path, "explore", "--store", str(line_store(tmp_path)))
    assert (done.returncode, done.stdout, done.stderr) == (0, "Wrote 5 items to explorer.html\n", "")
    assert "// main.js" in (tmp_path / "explorer.html").read_text()


def test_the_installed_command_is_the_wheels_and_tells_its_version(installed: Path, tmp_path: Path) -> None:
    done = lookalike(installed, tmp_path, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, "lookalike 0.1.0\n", "")
    where = "import lookalike, storage; print(lookalike.__file__, storage.__file__)"
    done = run(installed, tmp_path, sys.executable, "-c", where)
    assert done.stdout == f"{installed / 'lookalike/__init__.py'} {installed / 'storage/__init__.py'}\n"


def test_a_misspelt_command_is_one_error_that_names_the_right_one(installed: Path, tmp_path: Path) -> None:
    done = lookalike(installed, tmp_path, "quer")
    assert done.returncode == 2
    assert "No such command 'quer'. Did you mean 'query'?" in done.stderr


def test_the_shell_can_complete_the_commands(installed: Path, tmp_path: Path) -> None:
    # It asks which shell it was called from. Without a second command, bash would become the first.
    in_bash = f"'{installed}/bin/lookalike' --show-completion; exit $?"
    done = run(installed, tmp_path, "bash", "-c", in_bash)
    assert done.returncode == 0
    assert "_LOOKALIKE_COMPLETE" in done.stdout
