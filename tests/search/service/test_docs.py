"""The examples of docs/http.md run as they stand, but for the port."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from storage import Embedding, NewItem, Store
from tests.processes import REPOSITORY
from tests.search.service.served import Served, served

PAGE = (REPOSITORY / "docs" / "http.md").read_text()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("service") / "store"
    with Store.create(folder, Embedding(1, "f" * 64)) as store:
        items = [NewItem(f"{id}.jpg", bytes([id]), label="cats") for id in range(10)]
        store.append(items, np.arange(10, dtype=np.float32)[:, None] / 8)
    with served(folder) as service:
        yield service


def examples(language: str) -> list[str]:
    """Return the page's examples in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def printed(command: list[str], example: str, service: Served) -> str:
    """Return what an example prints."""
    code = example.replace(":8765", f":{service.port}")
    done = subprocess.run([*command, code], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_the_search_by_curl_has_the_answer(service: Served) -> None:
    by_id = examples("sh")[1].splitlines()[0]
    assert '"asked":"item 3 (3.jpg)"' in printed(["bash", "-c"], by_id, service)


def test_the_search_in_python_has_the_answer(service: Served) -> None:
    # In eighths: the mean of 3 and 8 less half of 5 is 3.
    lines = printed([sys.executable, "-c"], examples("python")[0], service).splitlines()
    assert [line.split()[:2] for line in lines[:2]] == [["1", "2.jpg"], ["2", "4.jpg"]]


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_the_search_in_javascript_has_the_answer(service: Served) -> None:
    lines = printed(["node", "--input-type=module", "--eval"], examples("js")[0], service).splitlines()
    assert [line.split()[1] for line in lines] == [
        "2.jpg",
        "4.jpg",
        "1.jpg",
        "5.jpg",
        "0.jpg",
        "6.jpg",
        "7.jpg",
    ]


def test_every_code_of_a_problem_is_on_the_page() -> None:
    sources = "".join(path.read_text() for path in (REPOSITORY / "search" / "service").glob("*.py"))
    codes = set(re.findall(r'(?:Problem\(\s*\d+,|unavailable\(|\(\d{3},)\s*"([a-z_]+)"', sources))
    assert len(codes) > 20
    assert codes - set(re.findall(r"`([a-z_]+)`", PAGE)) == {"internal"}


def test_every_path_of_the_service_is_on_the_page() -> None:
    app = (REPOSITORY / "search" / "service" / "app.py").read_text()
    paths = re.findall(r'@app\.(?:get|post)\("([^"]+)"', app)
    assert [path for path in paths if path not in PAGE] == []


def test_the_page_is_named_where_people_look() -> None:
    for name in ("README.md", "docs/commands.md"):
        assert "http.md" in Path(REPOSITORY / name).read_text()
