"""The file that an item of a store came from."""

from pathlib import Path

from ingest.errors import SourceUnusable
from ingest.sources.confined_folder import ConfinedFolder
from ingest.sources.source_name import SourceName


def folder_of(source: str) -> ConfinedFolder | None:
    """Return the folder to which the keys of a source's items are relative; None if they are no paths of files."""
    try:
        kind, _, path = SourceName.parse(source).source.partition(":")
    except SourceUnusable:
        return None
    match kind:
        case "folder":
            return ConfinedFolder(path)
        case "manifest":
            return ConfinedFolder(Path(path).parent)
    return None


def source_file(folder: ConfinedFolder, key: str) -> Path | None:
    """Return the path of a key's file, which may be gone by now; None if it would lie outside of the folder."""
    try:
        folder.resolved(key)
    except (OSError, ValueError):
        return None
    return Path(folder.root, key)
