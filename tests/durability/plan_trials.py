"""Kill processes that apply plans, or make their calls fail, at each call; judge what they leave, and go on.

`python -m tests.durability.plan_trials FOLDER FAULT STRIDE` prints a line of JSON: how many trials of each work there
were, and what was wrong. FAULT is `kill`, or the name of an error.
"""

import errno
import functools
import hashlib
import json
import os
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.durability.crashes.child import Child, Send
from benchmarks.durability.crashes.kill_switch import KillSwitch
from search.errors import PlanRefused
from search.plans.apply import apply_plan
from search.plans.journal import How
from search.plans.plan import Action, Plan, PlanRow, checked_plan
from search.plans.undo import undo
from storage import LookalikeError, NewItem, Store
from tests.storage.stores import EMBEDDING

#: The pictures, of which the first of each group is kept. All differ but those of `same`.
GROUPS = {"near": ("near/1.png", "near/deep/er/2.png", "3.png"), "same": ("same/1.png", "2.png")}


#: Where the trash is, from the folder of a trial.
_TRASH = "data/Trash"


def content_of(key: str) -> bytes:
    """Return what is in the file of a key."""
    return b"the same picture" if key in GROUPS["same"] else f"picture {key}".encode() * 9


class PlanKillSwitch(KillSwitch):
    """Kills at the calls of plans too, and in the middle of what they write."""

    def install(self) -> None:
        """Count from now on."""
        write = os.write

        def write_in_halves(descriptor: int, data: bytes | memoryview) -> int:
            self.crash_point()
            written = write(descriptor, memoryview(data)[: len(data) // 2])
            self.crash_point()
            return written + write(descriptor, memoryview(data)[written:])

        super().install()
        for name, call in (("write", write_in_halves), ("rename", self._around(os.rename))):
            setattr(os, name, call)


class FailureSwitch(PlanKillSwitch):
    """Makes the call fail at which the other would kill; with `lasting`, all later ones too."""

    def __init__(self, at: int | None, error: int, *, lasting: bool) -> None:
        super().__init__(at)
        self._error = error
        self._lasting = lasting

    def crash_point(self) -> None:
        """Raise OSError if the call is to fail, or count it."""
        reached = self.count == self._at or (self._lasting and self._at is not None and self.count > self._at)
        self.count += 1
        if reached:
            raise OSError(self._error, os.strerror(self._error))

    def _around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the call, which fails before it has begun: a call that did its work has not failed."""
        creates = call is os.open

        def counted(*args: Any, **named: Any) -> Any:
            if not creates or args[1] & os.O_CREAT:
                self.crash_point()
            return call(*args, **named)

        return counted


@dataclass(frozen=True)
class Work:
    """A run of a plan, or of taking it back; `links` says which hard links fail: `all`, `far` or `none` of them."""

    name: str
    how: How
    back: bool = False
    links: str = "none"


WORKS = (
    Work("move", How.MOVE),
    Work("move to another disk", How.MOVE, links="far"),
    Work("move without links", How.MOVE, links="all"),
    Work("link", How.LINK),
    Work("move back", How.MOVE, back=True),
    Work("move back from another disk", How.MOVE, back=True, links="far"),
    Work("separate", How.LINK, back=True),
    Work("to the trash", How.TRASH),
    Work("back from the trash", How.TRASH, back=True),
)


class Trials:
    """Trials in a folder, which is made anew for each: in `template` is what the work begins with."""

    def __init__(self, folder: Path, work: Work) -> None:
        self.root = folder / "root"
        self.work = work
        self._template = folder / "template"
        for old in (self.root, self._template):
            shutil.rmtree(old, ignore_errors=True)
        self.original = _make(self.root)
        self.plan = _plan(self.root)
        if work.back:
            self.run(back=False)
        shutil.copytree(self.root, self._template, copy_function=functools.partial(_copy, {}))
        self.run(back=work.back)
        self.expected = _tree(self.root)

    def restore(self) -> None:
        """Make the folder what it was before the work; links stay links."""
        shutil.rmtree(self.root)
        shutil.copytree(self._template, self.root, copy_function=functools.partial(_copy, {}))

    def run(self, *, back: bool) -> None:
        """Do the work, with every file done or refused; raise LookalikeError."""
        with Store.open(self.root / "store", writing=True) as store:
            report = undo(store, self.plan) if back else apply_plan(self.plan, store, self.work.how)
        for file in report.files:
            # Links are for the same bytes only.
            if file.problem is not None and not (self.work.how is How.LINK and "same bytes" in file.problem):
                raise PlanRefused(f"{file.spot.path}: {file.problem}")

    def child(self, switch: KillSwitch) -> Child:
        """Return a process that does the work once its switch is installed, and says how many calls it made."""

        def work(send: Send) -> None:
            _fail_links(self.work.links)
            switch.install()
            try:
                self.run(back=self.work.back)
            except LookalikeError as error:
                send(f"refused {type(error).__name__}: {error}")
            except Exception as error:
                send(f"broken {type(error).__name__}: {error}")
            else:
                send(f"done {switch.count}")

        return Child(work)

    def lost(self) -> Iterator[str]:
        """Yield what is wrong just after a fault: each picture must be somewhere, complete."""
        contents = set(_contents(self.root).values())
        for key, data in self.original.items():
            if data not in contents:
                yield f"{key} is lost"

    def wrong_after_resuming(self) -> Iterator[str]:
        """Yield what is wrong once the same command was run again."""
        try:
            self.run(back=self.work.back)
        except LookalikeError as error:
            if not str(error).startswith("expected something that this plan did"):
                yield f"it does not go on: {error}"
                return
        if (tree := _tree(self.root)) != self.expected:
            yield f"it ends with {sorted(tree.items())} for {sorted(self.expected.items())}"


def _copy(names: dict[int, str], source: str, target: str) -> None:
    """Copy a file, or link it to the copy of the same file."""
    inode = Path(source).stat().st_ino
    if inode in names:
        os.link(names[inode], target)
    else:
        shutil.copy2(source, target)
        names[inode] = target


def _make(root: Path) -> dict[str, bytes]:
    keys = [key for group in GROUPS.values() for key in group]
    items = []
    for key in keys:
        path = root / "pictures" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content_of(key))
        digest = hashlib.sha256(content_of(key)).digest()
        items.append(NewItem(key, digest, "label", {}, b"a thumbnail", f"folder:{root / 'pictures'}"))
    with Store.create(root / "store", EMBEDDING) as store:
        vectors = np.arange(len(items) * EMBEDDING.dim, dtype=np.float32).reshape(len(items), EMBEDDING.dim)
        store.append(items, vectors)
    return {key: content_of(key) for key in keys}


def _plan(root: Path) -> Plan:
    rows = [
        PlanRow(
            group,
            Action.REMOVE if number else Action.KEEP,
            key,
            hashlib.sha256(content_of(key)).digest(),
            str(root / "pictures"),
        )
        for group, keys in GROUPS.items()
        for number, key in enumerate(keys)
    ]
    return checked_plan(str(root / "store"), rows)


def _contents(root: Path) -> dict[str, bytes]:
    """Return the content of each file outside of the store, hidden ones too, by its path."""
    paths = [path for path in root.rglob("*") if path.is_file() and "store" not in path.relative_to(root).parts]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def _tree(root: Path) -> dict[str, tuple[str, int]]:
    """Return each file's digest and number of links by its path, and the stored keys, once the store was verified.

    What is in the trash is there by its content: its name there, and what is noted of it, are the trash's own affair.
    """
    tree = {}
    for name, data in _contents(root).items():
        digest = hashlib.sha256(data).hexdigest()[:8]
        if name.startswith(f"{_TRASH}/files/"):
            tree[f"in the trash {digest}"] = (digest, 1)
        elif not name.startswith(f"{_TRASH}/info/"):
            tree[name] = (digest, (root / name).stat().st_nlink)
    with Store.open(root / "store") as store:
        problems = store.verify()
        if problems:
            raise PlanRefused(f"the store is damaged: {problems}")
        return tree | {f"item {item.key}": (item.content.hex()[:8], 1) for item in store.items()}


def _fail_links(which: str) -> None:
    link = os.link

    def fail(source: Any, target: Any, **named: Any) -> None:
        if which == "all" or (named.get("src_dir_fd") is not None and which == "far" and not _same_folder(named)):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        link(source, target, **named)

    if which != "none":
        setattr(os, "link", fail)  # noqa: B010 - mypy knows functions as constants


def _same_folder(named: dict[str, Any]) -> bool:
    one, other = (os.fstat(named[name]).st_ino for name in ("src_dir_fd", "dst_dir_fd"))
    return one == other


def _switches(fault: str, calls: int, stride: int) -> Iterator[KillSwitch]:
    if fault == "kill":
        yield from (PlanKillSwitch(at) for at in range(0, calls, stride))
        return
    for lasting in (False, True):
        for at in range(0, calls, stride):
            yield FailureSwitch(at, getattr(errno, fault), lasting=lasting)


def try_work(folder: Path, work: Work, fault: str, stride: int) -> tuple[int, list[str]]:
    """Return how many trials there were, and what was wrong in any."""
    trials = Trials(folder, work)
    trials.restore()
    counter = PlanKillSwitch(None) if fault == "kill" else FailureSwitch(None, 0, lasting=False)
    counting = trials.child(counter)
    status = counting.result()
    if not status.last_line.startswith("done "):
        return 0, [f"{work.name}: without a fault it is {status.last_line}"]
    calls = int(status.last_line.split()[1])
    wrong: list[str] = []
    count = 0
    for switch in _switches(fault, calls, stride):
        trials.restore()
        result = trials.child(switch).result()
        where = f"{work.name}, {fault} at call {switch._at} of {calls}"
        count += 1
        if fault == "kill" and not result.killed:
            wrong.append(f"{where}: it was not killed: {result.last_line}")
        if fault != "kill" and not result.last_line.startswith(("done", "refused")):
            wrong.append(f"{where}: {result.last_line}")
        wrong += [f"{where}: {what}" for what in trials.lost()]
        # Every seventh is killed again, while it brings the first to an end.
        if fault == "kill" and count % 7 == 0:
            trials.child(PlanKillSwitch(count % 19)).result()
            wrong += [f"{where}, and again: {what}" for what in trials.lost()]
        wrong += [f"{where}: {what}" for what in trials.wrong_after_resuming()]
    return count, wrong


def main() -> None:
    """Try every work."""
    folder, fault, stride = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    # The trash of a file on the disk of the home folder is in the folder of the data there.
    os.environ |= {"HOME": str(folder / "root"), "XDG_DATA_HOME": str((folder / "root" / _TRASH).parent)}
    counts: Counter[str] = Counter()
    wrong: list[str] = []
    for work in WORKS:
        count, problems = try_work(folder, work, fault, stride)
        counts[work.name] += count
        wrong += problems
    sys.stdout.write(json.dumps([counts, wrong[:20]]) + "\n")


if __name__ == "__main__":
    main()
