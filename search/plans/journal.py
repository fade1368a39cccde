"""The journal of applying a plan: what is intended with each file, then each step done, each flushed to the disk.

It is a file in the store's folder, one JSON document a line, and is only appended to. A line that was cut off when its
process died is removed when it is opened again.
"""

import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from search.curation.different_pairs import Pair, in_order
from search.errors import ApplyStopped
from search.plans.file_spot import FileSpot
from storage.files import durable
from storage.files.file_checks import require_file, require_folder
from storage.files.layout import CURATION

_NAME = re.compile(r"journal-(\d{6})\.jsonl")
_FORMAT = 1


class How(StrEnum):
    """What applying a plan does with files to remove."""

    MOVE = "move"
    TRASH = "trash"
    LINK = "link"


class Step(StrEnum):
    """How far an entry has come: applied from INTENT to DONE, or LEFT alone; taken back from BACK to UNDONE."""

    INTENT = "intent"
    FILE = "file"
    DONE = "done"
    LEFT = "left"
    BACK = "back"
    BACK_FILE = "back file"
    UNDONE = "undone"


#: The steps between which a process can die in the middle.
OPEN_STEPS = frozenset((Step.INTENT, Step.FILE, Step.BACK, Step.BACK_FILE))


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that is moved or linked: its place, its sha256, and the id of its item and the name of its source.

    `aside` is where it is moved to, if that is known; `kept` is the file that it is linked to. `token` is in the names
    in between. `mode` and `mtime_ns` are the file's.
    """

    number: int
    home: FileSpot
    digest: bytes
    item: int
    source: str | None
    token: str
    aside: FileSpot | None = None
    kept: FileSpot | None = None
    mode: int = 0o644
    mtime_ns: int = 0
    size: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the entry as JSON."""
        return asdict(self) | {"digest": self.digest.hex()}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """Return the entry of its JSON; raise ValueError, TypeError or KeyError for anything else."""
        spots = {name: FileSpot(**fields[name]) if fields[name] else None for name in ("home", "aside", "kept")}
        return cls(**fields | spots | {"digest": bytes.fromhex(fields["digest"])})


@dataclass
class Journal:
    """The journal of a plan by its digest; call `close` when done.

    `entries` are by number, `steps` the last step of each. `different` are pairs of contents that the plan says are no
    duplicates, and that were not known before.
    """

    path: Path
    plan: str
    how: How
    entries: dict[int, Entry] = field(default_factory=dict)
    steps: dict[int, Step] = field(default_factory=dict)
    different: set[Pair] = field(default_factory=set)
    _descriptor: int = -1

    @classmethod
    def create(cls, store: Path, plan: str, how: How) -> Self:
        """Create a journal in a store's folder and open it; raise StoreUnwritable."""
        folder = store / CURATION
        require_folder(folder)
        durable.make_folder(folder)
        numbers = [int(path.name[8:14]) for path in _paths(store)]
        path = folder / f"journal-{max(numbers, default=0) + 1:06}.jsonl"
        head = {"format": _FORMAT, "plan": plan, "how": how}
        durable.replace_file(path, _line(head))
        journal = cls(path, plan, how)
        journal.open()
        return journal

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return a journal as it is, to be looked at; raise ApplyStopped if it cannot be read."""
        require_file(path)
        try:
            return cls._parsed(path, _complete_lines(path.read_bytes()))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ApplyStopped(
                f"expected a journal of applied plans, got {path}, which cannot be read ({type(error).__name__}): "
                "restore it from a backup, or move it elsewhere to go on without it"
            ) from error

    @classmethod
    def _parsed(cls, path: Path, lines: list[bytes]) -> Self:
        head, *records = map(json.loads, lines)
        if head["format"] != _FORMAT:
            raise ValueError("another format")
        journal = cls(path, head["plan"], How(head["how"]))
        for record in records:
            if "entry" in record:
                entry = Entry.from_json(record["entry"])
                journal.entries[entry.number], journal.steps[entry.number] = entry, Step.INTENT
            elif "different" in record:
                pairs = {frozenset(map(bytes.fromhex, pair)) for pair in record["different"]}
                journal.different = journal.different | pairs if record["added"] else journal.different - pairs
            else:
                if record["number"] not in journal.entries:
                    raise ValueError("a step of no entry")
                journal.steps[record["number"]] = Step(record["step"])
                if "aside" in record:
                    entry = journal.entries[record["number"]]
                    journal.entries[entry.number] = replace(entry, aside=FileSpot(**record["aside"]))
        return journal

    def open(self) -> None:
        """Open a journal that was read, to go on with it; raise StoreUnwritable. Harmless when it is open."""
        if self._descriptor >= 0:
            return
        with durable.write_errors(self.path):
            flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(self.path, flags)
            length = sum(map(len, _complete_lines(self.path.read_bytes())))
            if length < os.fstat(self._descriptor).st_size:
                os.ftruncate(self._descriptor, length)
                os.fsync(self._descriptor)

    def begin(self, entry: Entry) -> None:
        """Record what is intended with a file, before anything is done."""
        self._append({"entry": entry.as_json()})
        self.entries[entry.number], self.steps[entry.number] = entry, Step.INTENT

    def mark(self, entry: Entry, step: Step, *, aside: FileSpot | None = None) -> None:
        """Record that an entry has come to a step, and where its file is if that was not known before."""
        self._append({"number": entry.number, "step": step} | ({"aside": asdict(aside)} if aside else {}))
        self.steps[entry.number] = step
        if aside is not None:
            self.entries[entry.number] = replace(entry, aside=aside)

    def mark_different(self, pairs: Iterable[Pair], *, added: bool) -> None:
        """Record pairs of contents that are called different now, or no more."""
        pairs = set(pairs)
        self._append(
            {"different": sorted([content.hex() for content in in_order(pair)] for pair in pairs), "added": added}
        )
        self.different = self.different | pairs if added else self.different - pairs

    def _append(self, record: dict[str, Any]) -> None:
        line = memoryview(_line(record))
        with durable.write_errors(self.path):
            length = os.fstat(self._descriptor).st_size
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
                os.fsync(self._descriptor)
            except OSError:
                # A line that is not known to be on the disk is none: what it says has not begun.
                with suppress(OSError):
                    os.ftruncate(self._descriptor, length)
                raise

    def next_number(self) -> int:
        """Return the number of a new entry."""
        return max(self.entries, default=0) + 1

    def with_steps(self, *steps: Step) -> list[Entry]:
        """Return the entries that have come to one of these steps, in order."""
        return [entry for number, entry in self.entries.items() if self.steps[number] in steps]

    def close(self) -> None:
        """Close the file; harmless when called again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def journals(store: Path) -> list[Journal]:
    """Return the journals of a store in a folder, the newest last; raise ApplyStopped for one that cannot be read."""
    require_folder(store / CURATION)
    return [Journal.read(path) for path in _paths(store)]


def _paths(store: Path) -> list[Path]:
    folder = store / CURATION
    return sorted(path for path in folder.glob("journal-*.jsonl") if _NAME.fullmatch(path.name))


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=True).encode() + b"\n"


def _complete_lines(data: bytes) -> list[bytes]:
    """Return the lines of a journal; the last one only if it was written to its end."""
    lines = data.splitlines(keepends=True)
    if lines and not _is_complete(lines[-1]):
        lines.pop()
    return lines


def _is_complete(line: bytes) -> bool:
    try:
        return line.endswith(b"\n") and isinstance(json.loads(line), dict)
    except ValueError:
        return False
