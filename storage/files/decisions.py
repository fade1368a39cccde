"""Files in a store's folder with what people decided about its items: corrected labels, pairs that are different."""

from pathlib import Path

from storage.files import durable
from storage.files.file_checks import require_file, require_folder
from storage.files.layout import CURATION

CORRECTIONS = "corrections.jsonl"
DIFFERENT = "different.txt"


def read_decisions(store: Path, name: str) -> bytes | None:
    """Return what is in a file of decisions, None if there is none; raise NotAStore for a link, or OSError."""
    path = decisions_path(store, name)
    require_folder(path.parent)
    require_file(path)
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def write_decisions(store: Path, name: str, data: bytes) -> None:
    """Write a file of decisions durably in place of the one that is there; raise NotAStore or StoreUnwritable."""
    path = decisions_path(store, name)
    require_folder(path.parent)
    durable.make_folder(path.parent)
    durable.replace_file(path, data)


def decisions_path(store: Path, name: str) -> Path:
    """Return the path of a file of decisions."""
    return store / CURATION / name


def copy_decisions(store: Path, copy: Path) -> None:
    """Copy a store's decisions to another store's folder; raise NotAStore or StoreUnwritable."""
    for name in (CORRECTIONS, DIFFERENT):
        path = decisions_path(store, name)
        with durable.write_errors(path):
            data = read_decisions(store, name)
        if data is not None:
            write_decisions(copy, name, data)
