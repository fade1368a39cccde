"""How the ledger names a job's source: as a command does, with the options that say which images it has."""

import os
import shlex
from dataclasses import dataclass

from ingest.errors import SourceUnusable


@dataclass(frozen=True, slots=True)
class Named:
    """A source and its options, as `open_source` takes them."""

    source: str
    limit: int | None = None
    flat: bool = False


def job_name(source: str, limit: int | None, *, flat: bool) -> str:
    """Return a source with its options as a command's words; a place is made absolute."""
    kind, colon, place = source.partition(":")
    words = [f"{kind}:{os.path.abspath(place)}" if colon else source]  # noqa: PTH100 - a path stays what it says
    words += [f"--limit={limit}"] if limit is not None else []
    words += ["--flat"] if flat else []
    return shlex.join(word.encode("utf-8", "backslashreplace").decode() for word in words)


def named_source(name: str) -> Named:
    """Return what a job's name says; raise SourceUnusable for that of a source which a command cannot open."""
    try:
        source, *options = shlex.split(name)
    except ValueError:
        source, options = "(", []
    if source.startswith("("):
        raise SourceUnusable(
            f"expected a source that a command can open again, got {name}, which a program handed over: "
            "have it call `ingest` again"
        )
    limits = [int(option.removeprefix("--limit=")) for option in options if option.startswith("--limit=")]
    return Named(source, limits[0] if limits else None, "--flat" in options)
