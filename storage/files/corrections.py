"""Corrections of labels, kept in a store's folder: what a source calls a picture, and what a person calls it.

A correction holds as long as the source says what it said, and the picture is the same.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from storage.errors import StoreCorrupt
from storage.files.decisions import CORRECTIONS, decisions_path, read_decisions, write_decisions


@dataclass(frozen=True, slots=True)
class Correction:
    """The label of an item by its key and the sha256 of its content: `source_label` is the source's."""

    key: str
    content: bytes
    source_label: str | None
    label: str | None


@dataclass(frozen=True, slots=True)
class Corrections:
    """Corrections by key and content."""

    by_item: Mapping[tuple[str, bytes], Correction] = field(default_factory=dict)

    def label_of(self, key: str, content: bytes, source_label: str | None) -> str | None:
        """Return the corrected label of what a source calls `source_label`, or that."""
        correction = self.by_item.get((key, content))
        return source_label if correction is None or correction.source_label != source_label else correction.label

    def source_label_of(self, key: str, content: bytes, label: str | None) -> str | None:
        """Return what the source calls an item that has a label in the store."""
        correction = self.by_item.get((key, content))
        return label if correction is None or correction.label != label else correction.source_label

    def with_changes(self, changes: Iterable[Correction]) -> "Corrections":
        """Return the corrections after changes; one by which an item has the source's label again is none."""
        by_item = dict(self.by_item)
        for change in changes:
            by_item[change.key, change.content] = change
            if change.label == change.source_label:
                del by_item[change.key, change.content]
        return Corrections(by_item)


def read_corrections(store: Path | None) -> Corrections:
    """Return the corrections in a store's folder, None for a store on a server, which has none.

    Raise StoreCorrupt if they cannot be read.
    """
    if store is None:
        return Corrections()
    try:
        corrections = [_parsed(line) for line in (read_decisions(store, CORRECTIONS) or b"").splitlines()]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StoreCorrupt(
            f"expected corrections of labels in {decisions_path(store, CORRECTIONS)}, got a file that cannot be read: "
            "restore it from a backup, or remove it to take the sources' labels"
        ) from error
    return Corrections({(correction.key, correction.content): correction for correction in corrections})


def write_corrections(store: Path, corrections: Corrections) -> None:
    """Write corrections into a store's folder, durably, in place of those that it has; raise StoreUnwritable."""
    lines = [_line(correction) for _, correction in sorted(corrections.by_item.items())]
    write_decisions(store, CORRECTIONS, "".join(lines).encode())


def _line(correction: Correction) -> str:
    fields = {
        "key": correction.key,
        "content": correction.content.hex(),
        "from": correction.source_label,
        "to": correction.label,
    }
    return json.dumps(fields) + "\n"


def _parsed(line: bytes) -> Correction:
    fields = json.loads(line)
    key, labels = fields["key"], (fields["from"], fields["to"])
    if type(key) is not str or not all(label is None or type(label) is str for label in labels):
        raise ValueError("no correction")
    return Correction(key, bytes.fromhex(fields["content"]), *labels)
