"""Read files below a folder, and never outside of it."""

import os
from pathlib import Path

from ingest.errors import UnreadableImage
from ingest.images.images import FILE_LIMIT
from ingest.sources.files import open_file, reason_of, size_of
from storage.console import printable


class ConfinedFolder:
    """A folder whose files are read by their relative paths; paths and links that lead out of it are refused.

    `linked=False` says that a path has no symbolic link in it, which saves resolving it; opening it then refuses one at
    its end.
    """

    def __init__(self, root: str | Path) -> None:
        self.root = str(root)
        self._real = os.path.realpath(root)
        self._prefix = self._real.rstrip("/") + "/"

    def shown(self, path: str) -> str:
        """Return a relative path as messages show it."""
        return printable(str(Path(self.root, path)))

    def resolved(self, path: str, *, linked: bool = True) -> str:
        """Return the absolute path without links of a relative path; raise OSError when it is outside the folder."""
        absolute = f"{self._real}/{path}"
        if not linked:
            return absolute
        real = os.path.realpath(absolute)
        if real != self._real and not real.startswith(self._prefix):
            raise OSError(0, f"it leads to {printable(real)}, out of the folder; copy the image into it")
        return real

    def has_entry(self, path: str) -> bool:
        """Return whether there is a file or folder of exactly this name, even if it is not read; True if in doubt."""
        folder = self.root
        if not os.path.lexists(f"{folder}/{path}"):
            return False
        # Where case is ignored, a file is found by a name that it had: a listing has the present one.
        try:
            for name in path.split("/"):
                if all(entry.name != name for entry in Path(folder).iterdir()):
                    return False
                folder = f"{folder}/{name}"
        except OSError:
            return True
        return True

    def read_start(self, path: str, count: int, *, linked: bool = True) -> bytes:
        """Return the first `count` bytes of a file; raise OSError."""
        with open_file(self.resolved(path, linked=linked), follow=False) as file:
            return file.read(count)

    def read(self, path: str, *, linked: bool = True, limit: int = FILE_LIMIT) -> bytes:
        """Return a file's bytes, at most `limit`; raise UnreadableImage, also when its size changes meanwhile."""
        try:
            with open_file(self.resolved(path, linked=linked), follow=False) as file:
                size = size_of(file)
                data = file.read(size + 1) if size <= limit else b""
        except (OSError, ValueError) as error:
            raise UnreadableImage(
                f"expected a readable image file, got {self.shown(path)}: {reason_of(error)}"
            ) from error
        if size > limit:
            raise UnreadableImage(
                f"expected an image file of at most {limit} bytes, got {self.shown(path)}: {size} bytes"
            )
        if len(data) != size:
            raise UnreadableImage(
                f"expected {self.shown(path)} to stay as it was, but it changed while it was read: try again"
            )
        return data
