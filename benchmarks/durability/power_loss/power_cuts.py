"""Cut the power after every operation of a writer, on a model of a disk, and open what it leaves with a real reader."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.durability.judge import Finding, Kind, findings, scratch
from benchmarks.durability.power_loss.cut_states import State, states_of, states_of_recovery
from benchmarks.durability.tracing.strace import FORKED, unavailable
from benchmarks.durability.tracing.system_calls import record
from benchmarks.durability.writer import STORE, Job, plant_bugs

#: How the work is done: in words, whether in so little memory that it writes before it commits, and what strace does.
WAYS: tuple[tuple[str, bool, tuple[str, ...]], ...] = (
    ("the work", False, ()),
    ("the work in little memory", True, ()),
    ("the work without hard links", False, ("-e", "inject=link,linkat:error=EPERM")),
)

#: Every how many states are verified as well, and the work goes on in them to its end.
THOROUGH = 10

#: The share of the states that a second cut leaves, a tenth, and how many of them come of one recovery.
SHARE_OF_RECOVERIES = 10
STATES_A_RECOVERY = 5

#: How many of the bad states a report describes.
EXAMPLES = 5

#: How many states are in memory at once.
_SLAB = 200

_WORKERS = 2


@dataclass(frozen=True)
class PowerCutReport:
    """What a reader found in `states` distinct states that a power cut may leave.

    `cuts` counts the operations after which the power was cut, `recoveries` the cut openings that were cut again,
    and `states_of_recoveries` their part of the states. `went_on` of them were worked on to the end. Bad states
    `lost` an acknowledged step, had `wrong_labels`, were `unopenable`, held index files that do not prove whole
    (`unclean`), or became at the end `not_identical` with a store that met no fault. `skipped` says why nothing was
    done.
    """

    seed: int
    plant: str | None
    cuts: int = 0
    states: int = 0
    recoveries: int = 0
    states_of_recoveries: int = 0
    went_on: int = 0
    lost: int = 0
    wrong_labels: int = 0
    unopenable: int = 0
    unclean: int = 0
    not_identical: int = 0
    examples: tuple[str, ...] = ()
    skipped: str | None = None

    @property
    def bad(self) -> int:
        """Return how many states were bad."""
        return self.lost + self.wrong_labels + self.unopenable + self.unclean + self.not_identical

    @property
    def ok(self) -> bool:
        """Tell whether states were opened and none was bad."""
        return self.states > 0 and self.bad == 0

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return asdict(self) | {"bad": self.bad, "ok": self.ok}

    def table(self) -> Table:
        """Return the report as a table to print."""
        planted = f", planted: {self.plant}" if self.plant else ""
        table = Table(title=f"Power cuts{planted}", title_justify="left", show_header=False)
        if self.skipped:
            table.add_row("SKIPPED", self.skipped)
            return table
        table.add_row("cut after", f"{self.cuts:,} operations")
        table.add_row("states opened", f"{self.states:,}")
        table.add_row(
            "of them after a cut recovery", f"{self.states_of_recoveries:,} of {self.recoveries:,} recoveries"
        )
        table.add_row("worked on to the end", f"{self.went_on:,}")
        for name in ("lost", "wrong_labels", "unopenable", "unclean", "not_identical"):
            table.add_row(name.replace("_", " "), f"{getattr(self, name):,}")
        for example in self.examples:
            table.add_row("example", example)
        return table


def cut_power(states: int, seed: int, plant: str | None = None) -> PowerCutReport:
    """Open `states` distinct states that power cuts may leave, of the work with a seed; `plant`: see `Job`.

    The work is done in each of WAYS. A tenth or less are left by a second cut, while a store is opened after the first.
    """
    if reason := unavailable():
        return PowerCutReport(seed, plant, skipped=reason)
    generator = np.random.default_rng(seed)
    second_cuts = states // SHARE_OF_RECOVERIES
    sample = _Sample(-(-second_cuts // STATES_A_RECOVERY), generator)
    with scratch() as folder, _judges(plant) as judges:
        tally = _Tally(judges, seed)
        drawn = []
        for number, (way, small_cache, options) in enumerate(WAYS):
            root = folder / f"recorded-{number}"
            root.mkdir()
            operations = record(Job(root / STORE, seed, plant, small_cache=small_cache), root, {}, options)
            tally.cuts += len(operations)
            drawn.append(states_of(operations, states // len(WAYS), generator, State({}, -1, way)))
            tally.judge(islice(drawn[-1], (states - second_cuts) // len(WAYS)), sample.offer)
        first_cuts = tally.states
        for number, state in enumerate(sample.taken):
            root = folder / f"recovered-{number}"
            job = Job(root / STORE, seed, plant, reading=number % 2 == 1)
            left = states_of_recovery(state, root, job, STATES_A_RECOVERY, generator)
            tally.judge(islice(left, STATES_A_RECOVERY))
            shutil.rmtree(root)
        of_recoveries = tally.states - first_cuts
        # A recovery can have fewer states than were set aside for it.
        for place, more in enumerate(drawn):
            tally.judge(islice(more, (states - tally.states) // (len(drawn) - place)))
    return PowerCutReport(
        seed=seed,
        plant=plant,
        cuts=tally.cuts,
        states=tally.states,
        recoveries=len(sample.taken),
        states_of_recoveries=of_recoveries,
        went_on=tally.went_on,
        examples=tuple(tally.examples),
        lost=tally.bad[Kind.LOST],
        wrong_labels=tally.bad[Kind.WRONG_LABELS],
        unopenable=tally.bad[Kind.UNOPENABLE],
        unclean=tally.bad[Kind.UNCLEAN],
        not_identical=tally.bad[Kind.NOT_IDENTICAL],
    )


class _Sample:
    """Takes `size` of the states that have something to recover, each with the same chance: Vitter's algorithm R."""

    def __init__(self, size: int, generator: np.random.Generator) -> None:
        self._size, self._generator = size, generator
        self._seen = 0
        self.taken: list[State] = []

    def offer(self, state: State) -> None:
        """Take a state or not."""
        if not state.to_recover:
            return
        self._seen += 1
        place = int(self._generator.integers(self._seen))
        if len(self.taken) < self._size:
            self.taken.append(state)
        elif place < self._size:
            self.taken[place] = state


