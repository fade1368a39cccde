"""Corrupt index files: none may be used, and every answer stays as it was."""

from contextlib import closing
from pathlib import Path

import numpy as np

from benchmarks.durability.corruption import byte_corruptions
from benchmarks.durability.corruption.byte_corruptions import SECTOR, Corruption
from benchmarks.durability.corruption.isolated import Outcome, RunTrial
from benchmarks.durability.corruption.sample_store import Examiner, different_answers, make_store
from benchmarks.durability.workload import DIM
from storage.catalog.batch import Generation
from storage.databases.sqlite_file import SqliteFile
from storage.files import generations, layout

#: Every truncation up to this many bytes is tried.
SHORTEST = 128

#: One in how many trials compares every answer; all read the corrupt file by itself.
_COMPARED = 10


def _corruptions(other: bytes, older: bytes) -> dict[str, Corruption]:
    """Return the kinds of corruption, given another store's index file and the older one of the same store."""
    return {
        **byte_corruptions.OF_ANY_FILE,
        "sectors of another store": byte_corruptions.mix_blocks(SECTOR, other),
        "another store's file": lambda *_: other,
        "the older file": lambda *_: older,
        "another header": byte_corruptions.forge_header,
    }


def kind_of(number: int) -> str:
    """Return the kind of corruption of a trial."""
    kinds = list(_corruptions(b"", b""))
    return "truncation" if number <= SHORTEST else kinds[number % len(kinds)]


def make_trials(seed: int, folder: Path) -> RunTrial:
    """Make a store and return the trial that corrupts its newest index file, or also the one before."""
    store, other = folder / "store", folder / "other"
    make_store(store, seed)
    make_store(other, seed + 1)
    examiner = Examiner(store)
    records, paths = _generations(store)
    _, other_paths = _generations(other)
    intact = [path.read_bytes() for path in paths]
    corruptions = _corruptions(other_paths[0].read_bytes(), intact[1])

    def run_trial(number: int) -> Outcome:
        generator = np.random.default_rng([seed, number])
        corrupt: Corruption = corruptions[kind_of(number)] if number > SHORTEST else lambda data, _: data[:number]
        corrupt_count = int(generator.integers(1, len(paths) + 1))
        for position, (path, data) in enumerate(zip(paths, intact, strict=True)):
            path.write_bytes(byte_corruptions.differing(corrupt, data, generator) if position < corrupt_count else data)
        if any(generations.read(record, store, DIM) is not None for record in records[:corrupt_count]):
            return "accepted", "the corrupt file was used"
        if generator.integers(_COMPARED):
            return "unused", ""
        answers, refused, failed = examiner.read_all(store)
        wrong = [*refused, *failed, *different_answers(answers, examiner.right)]
        return "wrong" if wrong else "right", ", ".join(wrong)

    return run_trial


def _generations(store: Path) -> tuple[list[Generation], list[Path]]:
    """Return the records of a store's index files, newest first, and the paths of the files."""
    with closing(SqliteFile(store / layout.CATALOG)) as database, database.reading() as catalog:
        records = catalog.history.generations()
    return records, [generations.path_of(record, store) for record in records]
