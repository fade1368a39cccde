"""The project's own files: what is locked, packaged and documented is what there is."""

import ast
import contextlib
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
from packaging.utils import canonicalize_name
from setuptools import find_packages

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = ("lookalike", "ingest", "search", "storage")
PROGRAMS = ("ingest", "search", "storage", "benchmarks")
#: What has commands but is none, by what it is called.
APPLICATIONS = {"lookalike store", "python -m lookalike", *(f"python -m {program}" for program in PROGRAMS)}
LOCKS = ("requirements.lock", "requirements.headless.lock", "requirements.peers.lock", "requirements.servers.lock")
PAGES = ("README.md", "CHANGELOG.md", "ARCHITECTURE.md", "SCALING.md", "docs/commands.md", "docs/sources.md")

#: The options of each command but --help, by what it is called: `lookalike query`, `python -m search query`.
Commands = dict[str, set[str]]


def locked(name: str) -> list[str]:
    """Return a lock's requirements, a line each with its hashes; options of pip would be lines too."""
    lines = (line for line in (ROOT / name).read_text().splitlines() if not line.startswith("#"))
    return [line for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line.strip()]


def versions(name: str) -> dict[str, set[str]]:
    """Return each locked distribution's versions: one, or one for each platform or Python."""
    found: dict[str, set[str]] = {}
    for line in locked(name):
        requirement = Requirement(line.split("--hash")[0])
        (pinned,) = requirement.specifier
        found.setdefault(canonicalize_name(requirement.name), set()).add(pinned.version)
    return found


def options_of(command: Any) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts if option.startswith("-")}


def commands_of(called: str, command: Any) -> Commands:
    """Return a command, or all those of a group, which has options too when it is the console script's."""
    if not hasattr(command, "commands"):
        return {called: options_of(command)}
    found = {called: options_of(command)} if options_of(command) else {}
    for name in command.commands:
        found |= commands_of(f"{called} {name}", command.get_command(None, name))
    return found


@cache
def command_line() -> Commands:
    """Return the commands of the console script, and those of `python -m`."""
    found = commands_of("lookalike", typer.main.get_command(import_module("lookalike.__main__").app))
    for program in PROGRAMS:
        module = import_module(f"{program}.__main__")
        for app in filter(None, (module.app, getattr(module, "jobs_app", None))):
            found |= commands_of(f"python -m {program}", typer.main.get_command(app))
    return found


def named(text: str) -> tuple[str, set[str]]:
    """Return the command that a text calls, as long a name as there is, and the options after it."""
    words = text.split()
    names = command_line().keys() | APPLICATIONS
    count = max((n for n in range(len(words) + 1) if " ".join(words[:n]) in names), default=len(words))
    return " ".join(words[:count]), {word for word in words[count:] if re.fullmatch(r"--?[a-z][a-z-]*", word)}


def code_of(text: str) -> list[str]:
    """Return what stands between backticks, but not what stands in blocks of their own."""
    return re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def documented() -> Commands:
    """Return the commands in the tables of docs/commands.md with the options that their rows name."""
    lines = (ROOT / "docs/commands.md").read_text().splitlines()
    found: Commands = {}
    for row in (line for line in lines if re.match(r"\| `(lookalike|python -m) ?", line)):
        first, *others = code_of(row)
        command, options = named(first)
        mentioned = {word for code in others for word in code.split() if re.fullmatch(r"-{1,2}[a-z][a-z-]*", word)}
        found[command] = options | mentioned
    return found


@cache
def texts() -> dict[Path, str]:
    """Return the project's text files; what was built or ingested here is none of them."""
    found: dict[Path, str] = {}
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if name == ".ci" or not re.match(r"\.|__|(build|dist|demo)$", name)]
        folders[:] = [name for name in folders if not name.endswith(".egg-info")]
        for path in (Path(folder, name) for name in files if not name.startswith(".")):
            with contextlib.suppress(UnicodeDecodeError):
                found[path] = path.read_text()
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_index_and_has_an_exact_version_and_hashes_of_everything(lock: str) -> None:
    exact = re.compile(r"[a-z0-9._-]+(\[[a-z0-9,_-]+\])?==[^ ;]+( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+")
    assert [line for line in locked(lock) if not exact.fullmatch(line.strip())] == []
    assert len(locked(lock)) >= 1
    assert re.findall(r"https?:|file:|index-url|find-links|trusted-host", (ROOT / lock).read_text()) == []


def test_every_dependency_is_locked_in_a_version_that_is_asked_for() -> None:
    extras = PROJECT["project"]["optional-dependencies"]
    asked = [Requirement(text) for some in (PROJECT["project"]["dependencies"], *extras.values()) for text in some]
    lock = versions("requirements.peers.lock") | versions("requirements.lock")
    unmet = {
        str(one): sorted(lock.get(canonicalize_name(one.name), set()))
        for one in asked
        if not all(one.specifier.contains(version) for version in lock.get(canonicalize_name(one.name), {"none"}))
    }
    assert unmet == {}
    assert len(asked) > 20


def test_the_peers_are_locked_beside_the_same_versions_of_everything_else() -> None:
    lock, peers = versions("requirements.lock"), versions("requirements.peers.lock")
    assert {name: peers[name] for name in lock if name in peers} == {name: lock[name] for name in lock if name in peers}
    assert {"chromadb", "lancedb", "numpy"} <= set(peers)


