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

#: The files that are corrupted together: the index file, the columns, or both.
_PARTS = ((0,), (1,), (0, 1))

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
    """Make a store and return the trial that corrupts its newest generation, or also the one before.

    The index file is corrupted, the file of columns, or both.
    """
    store, other = folder / "store", folder / "other"
    make_store(store, seed)
    make_store(other, seed + 1)
    examiner = Examiner(store)
    records = _generations(store)
    paths = [generations.paths_of(record, store) for record in records]
    other_paths = generations.paths_of(_generations(other)[0], other)
    intact = [[path.read_bytes() for path in files] for files in paths]
    corruptions = [_corruptions(path.read_bytes(), older) for path, older in zip(other_paths, intact[1], strict=True)]

    def corrupted(number: int, part: int, data: bytes, generator: np.random.Generator) -> bytes:
        corrupt: Corruption = corruptions[part][kind_of(number)] if number > SHORTEST else lambda data, _: data[:number]
        return byte_corruptions.differing(corrupt, data, generator)

    def run_trial(number: int) -> Outcome:
        generator = np.random.default_rng([seed, number])
        corrupt_count, parts = int(generator.integers(1, len(paths) + 1)), _PARTS[int(generator.integers(len(_PARTS)))]
        for position, files in enumerate(zip(paths, intact, strict=True)):
            for part, (path, data) in enumerate(zip(*files, strict=True)):
                is_corrupt = position < corrupt_count and part in parts
                path.write_bytes(corrupted(number, part, data, generator) if is_corrupt else data)
        if any(generations.read(record, store, DIM) is not None for record in records[:corrupt_count]):
            return "accepted", "the corrupt file was used"
        if generator.integers(_COMPARED):
            return "unused", ""
        answers, refused, failed = examiner.read_all(store)
        wrong = [*refused, *failed, *different_answers(answers, examiner.right)]
        return "wrong" if wrong else "right", ", ".join(wrong)

    return run_trial


def _generations(store: Path) -> list[Generation]:
    """Return the records of a store's generations, newest first."""
    with closing(SqliteFile(store / layout.CATALOG)) as database, database.reading() as catalog:
        return catalog.history.generations()
