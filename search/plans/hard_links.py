"""Replace a file by a hard link to another one of the same bytes, and the reverse."""

import os

from search.plans.file_moves import FileChanged, copy_file, publish, settle_beside, take_away, temporary_name
from search.plans.file_spot import FileSpot, SeenFile, look, look_in, parent_of


def replace_by_link(copy: FileSpot, seen: SeenFile, kept: FileSpot, seen_kept: SeenFile, token: str) -> None:
    """Make a name, that of a file of the same bytes, a second name of the file to keep.

    Raise OSError, also where there can be no links; then `settle_link` brings it to an end.
    """
    temporary = temporary_name(token)
    with parent_of(kept) as (there, original), parent_of(copy) as (here, name):
        os.link(original, temporary, src_dir_fd=there, dst_dir_fd=here, follow_symlinks=False)
        if not seen_kept.is_unchanged(os.stat(temporary, dir_fd=here, follow_symlinks=False)):
            raise FileChanged(original)
        take_away(here, name, seen, token)
        publish(here, temporary, name)
        os.fsync(here)


def separate(link: FileSpot, seen: SeenFile, token: str) -> None:
    """Make a name that is one of several of a file a file of its own again, with the mode and time of `seen`."""
    temporary = temporary_name(token)
    with parent_of(link) as (folder, name):
        now = look_in(folder, name)
        if now.digest != seen.digest:
            raise FileChanged(name)
        copy_file(folder, name, folder, temporary, seen)
        take_away(folder, name, now, token)
        publish(folder, temporary, name)
        os.fsync(folder)


def settle_link(copy: FileSpot, digest: bytes, kept: FileSpot, token: str) -> bool:
    """Bring what was interrupted to an end, and return whether the two names are of one file now; raise OSError."""
    settle_beside(copy, digest, token)
    seen, seen_kept = look(copy), look(kept)
    return seen is not None and seen_kept is not None and seen.is_same_file(seen_kept)
