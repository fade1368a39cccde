"""Damaged index files: none may be taken for whole, and every answer stays as it was."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.durability.corruption import damaged_bytes as damaged
from benchmarks.durability.corruption.damaged_bytes import SECTOR, Damage
from benchmarks.durability.corruption.isolated import Trial, memory_taken
from benchmarks.durability.corruption.sample_store import Examiner, append_tail, different_answers
from benchmarks.durability.workload import DIM, work
from storage.catalog.batch import Generation
from storage.catalog.catalog import Catalog
from storage.databases.sqlite_file import SqliteFile
from storage.files import generations, layout

#: Every truncation up to this many bytes is tried.
SHORTEST = 128

#: After one of how many damages every answer is compared; after each, the damaged file is read by itself.
_SAMPLED = 10


def _damages(other: bytes, older: bytes) -> dict[str, Damage]:
    """Return the kinds of damage, given another store's index file and the older one of the same store."""
    return {
        "bit flip": damaged.flip_bit,
        "several bits": damaged.flip_bits,
        "truncation": damaged.cut_off,
        "trailing junk": damaged.append_junk,
        "zeroed sector": damaged.zero_block(SECTOR),
        "swapped sectors": damaged.swap_blocks(SECTOR),
        "sectors of another store": damaged.mix_blocks(SECTOR, other),
        "another store's file": lambda *_: other,
        "the older file": lambda *_: older,
        "another header": damaged.lie_in_header,
    }


def kind_of(number: int) -> str:
    """Return what kind of damage a trial does."""
    return "truncation" if number <= SHORTEST else damaged.pick(_damages(b"", b""), number)[0]


def trials(seed: int, folder: Path) -> Callable[[int], Trial]:
    """Make a store and return what damages its newest index file, or the one before it too, and looks what comes."""
    for name, drawn in (("store", seed), ("other", seed + 1)):
        shutil.rmtree(folder / name, ignore_errors=True)
        work(folder / name, lambda _: None, drawn)
        append_tail(folder / name, drawn)
    store = folder / "store"
    examiner = Examiner(store)
    records, files = _generations(store)
    _, others = _generations(folder / "other")
    whole = [file.read_bytes() for file in files]
    damages = _damages(others[0].read_bytes(), whole[1])

    def trial(number: int) -> Trial:
        generator = np.random.default_rng([seed, number])
        kind, damage = damaged.pick(damages, number)
        if number <= SHORTEST:
            kind, damage = "truncation", lambda data, _: data[:number]
        spoilt = int(generator.integers(1, len(files) + 1))
        for place, (file, data) in enumerate(zip(files, whole, strict=True)):
            file.write_bytes(damaged.different(damage, data, generator) if place < spoilt else data)
        if any(generations.read(record, store, DIM) is not None for record in records[:spoilt]):
            return Trial(kind, "accepted", f"damage {number}", memory_taken())
        if generator.integers(_SAMPLED):
            return Trial(kind, "unused", "", memory_taken())
        answers, refused, failed = examiner.ask(store)
        wrong = [*refused, *failed, *different_answers(answers, examiner.right)]
        return Trial(kind, "wrong" if wrong else "right", f"damage {number}: {', '.join(wrong)}", memory_taken())

    return trial


def _generations(store: Path) -> tuple[list[Generation], list[Path]]:
    """Return the records of a store's index files, newest first, and the files."""
    database = SqliteFile(store / layout.CATALOG)
    try:
        with database.reading() as connection:
            records = Catalog(connection).history.generations()
    finally:
        database.close()
    return records, [generations.path_of(record, store) for record in records]
