"""Damaged catalogs, and journals beside them that are not theirs: an answer is right, or refused by name."""

import shutil
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.durability.corruption import damaged_bytes as damaged
from benchmarks.durability.corruption.damaged_bytes import SECTOR, Damage
from benchmarks.durability.corruption.isolated import Trial, memory_taken
from benchmarks.durability.corruption.journals import MAGIC, journal, page_size, pages_before
from benchmarks.durability.corruption.sample_store import Answers, Examiner, append_tail, different_answers
from benchmarks.durability.workload import Held, held_by, work
from storage import LookalikeError, Store
from storage.files import layout

#: After one of how many damages the store is repaired too.
_REPAIRED = 4

_JOURNAL = f"{layout.CATALOG}-journal"

#: A damaged catalog's bytes, and those of the journal beside it if there is one.
Files = tuple[bytes, bytes | None]


@dataclass(frozen=True)
class _Catalogs:
    """The bytes of a store's catalog after each step of its history, and of another store's."""

    states: list[bytes]
    others: list[bytes]

    @property
    def size(self) -> int:
        """Return the size of a page."""
        return page_size(self.states[0])

    def whole(self) -> bytes:
        """Return the catalog as it is."""
        return self.states[-1]

    def older(self, generator: np.random.Generator) -> int:
        """Return a step before the last."""
        return int(generator.integers(len(self.states) - 2))

    def half_done(self, generator: np.random.Generator) -> bytes:
        """Return the catalog with some pages as they were before the last batch and some as they are after it."""
        before = self.states[-2].ljust(len(self.whole()), b"\0")
        return damaged.different(damaged.mix_blocks(self.size, self.whole()), before, generator)

    def journal_of(self, states: list[bytes], step: int) -> bytes:
        """Return the journal of what one step of a history changed."""
        return journal(pages_before(states[step], states[step + 1]), len(states[step]) // self.size)


def _of_catalog(damage: Callable[[_Catalogs], Damage]) -> Callable[[_Catalogs, np.random.Generator], Files]:
    return lambda files, generator: (damaged.different(damage(files), files.whole(), generator), None)


_LAST = -2
_KINDS: dict[str, Callable[[_Catalogs, np.random.Generator], Files]] = {
    "bit flip": _of_catalog(lambda _: damaged.flip_bit),
    "flip in a page's head": _of_catalog(lambda files: damaged.flip_in_heads(files.size)),
    "several bits": _of_catalog(lambda _: damaged.flip_bits),
    "truncation": _of_catalog(lambda _: damaged.cut_off),
    "trailing junk": _of_catalog(lambda _: damaged.append_junk),
    "zeroed sector": _of_catalog(lambda _: damaged.zero_block(SECTOR)),
    "zeroed page": _of_catalog(lambda files: damaged.zero_block(files.size)),
    "swapped pages": _of_catalog(lambda files: damaged.swap_blocks(files.size)),
    "stale pages": lambda files, generator: (
        damaged.different(
            damaged.mix_blocks(files.size, files.states[files.older(generator)]), files.whole(), generator
        ),
        None,
    ),
    "pages of another store": _of_catalog(lambda files: damaged.mix_blocks(files.size, files.others[-1])),
    "half a batch, no journal": lambda files, generator: (files.half_done(generator), None),
    "half a batch, damaged journal": lambda files, generator: (
        files.half_done(generator),
        damaged.different(damaged.flip_bits, files.journal_of(files.states, _LAST), generator),
    ),
    "half a batch, cut journal": lambda files, generator: (
        files.half_done(generator),
        damaged.cut_off(files.journal_of(files.states, _LAST), generator),
    ),
    "an older journal": lambda files, generator: (
        files.whole(),
        files.journal_of(files.states, files.older(generator)),
    ),
    "another store's journal": lambda files, generator: (
        files.whole(),
        files.journal_of(files.others, int(generator.integers(len(files.others) - 1))),
    ),
    "a journal of junk": lambda files, generator: (
        files.whole(),
        MAGIC * int(generator.integers(2)) + generator.bytes(int(generator.integers(1, 9_000))),
    ),
}


#: Damage by pages that were valid once, in this store or another. Their rows' checksums are right, so only what is
#: held against the chain of batches can tell: what reads all rows, and what is found by its vector.
_OF_VALID_PAGES = [kind for kind in _KINDS if any(word in kind for word in ("stale", "store", "older", "half"))]

#: The questions that look up single rows.
_LOOKUPS = {"items by id", "items by key", "deleted items", "vectors", "pages", "contents", "thumbnails", "length"}


def kind_of(number: int) -> str:
    """Return what kind of damage a trial does: every other one flips a bit, the rest do all else in turn."""
    flip, *others = _KINDS
    return others[number // 2 % len(others)] if number % 2 else flip


def trials(seed: int, folder: Path) -> Callable[[int], Trial]:
    """Make a store and return what damages its catalog, looks what comes of it, and repairs it now and then."""
    for name in ("store", "other"):
        shutil.rmtree(folder / name, ignore_errors=True)
    files = _Catalogs(_made(folder / "store", seed), _made(folder / "other", seed + 1))
    store, catalog = folder / "store", folder / "store" / layout.CATALOG
    examiner = Examiner(store)
    now = _held(store)
    times, ever = [], set(now.items())
    for state in [*files.others, *files.states[:-1]]:
        catalog.write_bytes(state)
        times.append(examiner.ask(store)[0])
        then = _held(store)
        ever |= then.items()
    index = {path: path.read_bytes() for path in (store / "index").iterdir()}

    def trial(number: int) -> Trial:
        generator = np.random.default_rng([seed, number])
        kind = kind_of(number)
        damaged_catalog, damaged_journal = _KINDS[kind](files, generator)
        half_done = kind.startswith("half")
        with_index = bool(generator.integers(2))

        def put() -> None:
            catalog.write_bytes(damaged_catalog)
            (store / _JOURNAL).unlink(missing_ok=True)
            if damaged_journal is not None:
                (store / _JOURNAL).write_bytes(damaged_journal)
            shutil.rmtree(store / "index", ignore_errors=True)
            (store / "index").mkdir()
            for path, data in index.items() if with_index else ():
                path.write_bytes(data)

        put()
        right = [examiner.right, times[-1]] if half_done else [examiner.right]
        outcome, note = _asked(store, examiner, right, times if kind in _OF_VALID_PAGES else [])
        if outcome in ("right", "refused") and not generator.integers(_REPAIRED):
            put()
            known, must_hold = set(now.items()), set(now)
            if kind in _OF_VALID_PAGES:
                known, must_hold = ever, set(now) & set(then) if half_done else set()
            outcome, note = _repaired(store, known, must_hold) or (outcome, note)
        return Trial(kind, outcome, f"damage {number}: {note}", memory_taken())

    return trial


def _made(folder: Path, seed: int) -> list[bytes]:
    """Make a store and return its catalog's bytes after each step."""
    states = []
    work(folder, lambda _: states.append((folder / layout.CATALOG).read_bytes()), seed)
    append_tail(folder, seed)
    return [*states, (folder / layout.CATALOG).read_bytes()]


def _held(folder: Path) -> Held:
    with Store.open(folder) as store:
        return held_by(store)


def _asked(folder: Path, examiner: Examiner, right: list[Answers], times: list[Answers]) -> tuple[str, str]:
    """Ask a store everything; `times` are the answers of other times and of the other store."""
    answers, refused, failed = examiner.ask(folder)
    wrong = min((different_answers(answers, known) for known in right), key=len)
    if failed:
        return "failed", failed[0]
    if wrong and times:
        elsewhere = min((different_answers(answers, known) for known in times), key=len)
        if not elsewhere:
            return "replaced", ""
        if _LOOKUPS.issuperset(wrong) or _LOOKUPS.issuperset(elsewhere):
            return "lookup", ", ".join(wrong)
    if wrong:
        return "wrong", ", ".join(wrong)
    return _noticed(folder, refused) if refused else ("right", "")


def _noticed(folder: Path, refused: list[str]) -> tuple[str, str]:
    """Tell whether `verify` finds something wrong with a store that refused answers."""
    try:
        with Store.open(folder) as store:
            problems = store.verify()
    except LookalikeError:
        return "refused", ""
    except Exception as error:
        return "failed", f"verify: {error!r}"
    return ("refused", "") if problems else ("unnoticed", ", ".join(refused))


def _repaired(folder: Path, known: Set[tuple[int, object]], must_hold: Set[int]) -> tuple[str, str] | None:
    """Repair a store; return what is bad about that, or None.

    No item may come of it that is not known, and those that must be held may be lost only by name.
    """
    try:
        with Store.open(folder, writing=True) as store:
            done = store.repair()
            problems = store.verify()
            held = held_by(store)
    except LookalikeError:
        return None
    except Exception as error:
        return "failed", f"repair: {error!r}"
    if problems:
        return "unrepaired", problems[0]
    if invented := [pair[0] for pair in held.items() if pair not in known]:
        return "wrong", f"items {invented} after repair"
    named = "\n".join(done)
    silent = [id for id in must_hold - held.keys() if f"item {id}:" not in named]
    return ("unnamed", f"items {silent} are gone after repair: {done}") if silent else None
