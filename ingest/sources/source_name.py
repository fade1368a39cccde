"""The name of a job's source in the store: a command's words, so that the source can be opened again."""

import os
import re
import shlex
from dataclasses import dataclass

from ingest.errors import SourceUnusable

#: A byte of a path that is no UTF-8, as a name has it.
_ESCAPED_BYTE = re.compile(r"\\u(dc[89a-f][0-9a-f])")


@dataclass(frozen=True, slots=True)
class SourceName:
    """A source as a command names it, and the options that select its images, as `open_source` takes them."""

    source: str
    limit: int | None = None
    flat: bool = False

    def __str__(self) -> str:
        """Return the name as a command's words, with an absolute path."""
        kind, colon, path = self.source.partition(":")
        words = [f"{kind}:{os.path.abspath(path)}" if colon else self.source]  # noqa: PTH100 - keeps links
        words += [f"--limit={self.limit}"] if self.limit is not None else []
        words += ["--flat"] if self.flat else []
        return shlex.join(word.encode("utf-8", "backslashreplace").decode() for word in words)

    @property
    def name(self) -> str:
        """Return the name of the source itself, whichever of its images are selected."""
        return str(SourceName(self.source))

    @classmethod
    def parse(cls, text: str) -> "SourceName":
        """Return the source of a job; raise SourceUnusable for one that a program passed as an object."""
        try:
            source, *options = shlex.split(_unescaped(text))
            limits = [int(option.removeprefix("--limit=")) for option in options if option.startswith("--limit=")]
        except ValueError:
            source, options, limits = "(", [], []
        if source.startswith("("):
            raise SourceUnusable(
                f"expected a source that a command can open again, got {text}, which a program passed as an object: "
                "have it call `ingest` again"
            )
        return cls(source, limits[0] if limits else None, "--flat" in options)


def _unescaped(text: str) -> str:
    """Return a name with the bytes of a path that are no UTF-8 as Python has them."""
    return _ESCAPED_BYTE.sub(lambda escape: chr(int(escape[1], 16)), text)


def is_there(name: str) -> bool:
    """Return whether the folder or file of a source's `name` exists; True for a source without one."""
    try:
        (word,) = shlex.split(_unescaped(name))
    except ValueError:
        return True
    kind, colon, path = word.partition(":")
    if not colon or kind.startswith("("):
        return True
    try:
        os.stat(path)  # noqa: PTH116 - a path may be no path at all
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    return True
