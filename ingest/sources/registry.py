"""The kinds of sources, and how a command names and opens one."""

from collections.abc import Callable
from dataclasses import dataclass

from ingest.errors import SourceUnusable
from ingest.sources.fashion_mnist import fashion_mnist_source
from ingest.sources.folder import Folder
from ingest.sources.idx import idx_source
from ingest.sources.manifest import Manifest
from ingest.sources.mnist import mnist_source
from ingest.sources.mnist_sample import MnistSample
from ingest.sources.npz import npz_source
from ingest.sources.source import Source
from ingest.sources.subset import limited
from storage.console import printable


@dataclass(frozen=True)
class SourceArguments:
    """What a source is opened with: the path after the colon, and the options that some kinds heed."""

    path: str
    flat: bool = False
    download: bool = False


@dataclass(frozen=True)
class SourceKind:
    """A kind of source: the argument after its name's colon, as the usage shows it, or "", and how to open it."""

    argument: str
    open: Callable[[SourceArguments], Source]


KINDS = {
    "mnist-sample": SourceKind("", lambda _: MnistSample()),
    "mnist": SourceKind("", lambda arguments: mnist_source(download=arguments.download)),
    "fashion-mnist": SourceKind("", lambda arguments: fashion_mnist_source(download=arguments.download)),
    "idx": SourceKind("DIR", lambda arguments: idx_source(arguments.path)),
    "npz": SourceKind("FILE", lambda arguments: npz_source(arguments.path)),
    "folder": SourceKind("DIR", lambda arguments: Folder(arguments.path, flat=arguments.flat)),
    "manifest": SourceKind("FILE", lambda arguments: Manifest(arguments.path)),
}

_FORMS = [f"{name}:{kind.argument}" if kind.argument else name for name, kind in KINDS.items()]

#: The forms of a source's name, for help and errors.
USAGE = f"{', '.join(_FORMS[:-1])} or {_FORMS[-1]}"


def open_source(text: str, limit: int | None = None, *, flat: bool = False, download: bool = False) -> Source:
    """Open the source that a command names, limited to its first `limit` images.

    With `flat` the images of a folder have no labels; with `download` Keras may download a data set that is not
    installed. Raise SourceUnusable, ExtraMissing, or InvalidCount for a limit below 1.
    """
    name, colon, path = text.partition(":")
    kind = KINDS.get(name)
    if kind is None or bool(path) != bool(kind.argument) or bool(colon) != bool(path):
        raise SourceUnusable(f"expected a source ({USAGE}), got {text!r}")
    if flat and name != "folder":
        raise SourceUnusable(f"expected --flat with folder:DIR only, got it with {printable(text)}: leave it out")
    source = limited(kind.open(SourceArguments(path, flat, download)), limit)
    if not len(source):
        raise SourceUnusable(f"expected at least one image, got none in {printable(text)}: name a source that has some")
    return source
