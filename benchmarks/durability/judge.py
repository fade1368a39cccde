"""Judge the store that a fault left: what is lost, wrong or unopenable, and whether the work can be resumed."""

import functools
import hashlib
from pathlib import Path

from benchmarks.durability.findings import Finding, Kind
from benchmarks.durability.leftovers import tables_and_files, unclean_findings
from benchmarks.durability.processes import scratch_folder
from benchmarks.durability.workload import EMBEDDING, StoredItems, label_of, source_of, steps, stored_items, work
from storage import Store

#: A digest of each part of a store that must be the same in all stores whose work was done to the end.
Digests = dict[str, str]


def judge(
    folder: Path, acknowledged: int, *, thorough: bool, seed: int = 0, expected: Digests | None = None
) -> list[Finding]:
    """Return what is wrong with the store in a folder; `acknowledged` is the last step known to be done.

    `thorough` also verifies the store and does the rest of the work: the store must then equal one that met no fault,
    which is made for comparison unless its digests are given as `expected`.
    """
    findings = wrong_answers(folder, acknowledged, seed)
    if findings or not thorough:
        return findings
    return [*unclean_findings(folder, acknowledged, seed), *_resumed_findings(folder, seed, expected)]


def wrong_answers(folder: Path, acknowledged: int, seed: int = 0) -> list[Finding]:
    """Open a store as a reader does and return what is wrong with its answers.

    `acknowledged` is the last step that was acknowledged, -1 for none. The store must hold all items of that step or of
    the next, which was under way; find each by its vector; and give each its own label.
    """
    planned = steps(seed)
    if not Store.exists_at(folder):
        return [] if acknowledged < 0 else [Finding(Kind.LOST, "the store is gone")]
    try:
        with Store.open(folder) as store:
            stored, fingerprint = stored_items(store), store.embedding.fingerprint
            sources = store.sources(list(stored))
            labels = {item.id: item.label for item in store.items()}
            ids, vectors = store.all_vectors()
            answers = store.nearest(vectors, 1) if len(ids) else []
    except Exception as error:
        # Any error that a reader meets is a finding.
        return [Finding(Kind.UNOPENABLE, f"it does not open or answer: {type(error).__name__}: {error}")]
    # Before the creation is acknowledged, nothing else can be under way.
    states: list[tuple[StoredItems, str]] = [
        ({}, EMBEDDING.fingerprint),
        *((step.expected, step.fingerprint) for step in planned),
    ]
    findings = []
    if (stored, fingerprint) not in states[max(acknowledged, 0) : acknowledged + 2]:
        line = f"it holds {len(stored)} items that are not those of step {acknowledged} or {acknowledged + 1}"
        findings.append(Finding(Kind.LOST, line))
    findings += [
        Finding(Kind.WRONG_LABELS, f"item {id} has another item's label")
        for id, (_, vector) in stored.items()
        if labels[id] != label_of(vector)
    ]
    findings += [
        Finding(Kind.WRONG_LABELS, f"item {id} has another item's source")
        for id, (key, _) in stored.items()
        if sources.get(id) != source_of(key)
    ]
    findings += [
        Finding(Kind.WRONG_LABELS, f"item {id} is not found by its own vector")
        for id, hits in zip(ids.tolist(), answers, strict=True)
        if (hits[0].id, hits[0].label) != (id, label_of(stored[id][1]))
    ]
    return findings


def _resumed_findings(folder: Path, seed: int, expected: Digests | None) -> list[Finding]:
    """Do the rest of the work and return how the store differs from one that met no fault."""
    try:
        work(folder, lambda _: None, seed)
    except Exception as error:
        # Any error that keeps a writer from resuming is a finding.
        return [Finding(Kind.UNOPENABLE, f"the work cannot be resumed: {type(error).__name__}: {error}")]
    expected, actual = expected or digests_without_fault(seed), _digests_of(folder)
    if actual == expected:
        return []
    differing = ", ".join(part for part in expected if actual[part] != expected[part])
    lines = [finding.line for finding in wrong_answers(folder, len(steps(seed)), seed)] or [f"other {differing}"]
    return [Finding(Kind.NOT_IDENTICAL, f"the work ends in another store: {line}") for line in lines]


def _digests_of(folder: Path) -> Digests:
    """Return a digest of each part of a store that no fault may change: answers, tables and other files."""
    parts = {"answers": all_answers(folder), **tables_and_files(folder)}
    return {name: hashlib.sha256(repr(part).encode()).hexdigest() for name, part in parts.items()}


def all_answers(folder: Path) -> tuple[object, ...]:
    """Return the answers that must be equal in two stores with the same history: items, neighbours, verification."""
    with Store.open(folder) as store:
        ids, vectors = store.all_vectors()
        return (
            stored_items(store),
            store.items(),
            store.thumbnails(ids.tolist()),
            store.nearest(vectors, 5) if len(ids) else [],
            store.verify(),
        )


@functools.cache
def digests_without_fault(seed: int = 0) -> Digests:
    """Do all the work on a store that meets no fault, and return its digests."""
    with scratch_folder() as folder:
        work(folder / "store", lambda _: None, seed)
        return _digests_of(folder / "store")
