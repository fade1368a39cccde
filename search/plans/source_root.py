"""The folder that a source's files are in: a stored item's key is the path below it."""

from functools import lru_cache

from ingest.sources.source_file import folder_of


@lru_cache
def source_root(name: str | None) -> str | None:
    """Return the folder of the source of a name, as items have it; None if its pictures are no files of their own."""
    folder = None if name is None else folder_of(name)
    return None if folder is None else folder.root


def shown_root(root: str) -> str:
    """Return a folder as a plan's text: bytes that are no UTF-8 are escaped."""
    return root.encode("utf-8", "backslashreplace").decode()
