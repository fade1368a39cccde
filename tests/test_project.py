"""The project's own files: what is locked, packaged and documented is what there is."""

import ast
import contextlib
import json
import os
import re
import shlex
import sys
import tomllib
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

import pytest
import typer
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from setuptools import find_packages

from tests.processes import REPOSITORY

PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
PACKAGES = ("lookalike", "ingest", "search", "storage")
PROGRAMS = ("ingest", "search", "storage", "benchmarks")
#: Names that a page may give to a group of commands.
APPLICATIONS = {"lookalike store", "python -m lookalike", *(f"python -m {program}" for program in PROGRAMS)}
LOCKS = tuple(f"requirements.{name}lock" for name in ("", "headless.", "peers.", "serve.", "servers."))
PAGES = (
    "README.md",
    "CHANGELOG.md",
    "ARCHITECTURE.md",
    "SCALING.md",
    "docs/benchmarks.md",
    "docs/commands.md",
    "docs/curation.md",
    "docs/explorer.md",
    "docs/json.md",
    "docs/sources.md",
)

#: The options of each command but --help, by its full name: `lookalike query`, `python -m search query`.
Commands = dict[str, set[str]]


def locked(name: str) -> list[str]:
    """Return a lock's requirements, a line each with its hashes; options of pip would be lines too."""
    lines = (line for line in (REPOSITORY / name).read_text().splitlines() if not line.startswith("#"))
    return [line for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


def versions(name: str) -> dict[str, set[str]]:
    """Return each locked distribution's versions: one, or one for each platform or Python."""
    pinned: dict[str, set[str]] = {}
    for line in locked(name):
        requirement = Requirement(line.split("--hash")[0])
        (specifier,) = requirement.specifier
        pinned.setdefault(canonicalize_name(requirement.name), set()).add(specifier.version)
    return pinned


def options_of(command: Any) -> set[str]:
    """Return the options of a Click command."""
    return {option for parameter in command.params for option in parameter.opts if option.startswith("-")}


def commands_of(full_name: str, command: Any) -> Commands:
    """Return a Click command, or all those of a group, with the group itself if it has options of its own."""
    options = options_of(command)
    if not hasattr(command, "commands"):
        return {full_name: options}
    commands = {full_name: options} if options else {}
    for name in command.commands:
        commands |= commands_of(f"{full_name} {name}", command.get_command(None, name))
    return commands


@cache
def command_line() -> Commands:
    """Return the commands of the console script, and those of `python -m`."""
    commands = commands_of("lookalike", typer.main.get_command(import_module("lookalike.commands").app))
    for program in PROGRAMS:
        module = import_module(f"{program}.__main__")
        for app in filter(None, (module.app, getattr(module, "jobs_app", None))):
            commands |= commands_of(f"python -m {program}", typer.main.get_command(app))
    return commands


def parse(text: str) -> tuple[str, set[str]]:
    """Return the longest command name that a text begins with, and the options after it."""
    words = text.split()
    names = command_line().keys() | APPLICATIONS
    count = max((n for n in range(len(words) + 1) if " ".join(words[:n]) in names), default=len(words))
    return " ".join(words[:count]), {word for word in words[count:] if re.fullmatch(r"--?[a-z][a-z-]*", word)}


def code_of(text: str) -> list[str]:
    """Return the inline code of a Markdown text, without its code blocks."""
    return re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def documented() -> Commands:
    """Return the commands in the tables of two pages with the options that their rows name."""
    lines = "".join((REPOSITORY / f"docs/{name}.md").read_text() for name in ("commands", "benchmarks")).splitlines()
    rows = [line for line in lines if re.match(r"\| `(lookalike|python -m) ?", line)]
    return dict(parse(" ".join(code_of(row))) for row in rows)


def headings(page: Path) -> set[str]:
    """Return a page's headings as a link names them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {"#" + re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@cache
def texts() -> dict[Path, str]:
    """Return the project's text files by relative path, without what was built or ingested here."""
    contents: dict[Path, str] = {}
    for folder, folders, files in os.walk(REPOSITORY):
        folders[:] = [
            name for name in folders if name == ".ci" or not re.match(r"\.|__|(build|dist|demo|node_modules)$", name)
        ]
        folders[:] = [name for name in folders if not name.endswith(".egg-info")]
        for path in (Path(folder, name) for name in files if not name.startswith(".")):
            with contextlib.suppress(UnicodeDecodeError):
                contents[path.relative_to(REPOSITORY)] = path.read_text()
    return contents


def test_the_pythons_that_are_tried_are_those_that_are_promised() -> None:
    promised = [
        f"3.{minor}"
        for minor in range(20)
        if SpecifierSet(PROJECT["project"]["requires-python"]).contains(f"3.{minor}")
    ]
    tried = re.search(r"for version in ([0-9. ]+);", (REPOSITORY / ".ci/pythons").read_text())
    assert tried is not None
    assert tried[1].split() == promised[::-1]
    for page in ("README.md", "Makefile"):
        assert f"Python {promised[0]} to {promised[-1]}" in (REPOSITORY / page).read_text()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_has_an_exact_version_and_hashes_of_everything(lock: str) -> None:
    exact = re.compile(r"[a-z0-9._-]+(\[[a-z0-9,_-]+\])?==[^ ;]+( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+")
    assert [line for line in locked(lock) if not exact.fullmatch(line.strip())] == []
    assert len(locked(lock)) >= 1
    assert re.findall(r"https?:|file:|index-url|find-links|trusted-host", (REPOSITORY / lock).read_text()) == []


def test_every_dependency_is_locked_in_a_version_that_is_asked_for() -> None:
    declared = [Requirement(text) for text in requirements()]
    lock = versions("requirements.peers.lock") | versions("requirements.lock")
    unmet = {
        str(requirement): sorted(locked_versions)
        for requirement in declared
        if not (locked_versions := lock.get(canonicalize_name(requirement.name), set()))
        or not all(map(requirement.specifier.contains, locked_versions))
    }
    assert unmet == {}
    assert len(declared) > 20


def test_the_peers_are_locked_beside_the_same_versions_of_everything_else() -> None:
    lock, peers = versions("requirements.lock"), versions("requirements.peers.lock")
    assert {name: peers[name] for name in lock if name in peers} == {name: lock[name] for name in lock if name in peers}
    assert {"chromadb", "lancedb", "numpy"} <= set(peers)


def test_opencv_without_windows_is_locked_in_the_version_of_opencv() -> None:
    windows, headless = versions("requirements.lock"), versions("requirements.headless.lock")
    assert headless == {"opencv-python-headless": windows["opencv-python"]}


def test_the_packages_are_those_that_the_wheel_has_and_no_measurements_are_among_them() -> None:
    packaged = set(find_packages(str(REPOSITORY), **PROJECT["tool"]["setuptools"]["packages"]["find"]))
    folders = {path.parent.relative_to(REPOSITORY) for name in PACKAGES for path in (REPOSITORY / name).rglob("*.py")}
    assert packaged == {".".join(folder.parts) for folder in folders}
    assert {name.split(".")[0] for name in packaged} == set(PACKAGES)


def test_every_other_file_of_the_packages_is_packaged_too() -> None:
    others = {path for path in texts() if path.parts[0] in PACKAGES and path.suffix != ".py"}
    page = Path("search/explorer/page")
    assert {path for path in others if path.parent != page} == {Path(name, "py.typed") for name in PACKAGES}
    assert {page / "page.html", page / "page.css", page / "main.js"} <= others
    assert PROJECT["tool"]["setuptools"]["package-data"] == {"*": ["py.typed"], "search.explorer": ["page/*"]}


def test_the_lock_of_the_scripts_tools_names_no_registry_and_has_a_hash_of_everything() -> None:
    lock = json.loads((REPOSITORY / "package-lock.json").read_text())
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert [name for name, package in packages.items() if not package.get("integrity", "").startswith("sha512-")] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert len(packages) > 20


def test_every_import_of_another_project_is_declared() -> None:
    declared = {canonicalize_name(Requirement(text).name) for text in requirements()}
    distributions = metadata.packages_distributions()
    # The types of the standard library are those of every type checker.
    ours = {*PACKAGES, "benchmarks", "tests", "_typeshed", *sys.stdlib_module_names}
    undeclared = {
        (str(path), module)
        for path, text in texts().items()
        if path.suffix == ".py"
        for module in imported_by(text) - ours
        if not {canonicalize_name(name) for name in distributions.get(module, [module])} & declared
    }
    assert undeclared == set()


def requirements() -> list[str]:
    """Return the dependencies in pyproject.toml, those of the extras included."""
    project = PROJECT["project"]
    return [*project["dependencies"], *(text for texts in project["optional-dependencies"].values() for text in texts)]


def imported_by(text: str) -> set[str]:
    """Return the top-level modules that a file imports anywhere."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules.add(node.module.split(".")[0])
    return modules


def test_the_licence_and_the_attributions_travel_with_the_package() -> None:
    assert PROJECT["project"]["license-files"] == ["LICENSE", "NOTICE"]
    assert "Apache License" in (REPOSITORY / "LICENSE").read_text()
    assert "Visual Geometry Group" in (REPOSITORY / "NOTICE").read_text()


def test_every_command_is_documented_with_every_option() -> None:
    commands = command_line().items()
    assert documented() == {
        name: options for name, options in commands if not re.match(r"python -m (?!benchmarks)", name)
    }


def test_the_console_script_has_every_command_of_the_packages_with_the_same_options() -> None:
    renamed = {
        "python -m ingest": "lookalike ingest",
        "python -m ingest status": "lookalike status",
        "python -m ingest retry": "lookalike retry",
    }
    for name, options in command_line().items():
        if re.match(r"python -m (ingest|search|storage)", name):
            script = renamed.get(name) or name.replace("python -m storage", "lookalike store")
            script = script.replace("python -m search", "lookalike")
            assert (script, command_line()[script]) == (script, options)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_shows_exists_with_its_options(page: str) -> None:
    text = (REPOSITORY / page).read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    shown = [shlex.join(shlex.split(line, comments=True)) for block in blocks for line in block.splitlines()]
    lines = [line for line in (*shown, *code_of(text)) if re.match(r"(lookalike|python -m) ", line)]
    # A group may be named without a command.
    known = {name: set[str]() for name in APPLICATIONS} | command_line()
    assert [line for line in lines if parse(line)[0] not in known or parse(line)[1] - known[parse(line)[0]]] == []


def test_every_command_that_a_message_advises_exists() -> None:
    advised = [
        (path.name, match.group(1))
        for path, text in texts().items()
        if path.suffix == ".py" and path.parts[0] in {*PACKAGES, *PROGRAMS}
        # Join the parts of a message that continues in the next line.
        for match in re.finditer(r"`((?:lookalike|python -m) [^`|.]+)`", re.sub(r'"\n *f?"', "", text))
    ]
    assert [advice for advice in advised if parse(advice[1])[0] not in command_line().keys() | APPLICATIONS] == []
    assert len(advised) > 5


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_exists(page: str) -> None:
    codes = code_of((REPOSITORY / page).read_text())
    paths = [code for code in codes if re.fullmatch(r"[\w/.]+(\.py|\.toml|\.lock|/)", code)]
    names = {path.name for path in texts()}
    missing = [path for path in paths if not ((REPOSITORY / path).exists() or path in names)]
    assert missing == []


@pytest.mark.parametrize("page", [*PAGES, "docs/http.md", "docs/results.md"])
def test_every_link_of_a_page_leads_to_a_file_and_a_heading_that_are_there(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)", (REPOSITORY / page).read_text())
    for target, heading in links:
        path = (REPOSITORY / page).parent / target if target else REPOSITORY / page
        assert path.exists(), target
        assert not heading or heading in headings(path), (target, heading)
    assert len(links) >= 4 or page != "README.md"


def test_every_target_that_readme_names_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", (REPOSITORY / "README.md").read_text()))
    assert named <= targets
    assert {"setup", "demo", "test"} <= named


def test_no_file_names_a_path_on_a_developers_machine() -> None:
    home = re.compile(r"(?<![\w.~-])(?:/(?:home|Users|root|work|mnt|workspace|workspaces)/\w|[A-Z]:\\\\?Users)")
    assert [(str(path), match.group()) for path, text in texts().items() for match in home.finditer(text)] == []
