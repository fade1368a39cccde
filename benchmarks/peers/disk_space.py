"""The space that a store takes on disk."""

import stat
from pathlib import Path


def disk_space(folder: Path) -> int:
    """Return the bytes of all files below a folder; a file that has several names, as hard links, counts once."""
    statuses = (path.lstat() for path in folder.rglob("*"))
    sizes = {(status.st_dev, status.st_ino): status.st_size for status in statuses if stat.S_ISREG(status.st_mode)}
    return sum(sizes.values())
