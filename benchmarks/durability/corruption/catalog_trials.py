"""Corrupt catalogs, or put foreign journals beside them: every answer is right, or refused by an error of ours."""

import shutil
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.durability.corruption import byte_corruptions
from benchmarks.durability.corruption.byte_corruptions import SECTOR, Corruption
from benchmarks.durability.corruption.isolated import Outcome, RunTrial
from benchmarks.durability.corruption.sample_store import Answers, Examiner, different_answers, make_store
from benchmarks.durability.rollback_journal import MAGIC, changed_pages, journal, page_size
from benchmarks.durability.workload import StoredItems, stored_items
from storage import LookalikeError, Store
from storage.files import layout

#: One in how many trials repairs the store too.
_REPAIRED = 4

_JOURNAL = f"{layout.CATALOG}-journal"

#: A corrupt catalog's bytes, and those of the journal beside it, if there is one.
Files = tuple[bytes, bytes | None]


@dataclass(frozen=True)
class _Catalogs:
    """The bytes of a store's catalog after each step of its history, and of another store's."""

    states: list[bytes]
    others: list[bytes]

    @property
    def page_size(self) -> int:
        """Return the size of a page in bytes."""
        return page_size(self.states[0])

    @property
    def intact(self) -> bytes:
        """Return the catalog after the last step."""
        return self.states[-1]

    def draw_older(self, generator: np.random.Generator) -> int:
        """Draw the index of a state that is neither of the last two."""
        return int(generator.integers(len(self.states) - 2))

    def draw_half_written(self, generator: np.random.Generator) -> bytes:
        """Draw a catalog in which some pages are as before the last batch and some as after it."""
        before = self.states[-2].ljust(len(self.intact), b"\0")
        mix = byte_corruptions.mix_blocks(self.page_size, self.intact)
        return byte_corruptions.differing(mix, before, generator)

    def journal_of(self, states: list[bytes], step: int) -> bytes:
        """Return the journal of a transaction that changed `states[step]` to the next state."""
        return journal(changed_pages(states[step], states[step + 1]), len(states[step]) // self.page_size)


Draw = Callable[[_Catalogs, np.random.Generator], Files]


def _catalog_only(corruption: Callable[[_Catalogs], Corruption]) -> Draw:
    return lambda catalogs, generator: (
        byte_corruptions.differing(corruption(catalogs), catalogs.intact, generator),
        None,
    )


def _stale_pages(catalogs: _Catalogs, generator: np.random.Generator) -> Files:
    older = catalogs.states[catalogs.draw_older(generator)]
    mix = byte_corruptions.mix_blocks(catalogs.page_size, older)
    return byte_corruptions.differing(mix, catalogs.intact, generator), None


#: The index of the state before the last step.
_BEFORE_LAST = -2
_KINDS: dict[str, Draw] = {
    "bit flip": _catalog_only(lambda _: byte_corruptions.flip_bit),
    "flip in a page's head": _catalog_only(lambda catalogs: byte_corruptions.flip_in_block_heads(catalogs.page_size)),
    "several bits": _catalog_only(lambda _: byte_corruptions.flip_bits),
    "truncation": _catalog_only(lambda _: byte_corruptions.truncate),
    "trailing junk": _catalog_only(lambda _: byte_corruptions.append_junk),
    "zeroed sector": _catalog_only(lambda _: byte_corruptions.zero_block(SECTOR)),
    "zeroed page": _catalog_only(lambda catalogs: byte_corruptions.zero_block(catalogs.page_size)),
    "swapped pages": _catalog_only(lambda catalogs: byte_corruptions.swap_blocks(catalogs.page_size)),
    "stale pages": _stale_pages,
    "pages of another store": _catalog_only(
        lambda catalogs: byte_corruptions.mix_blocks(catalogs.page_size, catalogs.others[-1])
    ),
    "half a batch, no journal": lambda catalogs, generator: (catalogs.draw_half_written(generator), None),
    "half a batch, damaged journal": lambda catalogs, generator: (
        catalogs.draw_half_written(generator),
        byte_corruptions.differing(
            byte_corruptions.flip_bits, catalogs.journal_of(catalogs.states, _BEFORE_LAST), generator
        ),
    ),
    "half a batch, cut journal": lambda catalogs, generator: (
        catalogs.draw_half_written(generator),
        byte_corruptions.truncate(catalogs.journal_of(catalogs.states, _BEFORE_LAST), generator),
    ),
    "an older journal": lambda catalogs, generator: (
        catalogs.intact,
        catalogs.journal_of(catalogs.states, catalogs.draw_older(generator)),
    ),
    "another store's journal": lambda catalogs, generator: (
        catalogs.intact,
        catalogs.journal_of(catalogs.others, int(generator.integers(len(catalogs.others) - 1))),
    ),
    "a journal of junk": lambda catalogs, generator: (
        catalogs.intact,
        MAGIC * int(generator.integers(2)) + generator.bytes(int(generator.integers(1, 9_000))),
    ),
}


#: Corruption by pages that were valid once, in this store or another. Their rows' checksums are right, so it is noticed
#: only by the chain of batches, when all rows are read, or when an item is found by its vector.
_OF_VALID_PAGES = [kind for kind in _KINDS if any(word in kind for word in ("stale", "store", "older", "half"))]

#: The reads that look up single rows, and the one that takes vectors from an index file and only the marks of deletion
#: from the rows that it covers.
_LOOKUPS = {
    "all vectors",
    "items by id",
    "items by key",
    "deleted items",
    "vectors",
    "pages",
    "contents",
    "thumbnails",
    "length",
}


def kind_of(number: int) -> str:
    """Return the kind of corruption of a trial: even numbers flip a bit, odd numbers take the other kinds in turn."""
    flip, *others = _KINDS
    return others[number // 2 % len(others)] if number % 2 else flip


def make_trials(seed: int, folder: Path) -> RunTrial:
    """Make a store and return the trial that corrupts its catalog, compares all answers, and sometimes repairs it."""
    catalogs = _Catalogs(_catalog_states(folder / "store", seed), _catalog_states(folder / "other", seed + 1))
    return _CatalogTrials(seed, folder / "store", catalogs).run


def _catalog_states(folder: Path, seed: int) -> list[bytes]:
    """Make a store and return its catalog's bytes after each step."""
    states: list[bytes] = []
    make_store(folder, seed, lambda _: states.append((folder / layout.CATALOG).read_bytes()))
    return [*states, (folder / layout.CATALOG).read_bytes()]


class _CatalogTrials:
    """Corrupts the catalog of an intact store again and again."""

    def __init__(self, seed: int, store: Path, catalogs: _Catalogs) -> None:
        self._seed = seed
        self._store = store
        self._catalogs = catalogs
        self._examiner = Examiner(store)
        self._items = _read_items(store)
        #: The answers of the other store, and of this one after each earlier step, in order.
        self._stale_answers: list[Answers] = []
        #: Every item that was ever in one of the two stores. `_items_before` are those before the last step.
        self._items_ever = set(self._items.items())
        for state in [*catalogs.others, *catalogs.states[:-1]]:
            (store / layout.CATALOG).write_bytes(state)
            self._stale_answers.append(self._examiner.read_all(store)[0])
            self._items_before = _read_items(store)
            self._items_ever |= self._items_before.items()
        self._index = {path: path.read_bytes() for path in (store / "index").iterdir()}

    def run(self, number: int) -> Outcome:
        """Corrupt the catalog, compare all answers, and repair the store in some of the trials."""
        generator = np.random.default_rng([self._seed, number])
        kind = kind_of(number)
        files = _KINDS[kind](self._catalogs, generator)
        half_written = kind.startswith("half")
        valid_pages = kind in _OF_VALID_PAGES
        with_index = bool(generator.integers(2))
        self._write(files, with_index)
        right = [self._examiner.right, self._stale_answers[-1]] if half_written else [self._examiner.right]
        outcome, note = self._compare(right, self._stale_answers if valid_pages else [])
        if outcome in ("right", "refused") and not generator.integers(_REPAIRED):
            self._write(files, with_index)
            allowed, required = set(self._items.items()), set(self._items)
            if valid_pages:
                allowed = self._items_ever
                required = set(self._items) & set(self._items_before) if half_written else set()
            outcome, note = _repair(self._store, allowed, required) or (outcome, note)
        return outcome, note

    def _write(self, files: Files, with_index: bool) -> None:
        """Put a catalog, its journal and perhaps the index files into the store's folder."""
        catalog, catalog_journal = files
        (self._store / layout.CATALOG).write_bytes(catalog)
        (self._store / _JOURNAL).unlink(missing_ok=True)
        if catalog_journal is not None:
            (self._store / _JOURNAL).write_bytes(catalog_journal)
        shutil.rmtree(self._store / "index", ignore_errors=True)
        (self._store / "index").mkdir()
        for path, data in self._index.items() if with_index else ():
            path.write_bytes(data)

    def _compare(self, right: list[Answers], stale: list[Answers]) -> Outcome:
        """Call every read and return the outcome; `stale` are the answers of other times and of the other store."""
        answers, refused, failed = self._examiner.read_all(self._store)
        wrong = min((different_answers(answers, expected) for expected in right), key=len)
        if failed:
            return "failed", failed[0]
        if wrong and stale:
            not_stale = min((different_answers(answers, expected) for expected in stale), key=len)
            if not not_stale:
                return "replaced", ""
            if _LOOKUPS.issuperset(wrong) or _LOOKUPS.issuperset(not_stale):
                return "lookup", ", ".join(wrong)
        if wrong:
            return "wrong", ", ".join(wrong)
        return _verify(self._store, refused) if refused else ("right", "")


def _read_items(folder: Path) -> StoredItems:
    with Store.open(folder) as store:
        return stored_items(store)


def _verify(folder: Path, refused: list[str]) -> Outcome:
    """Return whether `verify` finds something wrong with a store that refused answers, as an outcome."""
    try:
        with Store.open(folder) as store:
            problems = store.verify()
    except LookalikeError:
        return "refused", ""
    except Exception as error:
        return "failed", f"verify: {error!r}"
    return ("refused", "") if problems else ("unnoticed", ", ".join(refused))


def _repair(folder: Path, allowed: Set[tuple[int, object]], required: Set[int]) -> Outcome | None:
    """Repair a store; return the outcome if it is bad, or None.

    Afterwards the store may hold only `allowed` items, and lack a `required` id only if the repair names it.
    """
    try:
        with Store.open(folder, writing=True) as store:
            repairs = store.repair()
            problems = store.verify()
            stored = stored_items(store)
    except LookalikeError:
        return None
    except Exception as error:
        return "failed", f"repair: {error!r}"
    if problems:
        return "unrepaired", problems[0]
    if invented := [item[0] for item in stored.items() if item not in allowed]:
        return "wrong", f"items {invented} after repair"
    named = "\n".join(repairs)
    unnamed = [id for id in required - stored.keys() if f"item {id}:" not in named]
    return ("unnamed", f"items {unnamed} are gone after repair: {repairs}") if unnamed else None
