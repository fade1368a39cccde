"""Images in a folder and its sub-folders; the first sub-folder's name is the label."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ingest.errors import SourceUnusable
from ingest.images import read_bytes
from ingest.sources.contract import SourceImage

SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".jp2", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)


class Folder:
    """The image files of a folder in the order of their names; hidden files and links are left out."""

    def __init__(self, path: str | Path) -> None:
        self._root = Path(path)
        self.name = "folder"
        if not self._root.is_dir():
            raise SourceUnusable(
                f"expected a folder of images, got {self._root}, which is not a folder: name one that exists"
            )
        self._paths = sorted(_image_files(self._root))

    def __len__(self) -> int:
        return len(self._paths)

    def __iter__(self) -> Iterator[SourceImage]:
        for path in self._paths:
            label = path.split("/", 1)[0] if "/" in path else None
            yield SourceImage(path, partial(read_bytes, self._root / path), label, {"source": self.name, "path": path})


def _image_files(root: Path) -> Iterator[str]:
    """Walk the paths of image files below a folder, relative to it, with forward slashes."""
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(folder, name)
            if not name.startswith(".") and path.suffix.lower() in SUFFIXES and not path.is_symlink():
                yield path.relative_to(root).as_posix()
