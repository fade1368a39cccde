"""Files that commands write: what is there already is replaced only if it is Lookalike's."""

import errno
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.errors import OutputRefused, StoreUnwritable
from storage.files.output_file import OutputFile
from tests.errors import error_message

OURS = b"ours: a figure"
THEIRS = b"a photograph"
OTHER_PATH = "name another path"
FORCE = f"{OTHER_PATH}, or give --force to replace it"


def output(path: Path, *, force: bool = False, inputs: tuple[Path, ...] = ()) -> OutputFile:
    return OutputFile(path, "figure", lambda path: path.read_bytes().startswith(b"ours"), force, inputs)


@dataclass(frozen=True)
class Known:
    """Something that was made from one file."""

    file: Path

    def is_own_file(self, path: Path) -> bool:
        return path.samefile(self.file)


def refusal(output: OutputFile, *known: Known) -> str:
    """Return why a file is refused, which is the same when it is checked and when it is written."""
    message = error_message(OutputRefused, output.require_replaceable, *known)
    if not known:
        assert error_message(OutputRefused, output.write_bytes, b"new") == message
    prefix = f"expected a new file for the figure, got {output.path}, "
    assert message.startswith(prefix)
    return message.removeprefix(prefix)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    path = tmp_path / "photograph.png"
    path.write_bytes(THEIRS)
    return path


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    path = tmp_path / "figure.png"
    path.write_bytes(OURS)
    return path


def test_a_new_file_is_written_under_any_name(tmp_path: Path) -> None:
    longest = tmp_path / ("a" * 251 + ".png")
    for path in (tmp_path / "new.png", longest):
        output(path).require_replaceable()
        output(path).write_bytes(b"new")
    assert contents(tmp_path) == {"new.png": b"new", longest.name: b"new"}


def test_a_file_of_ours_is_replaced(ours: Path) -> None:
    output(ours).require_replaceable()
    output(ours).write_bytes(b"new")
    assert contents(ours.parent) == {"figure.png": b"new"}


def test_another_file_is_replaced_only_when_forced(theirs: Path) -> None:
    assert refusal(output(theirs)) == f"which is no figure of Lookalike's: {FORCE}"
    assert contents(theirs.parent) == {"photograph.png": THEIRS}
    output(theirs, force=True).write_bytes(b"new")
    assert contents(theirs.parent) == {"photograph.png": b"new"}


def other_names(file: Path) -> list[Path]:
    """Return other names of a file: a link, a link to that, a hard link, and the path written otherwise."""
    names = [file.with_name(name) for name in ("link.png", "link of link.png", "hard link.png")]
    names[0].symlink_to(file.name)
    names[1].symlink_to(names[0])
    names[2].hardlink_to(file)
    folder = file.parent / "folder"
    folder.mkdir()
    return [file, *names, folder / ".." / file.name]


@pytest.mark.parametrize("force", [False, True])
def test_a_file_that_the_command_reads_is_never_replaced_whatever_its_name(ours: Path, force: bool) -> None:
    for name in other_names(ours):
        for read in (ours, name):
            assert refusal(output(name, force=force, inputs=(read,))) == f"which this command reads: {OTHER_PATH}"
    assert ours.read_bytes() == OURS


@pytest.mark.parametrize("force", [False, True])
def test_a_file_that_a_store_was_made_from_is_never_replaced(ours: Path, theirs: Path, force: bool) -> None:
    reason = f"which belongs to the store or its source: {OTHER_PATH}"
    for file in (ours, theirs):
        assert refusal(output(file, force=force), Known(file)) == reason
    output(ours).require_replaceable(Known(theirs))


def test_a_link_stands_for_the_file_that_it_leads_to(ours: Path, theirs: Path) -> None:
    to_ours, to_theirs, to_nothing = (ours.with_name(f"{name}.png") for name in ("a", "b", "c"))
    to_ours.symlink_to(ours)
    to_theirs.symlink_to(theirs)
    to_nothing.symlink_to(ours.with_name("new.png"))
    assert refusal(output(to_theirs)) == f"which is no figure of Lookalike's: {FORCE}"
    for link in (to_ours, to_nothing):
        output(link).write_bytes(b"new")
    assert all(link.is_symlink() for link in (to_ours, to_theirs, to_nothing))
    assert ours.read_bytes() == ours.with_name("new.png").read_bytes() == b"new"
    assert theirs.read_bytes() == THEIRS


@pytest.mark.parametrize("force", [False, True])
def test_folders_and_pipes_are_never_replaced(tmp_path: Path, force: bool) -> None:
    (tmp_path / "folder.png").mkdir()
    os.mkfifo(tmp_path / "pipe.png")
    for name in ("folder.png", "pipe.png"):
        assert refusal(output(tmp_path / name, force=force)) == f"which is no ordinary file: {OTHER_PATH}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.png", "pipe.png"]


def test_a_read_only_file_of_ours_is_replaced_only_when_forced(ours: Path) -> None:
    ours.chmod(0o444)
    assert refusal(output(ours)) == f"which is read-only: {FORCE}"
    assert ours.read_bytes() == OURS
    output(ours, force=True).write_bytes(b"new")
    assert ours.read_bytes() == b"new"


def test_a_file_that_came_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    late = output(tmp_path / "late.png")
    late.require_replaceable()
    late.path.write_bytes(THEIRS)
    assert refusal(late) == f"which is no figure of Lookalike's: {FORCE}"
    assert contents(tmp_path) == {"late.png": THEIRS}


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(ours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise RuntimeError

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(RuntimeError):
        output(ours).write(fail)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreUnwritable):
        output(ours).write_bytes(b"new")
    assert contents(ours.parent) == {"figure.png": OURS}


def test_no_file_is_lost_whose_name_a_temporary_file_could_have(ours: Path) -> None:
    neighbour = ours.with_name("figure.png.tmp")
    neighbour.write_bytes(THEIRS)
    output(ours).write_bytes(b"new")
    assert contents(ours.parent) == {"figure.png": b"new", "figure.png.tmp": THEIRS}
