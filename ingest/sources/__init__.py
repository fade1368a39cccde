"""Where images come from, and how a source is named on the command line."""

from collections.abc import Callable
from dataclasses import dataclass

from ingest.counts import require_count
from ingest.errors import SourceUnusable
from ingest.sources.fashion_mnist import fashion_mnist_source
from ingest.sources.folder import Folder
from ingest.sources.idx import idx_source
from ingest.sources.in_memory import FirstOf, ListedSource
from ingest.sources.manifest import Manifest
from ingest.sources.mnist import mnist_source
from ingest.sources.mnist_sample import MnistSample
from ingest.sources.npz import npz_source
from ingest.sources.source import Source, SourceImage, decoded, readable
from storage.console import printable


@dataclass(frozen=True)
class Asked:
    """What a source was asked for with: the place after the colon, and the options that some sources heed."""

    place: str
    flat: bool = False
    download: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of source: what must follow its name's colon, if anything, and how it is opened."""

    place: str
    open: Callable[[Asked], Source]


KINDS = {
    "mnist-sample": Kind("", lambda _: MnistSample()),
    "mnist": Kind("", lambda asked: mnist_source(download=asked.download)),
    "fashion-mnist": Kind("", lambda asked: fashion_mnist_source(download=asked.download)),
    "idx": Kind("DIR", lambda asked: idx_source(asked.place)),
    "npz": Kind("FILE", lambda asked: npz_source(asked.place)),
    "folder": Kind("DIR", lambda asked: Folder(asked.place, flat=asked.flat)),
    "manifest": Kind("FILE", lambda asked: Manifest(asked.place)),
}

_NAMES = [f"{name}:{kind.place}" if kind.place else name for name, kind in KINDS.items()]

#: What a command's help and an error say can be named.
USAGE = f"{', '.join(_NAMES[:-1])} or {_NAMES[-1]}"


def open_source(text: str, limit: int | None = None, *, flat: bool = False, download: bool = False) -> Source:
    """Open the source that a command names, cut to its first `limit` images.

    With `flat` the images of a folder have no labels; with `download` Keras may download a data set that is found
    nowhere. Raise SourceUnusable, ExtraMissing, or InvalidCount for a limit below 1.
    """
    name, colon, place = text.partition(":")
    kind = KINDS.get(name)
    if kind is None or bool(place) != bool(kind.place) or bool(colon) != bool(place):
        raise SourceUnusable(f"expected a source ({USAGE}), got {text!r}")
    if flat and name != "folder":
        raise SourceUnusable(f"expected --flat with folder:DIR only, got it with {printable(text)}: leave it out")
    source = limited(kind.open(Asked(place, flat, download)), limit)
    if not len(source):
        raise SourceUnusable(f"expected at least one image, got none in {printable(text)}: name a source that has some")
    return source


def limited(source: Source, limit: int | None) -> Source:
    """Return the first `limit` images of a source, or all; raise InvalidCount for a limit below 1."""
    if limit is None:
        return source
    require_count("the limit", limit, "every image")
    return FirstOf(source, limit)


__all__ = [
    "KINDS",
    "USAGE",
    "Folder",
    "ListedSource",
    "Manifest",
    "Source",
    "SourceImage",
    "decoded",
    "limited",
    "open_source",
    "readable",
]
