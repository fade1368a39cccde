"""Where images come from, and how a source is named on the command line."""

from collections.abc import Callable

from ingest.counts import require_count
from ingest.errors import SourceUnusable
from ingest.sources.contract import Source, SourceImage, decoded
from ingest.sources.folder import Folder
from ingest.sources.listed import FirstOf, ListedSource
from ingest.sources.mnist_sample import MnistSample

#: How each kind of source is opened; what follows the colon of `kind:place` is handed over.
KINDS: dict[str, Callable[[str], Source]] = {"mnist-sample": lambda _: MnistSample(), "folder": Folder}

#: What a command's help and an error say can be named.
USAGE = "mnist-sample or folder:DIR"


def open_source(text: str, limit: int | None = None) -> Source:
    """Open the source that a command names, cut to its first `limit` images.

    Raise SourceUnusable, ExtraMissing, or InvalidCount for a limit below 1.
    """
    kind, colon, place = text.partition(":")
    if kind not in KINDS or bool(place) != (kind == "folder") or bool(colon) != bool(place):
        raise SourceUnusable(f"expected a source ({USAGE}), got {text!r}")
    source = limited(KINDS[kind](place), limit)
    if not len(source):
        raise SourceUnusable(f"expected at least one image, got none in {text}: name a source that has some")
    return source


def limited(source: Source, limit: int | None) -> Source:
    """Return the first `limit` images of a source, or all; raise InvalidCount for a limit below 1."""
    if limit is None:
        return source
    require_count("the limit", limit, "every image")
    return FirstOf(source, limit)


__all__ = ["KINDS", "USAGE", "ListedSource", "Source", "SourceImage", "decoded", "limited", "open_source"]