class _Tally:
    """Has states judged, and counts."""

    def __init__(self, judges: ProcessPoolExecutor, seed: int) -> None:
        self._judges = judges
        self._seed = seed
        self.cuts = self.states = self.went_on = 0
        self.bad: Counter[Kind] = Counter()
        self.examples: list[str] = []

    def judge(self, states: Iterator[State], offer: Callable[[State], None] = lambda _: None) -> None:
        """Have every state judged, and offer those in which nothing is wrong."""
        while some := list(islice(states, _SLAB)):
            thorough = [(self.states + place) % THOROUGH == 0 for place in range(len(some))]
            self.states += len(some)
            self.went_on += sum(thorough)
            judged = self._judges.map(_judge, some, thorough, [self._seed] * len(some), chunksize=5)
            for state, found in zip(some, judged, strict=True):
                if not found:
                    offer(state)
                    continue
                self.bad[found[0].kind] += 1
                if len(self.examples) < EXAMPLES:
                    self.examples.append(f"{state.came}, step {state.acknowledged} acknowledged: {found[0].line}")


def _judges(plant: str | None) -> ProcessPoolExecutor:
    """Return processes that judge states; the bug is in them too, for some show only to a reader that has it."""
    if plant is None:
        return ProcessPoolExecutor(_WORKERS, FORKED)
    return ProcessPoolExecutor(_WORKERS, FORKED, plant_bugs, (plant,))


def _judge(state: State, thorough: bool, seed: int) -> list[Finding]:
    with scratch() as folder:
        state.write_to(folder / "disk")
        return findings(folder / "disk" / STORE, state.acknowledged, thorough=thorough, seed=seed)
