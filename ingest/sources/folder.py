"""Images in a folder and its sub-folders; the top sub-folder's name is the label."""

import os
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ingest.errors import SourceUnusable
from ingest.images.kinds import SIGNATURE_BYTES, SKIPPED_SUFFIXES, SUFFIXES, image_format, skipped_kind
from ingest.sources.confined_folder import ConfinedFolder
from ingest.sources.files import is_folder
from ingest.sources.source import SourceImage, unusable
from storage.console import printable


class Folder:
    """The image files of a folder in the order of their paths.

    A file counts as an image by its suffix or, without a known one, by its first bytes. Hidden files and folders, links
    to folders, and links that lead out of the folder are ignored. A key is the path relative to the folder, with
    forward slashes. With `flat` there are no labels. `skipped` counts the pictures of kinds that are not decoded, by
    kind.
    """

    name = "folder"

    def __init__(self, path: str | Path, *, flat: bool = False) -> None:
        root = Path(path)
        if not is_folder(root):
            raise SourceUnusable(
                f"expected a folder of images, got {printable(str(root))}, which is not a folder: name one that exists"
            )
        self._flat = flat
        self._folder = ConfinedFolder(root)
        self._unlistable: dict[str, str] = {}
        self._links: set[str] = set()
        self.skipped: Counter[str] = Counter()
        self._paths = sorted(self._walk())
        if "" in self._unlistable:
            raise SourceUnusable(self._unlistable[""])

    def __len__(self) -> int:
        return len(self._paths)

    def __iter__(self) -> Iterator[SourceImage]:
        for path in self._paths:
            label = None if self._flat or "/" not in path else path.split("/", 1)[0]
            if path in self._unlistable:
                yield unusable(path, self._unlistable[path])
            else:
                # Resolving links takes longer than reading a small file.
                read = partial(self._folder.read, path, linked=path in self._links)
                yield SourceImage(path, read, label, {"source": self.name, "path": path})

    def may_hold(self, key: str) -> bool:
        """Return whether a key is below a folder that cannot be listed, or names a file that is there all the same.

        Links to folders hide what is below them, and a file without a suffix may be empty while it is written.
        """
        return any(key.startswith(folder) for folder in self._unlistable) or self._folder.has_entry(key)

    def _walk(self) -> Iterator[str]:
        """Yield the paths of images, and of folders that cannot be listed, which end in a slash."""
        folders = [""]
        while folders:
            folder = folders.pop()
            try:
                with os.scandir(self._folder.resolved(folder) if folder else self._folder.root) as entries:
                    for entry in entries:
                        path = folder + entry.name
                        if entry.name.startswith("."):
                            continue
                        if entry.is_dir(follow_symlinks=False):
                            folders.append(f"{path}/")
                        elif self._is_image(entry, path):
                            yield path
            except OSError as error:
                self._unlistable[folder] = (
                    f"expected a folder that can be listed, got {self._folder.shown(folder)}: {error.strerror}"
                )
                yield folder

    def _is_image(self, entry: os.DirEntry[str], path: str) -> bool:
        if not self._leads_to_file(entry, path):
            return False
        _, dot, suffix = entry.name.rpartition(".")
        linked = entry.is_symlink()
        suffix = suffix.lower() if dot else ""
        is_image = suffix in SUFFIXES or (
            suffix not in SKIPPED_SUFFIXES and self._begins_like_image(path, linked=linked)
        )
        if not is_image and (kind := SKIPPED_SUFFIXES.get(suffix)):
            self.skipped[kind] += 1
        if is_image and linked:
            self._links.add(path)
        return is_image

    def _leads_to_file(self, entry: os.DirEntry[str], path: str) -> bool:
        """Return whether an entry is a file, or a link that stays inside the folder and leads to no folder.

        A link to nothing counts too: it is rejected when it is read.
        """
        if not entry.is_symlink():
            return entry.is_file(follow_symlinks=False)
        try:
            return not is_folder(Path(self._folder.resolved(path)))
        except OSError:
            return False

    def _begins_like_image(self, path: str, *, linked: bool) -> bool:
        """Return whether a file without a known suffix is an image by its first bytes; count it if it is skipped."""
        try:
            start = self._folder.read_start(path, SIGNATURE_BYTES, linked=linked)
        except FileNotFoundError:
            return False
        except OSError:
            # It may be an image: it is rejected with this reason when it is read.
            return True
        if kind := skipped_kind(start):
            self.skipped[kind] += 1
        return image_format(start) is not None