def test_opencv_without_windows_is_locked_in_the_version_of_opencv() -> None:
    windows, headless = versions("requirements.lock"), versions("requirements.headless.lock")
    assert headless == {"opencv-python-headless": windows["opencv-python"]}


def test_the_packages_are_those_that_the_wheel_has_and_no_measurements_are_among_them() -> None:
    found = PROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    packaged = set(find_packages(str(ROOT), include=found))
    folders = {path.parent.relative_to(ROOT) for name in PACKAGES for path in (ROOT / name).rglob("*.py")}
    assert packaged == {".".join(folder.parts) for folder in folders}
    assert {name.split(".")[0] for name in packaged} == set(PACKAGES)


def test_every_other_file_of_the_packages_is_packaged_too() -> None:
    others = {path for path in texts() if path.relative_to(ROOT).parts[0] in PACKAGES and path.suffix != ".py"}
    assert others == {ROOT / name / "py.typed" for name in PACKAGES}
    assert PROJECT["tool"]["setuptools"]["package-data"] == {"*": ["py.typed"]}


def test_every_import_of_another_project_is_declared() -> None:
    declared = {canonicalize_name(Requirement(text).name) for text in requirements(PROJECT["project"])}
    distributions = metadata.packages_distributions()
    # The types of the standard library are those of every type checker.
    ours = {*PACKAGES, "benchmarks", "tests", "_typeshed", *sys.stdlib_module_names}
    undeclared = {
        (str(path.relative_to(ROOT)), module)
        for path, text in texts().items()
        if path.suffix == ".py"
        for module in imported_by(text) - ours
        if not {canonicalize_name(name) for name in distributions.get(module, [module])} & declared
    }
    assert undeclared == set()


def requirements(project: Any) -> list[str]:
    return [*project["dependencies"], *(text for texts in project["optional-dependencies"].values() for text in texts)]


def imported_by(text: str) -> set[str]:
    """Return the top-level modules that a file imports anywhere."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_the_licence_and_the_attributions_travel_with_the_package() -> None:
    assert PROJECT["project"]["license-files"] == ["LICENSE", "NOTICE"]
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert "Visual Geometry Group" in (ROOT / "NOTICE").read_text()


def test_every_command_is_documented_with_every_option() -> None:
    both = {
        name: options for name, options in command_line().items() if not re.match(r"python -m (?!benchmarks)", name)
    }
    assert documented() == both


def test_the_console_script_has_every_command_of_the_packages_with_the_same_options() -> None:
    called = {
        "python -m ingest": "lookalike ingest",
        "python -m ingest status": "lookalike status",
        "python -m ingest retry": "lookalike retry",
    }
    for name, options in command_line().items():
        if re.match(r"python -m (ingest|search|storage)", name):
            script = called.get(name) or re.sub("python -m storage", "lookalike store", name)
            script = script.replace("python -m search", "lookalike")
            assert (script, command_line()[script]) == (script, options)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_shows_exists_with_its_options(page: str) -> None:
    text = (ROOT / page).read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    shown = [shlex.join(shlex.split(line, comments=True)) for block in blocks for line in block.splitlines()]
    lines = [line for line in (*shown, *code_of(text)) if re.match(r"(lookalike|python -m) ", line)]
    # An application alone stands for all that it can do.
    known = {name: set[str]() for name in APPLICATIONS} | command_line()
    assert [line for line in lines if named(line)[0] not in known or named(line)[1] - known[named(line)[0]]] == []


def test_every_command_that_a_message_advises_exists() -> None:
    advised = [
        (path.name, match.group(1))
        for path, text in texts().items()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in {*PACKAGES, *PROGRAMS}
        # A message may go on in the next line, as a literal of its own.
        for match in re.finditer(r"`((?:lookalike|python -m) [^`|.]+)`", re.sub(r'"\n *f?"', "", text))
    ]
    assert [advice for advice in advised if named(advice[1])[0] not in command_line().keys() | APPLICATIONS] == []
    assert len(advised) > 5


@pytest.mark.parametrize("page", PAGES)
def test_every_file_that_a_page_names_exists(page: str) -> None:
    codes = [
        code for code in code_of((ROOT / page).read_text()) if re.fullmatch(r"[\w/.]+(\.py|\.toml|\.lock|/)", code)
    ]
    names = {path.name for path in texts()}
    missing = [code for code in codes if not ((ROOT / code).exists() or ("/" not in code and code in names))]
    assert missing == []


def test_every_picture_and_page_that_readme_links_exists() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text())
    assert [link for link in links if not (ROOT / link).is_file()] == []
    assert len(links) >= 4


def test_every_target_that_readme_names_is_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named_targets = set(re.findall(r"\bmake ([a-z]+)\b", (ROOT / "README.md").read_text()))
    assert named_targets <= targets
    assert {"setup", "demo", "test"} <= named_targets


def test_no_file_names_a_place_on_a_developers_machine() -> None:
    home = re.compile(r"(?<![\w.~-])(?:/(?:home|Users|root|work|mnt|workspace|workspaces)/\w|[A-Z]:\\\\?Users)")
    found = [
        (str(path.relative_to(ROOT)), match.group()) for path, text in texts().items() for match in home.finditer(text)
    ]
    assert found == []
