"""The project's own files: what is locked, packaged and documented is what there is."""

import contextlib
import os
import re
import shlex
import tomllib
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROGRAMS = ("ingest", "search", "storage", "benchmarks")
LOCKS = ("requirements.lock", "requirements.headless.lock", "requirements.peers.lock", "requirements.servers.lock")
PAGES = ("README.md", "CHANGELOG.md", "ARCHITECTURE.md", "SCALING.md")

#: What a command is called after `python -m`, and its options; of its help everybody knows.
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


@cache
def there_are() -> Commands:
    """Return the commands of the four applications."""
    found: Commands = {}
    for program in PROGRAMS:
        module = import_module(f"{program}.__main__")
        for app in filter(None, (module.app, getattr(module, "ledger", None))):
            whole: Any = typer.main.get_command(app)
            for name, command in getattr(whole, "commands", {"": whole}).items():
                options = [
                    option for parameter in command.params for option in parameter.opts if option.startswith("-")
                ]
                found[f"{program} {name}".strip()] = set(options)
    return found


def named(text: str) -> tuple[str, set[str]]:
    """Return the command and the options that `python -m ...` names."""
    program, *words = text.split()[2:]
    command = f"{program} {words[0]}" if words else program
    # A program that does one thing names no command; what follows is what it does it with.
    command = program if command not in there_are() and program in there_are() else command
    return command, {word for word in words if word.startswith("-")}


def code_of(text: str) -> list[str]:
    """Return what stands between backticks, but not what stands in blocks of their own."""
    return re.findall(r"`([^`]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))


def documented() -> Commands:
    """Return the commands of README's table with the options that their rows name."""
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| `python -m ")]
    found: Commands = {}
    for row in rows:
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


def test_every_folder_of_code_is_packaged() -> None:
    folders = {path.parent.relative_to(ROOT) for program in PROGRAMS for path in (ROOT / program).rglob("*.py")}
    assert sorted(PROJECT["tool"]["setuptools"]["packages"]) == sorted(".".join(folder.parts) for folder in folders)


def test_every_other_file_of_the_packages_is_packaged_too() -> None:
    data = PROJECT["tool"]["setuptools"]["package-data"]
    packaged = {path for package, globs in data.items() for glob in globs for path in (ROOT / package).glob(glob)}
    others = {path for path in texts() if path.relative_to(ROOT).parts[0] in PROGRAMS and path.suffix != ".py"}
    assert others == packaged


def test_the_licence_and_the_attributions_travel_with_the_package() -> None:
    assert PROJECT["project"]["license-files"] == ["LICENSE", "NOTICE"]
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert "Visual Geometry Group" in (ROOT / "NOTICE").read_text()


def test_every_command_is_in_readmes_table_with_every_option() -> None:
    assert documented() == there_are()


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_a_page_shows_exists_with_its_options(page: str) -> None:
    text = (ROOT / page).read_text()
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    shown = [shlex.join(shlex.split(line, comments=True)) for block in blocks for line in block.splitlines()]
    lines = [line for line in (*shown, *code_of(text)) if line.startswith("python -m ")]
    # A program alone stands for all that it can do.
    known = {program: set[str]() for program in PROGRAMS} | there_are()
    assert [line for line in lines if named(line)[0] not in known or named(line)[1] - known[named(line)[0]]] == []


def test_every_command_that_a_message_advises_exists() -> None:
    known = there_are()
    advised = [
        (path.name, *match.groups())
        for path, text in texts().items()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in PROGRAMS
        for match in re.finditer(r"`python -m (\w+)(?: ([a-z]+))?(?=[ `])", text)
    ]
    programs = {name.split()[0] for name in known}
    wrong = [one for one in advised if one[1] not in programs or (one[2] and f"{one[1]} {one[2]}" not in known)]
    assert wrong == []
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
