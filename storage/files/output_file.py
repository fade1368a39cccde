"""Files that commands write where the user says: none replaces a file that is not Lookalike's, unless it may."""

import os
import secrets
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from storage.errors import OutputRefused
from storage.files import durable


class KnowsFiles(Protocol):
    """A store, or anything else made from files: these are never replaced."""

    def is_own_file(self, path: Path) -> bool:
        """Return whether it consists of this file or was made from it."""


@dataclass(frozen=True)
class OutputFile:
    """A file that a command is to write, and whether it may replace a file that is there.

    `kind` says what it is, for messages; `is_ours` returns whether a file is one of this kind that Lookalike wrote, and
    so may be replaced; None for a kind that people edit. `inputs` are files that the command reads. With `force` any
    file is replaced that is neither an input nor known to a store.
    """

    path: Path
    kind: str
    is_ours: Callable[[Path], bool] | None
    force: bool = False
    inputs: Sequence[Path] = ()

    def require_replaceable(self, *known: KnowsFiles) -> None:
        """Raise OutputRefused if there is a file that may not be replaced: do so before any long work.

        A link stands for the file that it leads to.
        """
        try:
            status = self.path.stat()
        except OSError:
            # There is no such file, or whoever writes it will report why it cannot be reached.
            return
        if not stat.S_ISREG(status.st_mode):
            raise self._refused("which is no ordinary file")
        if any(path.exists() and path.samefile(self.path) for path in self.inputs):
            raise self._refused("which this command reads")
        if any(owner.is_own_file(self.path) for owner in known):
            raise self._refused("which belongs to the store or its source")
        if self.force:
            return
        if self.is_ours is None:
            raise self._refused("which is there already", ", or give --force to replace it")
        if not self.is_ours(self.path):
            raise self._refused(f"which is no {self.kind} of Lookalike's", ", or give --force to replace it")
        # Who may write everything is told by the file's mode only.
        if not status.st_mode & 0o222:
            raise self._refused("which is read-only", ", or give --force to replace it")

    def write(self, write: Callable[[durable.HashedFile], object]) -> None:
        """Write the file durably, complete or not at all; a file that it replaces stays until then.

        Raise OutputRefused as above, StoreUnwritable when the file system refuses.
        """
        self.require_replaceable()
        path = Path(os.path.realpath(self.path))
        # A name that no other file has, and short: the file's own may be as long as names can be.
        temporary = path.with_name(f".{secrets.token_hex(8)}{durable.TEMPORARY_SUFFIX}")
        durable.replace_file_with(path, write, temporary)

    def write_bytes(self, data: bytes) -> None:
        """Write the file as `write` does."""
        self.write(lambda file: file.write(data))

    def _refused(self, found: str, advice: str = "") -> OutputRefused:
        return OutputRefused(
            f"expected a new file for the {self.kind}, got {self.path}, {found}: name another path{advice}"
        )
