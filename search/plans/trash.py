"""Move files to the desktop's trash, and find them there again.

The trash tells no place, so a file in it is found by its `.trashinfo`, which names the path that it had, and by its
content: https://specifications.freedesktop.org/trash-spec/latest/. Other systems keep no such files.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote_to_bytes

from search.plans.file_moves import Place
from search.plans.file_spot import FileSpot, look

_INFO_SUFFIX = ".trashinfo"

#: More than any path takes.
_MOST_BYTES = 2**16


def send_to_trash(spot: FileSpot) -> None:
    """Move a file to the trash; raise OSError."""
    # Imported here: it loads the desktop's libraries where it has some.
    from send2trash import send2trash

    send2trash(os.path.join(os.path.realpath(spot.root), spot.path))  # noqa: PTH118 - a path may be no UTF-8


def place_of(home: FileSpot, digest: bytes) -> Place:
    """Return where a picture is after it was to be moved to the trash; raise OSError."""
    seen = look(home)
    return Place.HOME if seen is not None and seen.digest == digest else Place.ASIDE


def find_in_trash(home: FileSpot, digest: bytes) -> FileSpot | None:
    """Return where in the trash a file of this content is that was at a path, None if there is none."""
    wanted = os.path.join(os.path.realpath(home.root), home.path)  # noqa: PTH118
    for trash, top in _trashes(Path(wanted)):
        for info in sorted((trash / "info").glob(f"*{_INFO_SUFFIX}")):
            path = _path_in(info)
            if path is None or os.path.join(top, path) != wanted:  # noqa: PTH118
                continue
            spot = FileSpot(str(trash / "files"), info.name.removesuffix(_INFO_SUFFIX))
            try:
                seen = look(spot)
            except OSError:
                continue
            if seen is not None and seen.digest == digest:
                return spot
    return None


def remove_trash_info(spot: FileSpot) -> None:
    """Remove what the trash has noted of a file that has left it."""
    info = Path(spot.root).parent / "info" / f"{spot.path}{_INFO_SUFFIX}"
    info.unlink(missing_ok=True)


def _trashes(path: Path) -> Iterator[tuple[Path, str]]:
    """Yield the trash folders that a file may have been moved to, and what relative paths in them are relative to."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")  # noqa: PTH111
    yield Path(data, "Trash"), data
    for folder in path.parents:
        if folder.is_mount():
            yield folder / ".Trash" / str(os.getuid()), str(folder)
            yield folder / f".Trash-{os.getuid()}", str(folder)
            return


def _path_in(info: Path) -> str | None:
    """Return the path that a `.trashinfo` names."""
    try:
        if not stat.S_ISREG(info.lstat().st_mode):
            return None
        with info.open("rb") as file:
            lines = file.read(_MOST_BYTES).splitlines()
    except OSError:
        return None
    paths = [line.removeprefix(b"Path=") for line in lines if line.startswith(b"Path=")]
    return os.fsdecode(unquote_to_bytes(paths[0])) if paths else None
