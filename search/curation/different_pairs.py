"""Which pictures people have called different: pairs of contents, kept in the store's folder.

Contents do not change when items get new ids, so a pair is remembered whatever becomes of the items.
"""

from collections.abc import Iterable
from pathlib import Path

from search.errors import DecisionsUnusable
from storage import Store
from storage.files.decisions import DIFFERENT, decisions_path, read_decisions, write_decisions

_DIGEST = 32

#: Two contents, each as the sha256 of a file's bytes; one if both are the same.
Pair = frozenset[bytes]


def different_pairs(store: Store) -> frozenset[Pair]:
    """Return the pairs that are no duplicates; raise DecisionsUnusable if their file is damaged.

    A store on a server has none.
    """
    return frozenset() if store.location.folder is None else _read(store.folder)


def add_different_pairs(store: Store, pairs: Iterable[Pair]) -> None:
    """Remember pairs, durably; raise NotAStore for a store on a server, StoreUnwritable."""
    _write(store, different_pairs(store).union(pairs))


def remove_different_pairs(store: Store, pairs: Iterable[Pair]) -> None:
    """Forget pairs, durably; raise NotAStore for a store on a server, StoreUnwritable."""
    _write(store, different_pairs(store).difference(pairs))


def _write(store: Store, pairs: Iterable[Pair]) -> None:
    lines = sorted(" ".join(f"sha256:{content.hex()}" for content in in_order(pair)) + "\n" for pair in pairs)
    write_decisions(store.folder, DIFFERENT, "".join(lines).encode("ascii"))


def _read(store: Path) -> frozenset[Pair]:
    try:
        return frozenset(_pair(line) for line in (read_decisions(store, DIFFERENT) or b"").splitlines())
    except (OSError, ValueError) as error:
        raise DecisionsUnusable(
            f"expected pairs of different pictures in {decisions_path(store, DIFFERENT)}, got a file that cannot be "
            "read: restore it from a backup, or remove it to forget them"
        ) from error


def _pair(line: bytes) -> Pair:
    first, second = (bytes.fromhex(word.removeprefix("sha256:")) for word in line.decode("ascii").split(" "))
    if (len(first), len(second)) != (_DIGEST, _DIGEST):
        raise ValueError("no digest")
    return frozenset((first, second))


def in_order(pair: Pair) -> list[bytes]:
    """Return the two contents of a pair in order."""
    return [min(pair), max(pair)]
