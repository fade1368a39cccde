"""Cut the power after every operation of a writer on a model of a disk, and open what it leaves with a real reader."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks.durability.findings import Finding, Tally, fault_table
from benchmarks.durability.judge import judge
from benchmarks.durability.power_loss.disk_states import DiskState, draw_recovery_states, draw_states
from benchmarks.durability.processes import Setup, fork_context, run_setup, scratch_folder
from benchmarks.durability.tracing.recording import record
from benchmarks.durability.tracing.strace import unavailable
from benchmarks.durability.writer import STORE, Job

#: How the work is done: a name, whether the cache is so small that it writes before COMMIT, and strace's options.
VARIANTS: tuple[tuple[str, bool, tuple[str, ...]], ...] = (
    ("the work", False, ()),
    ("the work in little memory", True, ()),
    ("the work without hard links", False, ("-e", "inject=link,linkat:error=EPERM")),
)

#: One in how many states is also verified, and its work resumed to the end.
THOROUGH = 10

#: One in how many states is left by a second cut, and how many states are drawn of each recovery.
SHARE_OF_RECOVERIES = 10
STATES_PER_RECOVERY = 5

#: How many states are in memory at once.
_BATCH = 200

_WORKERS = 2


@dataclass(frozen=True)
class PowerLossReport:
    """What a reader found in `states` distinct states that a power cut may leave.

    `cuts` counts the operations after which the power was cut, `recoveries` the openings after a cut that were cut
    again, and `recovery_states` the states among `states` that these left. `resumed` counts the states whose work was
    resumed to its end. `skipped` says why nothing was tried.
    """

    seed: int
    setup: Setup = ()
    cuts: int = 0
    states: int = 0
    recoveries: int = 0
    recovery_states: int = 0
    resumed: int = 0
    tally: Tally = field(default_factory=Tally)
    skipped: str | None = None

    @property
    def ok(self) -> bool:
        """Return whether states were opened and none was bad."""
        return self.states > 0 and self.tally.bad == 0

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON; the key `plant` is the setup."""
        return {
            "seed": self.seed,
            "plant": " ".join(self.setup) or None,
            "cuts": self.cuts,
            "states": self.states,
            "recoveries": self.recoveries,
            "states_of_recoveries": self.recovery_states,
            "went_on": self.resumed,
            **self.tally.as_json(),
            "examples": self.tally.examples,
            "skipped": self.skipped,
            "bad": self.tally.bad,
            "ok": self.ok,
        }

    def table(self) -> Table:
        """Return the report as a table to print."""
        table = fault_table("Power cuts", self.setup, self.skipped)
        if self.skipped is None:
            table.add_row("cut after", f"{self.cuts:,} operations")
            table.add_row("states opened", f"{self.states:,}")
            table.add_row("of them after a cut recovery", f"{self.recovery_states:,} of {self.recoveries:,} recoveries")
            table.add_row("work resumed to the end", f"{self.resumed:,}")
            self.tally.add_rows(table)
        return table


def cut_power(states: int, seed: int, setup: Setup = (), *, until_bad: bool = False) -> PowerLossReport:
    """Open `states` distinct states that power cuts may leave, of the work with a seed in each of VARIANTS.

    A tenth or less are left by a second cut, while a store is opened after the first. `setup` is called first in every
    process, those that judge included, since some mutants show only to a reader that has them. With `until_bad` only as
    many variants and recoveries are tried as it takes to find a bad state.
    """
    if reason := unavailable():
        return PowerLossReport(seed, setup, skipped=reason)
    generator = np.random.default_rng(seed)
    second_cuts = states // SHARE_OF_RECOVERIES
    sample = _Sample(-(-second_cuts // STATES_PER_RECOVERY), generator)
    cuts = 0
    with scratch_folder() as folder, ProcessPoolExecutor(_WORKERS, fork_context(), run_setup, (setup,)) as executor:
        judges = _Judges(executor, seed)
        variants = []
        for number, (name, small_cache, options) in enumerate(VARIANTS):
            if until_bad and judges.tally.bad:
                break
            root = folder / f"recorded-{number}"
            root.mkdir()
            operations = record(Job(root / STORE, seed, setup, small_cache=small_cache), {}, options)
            cuts += len(operations)
            variants.append(draw_states(operations, states // len(VARIANTS), generator, DiskState({}, -1, name)))
            judges.judge(islice(variants[-1], (states - second_cuts) // len(VARIANTS)), sample.offer)
        first_cuts = judges.states
        recoveries = 0
        for number, state in enumerate(sample.states):
            if until_bad and judges.tally.bad:
                break
            recoveries += 1
            root = folder / f"recovered-{number}"
            job = Job(root / STORE, seed, setup, reading=number % 2 == 1)
            count = min(STATES_PER_RECOVERY, states - judges.states)
            judges.judge(islice(draw_recovery_states(state, job, count, generator), count))
            shutil.rmtree(root)
        of_recoveries = judges.states - first_cuts
        # A recovery may have fewer states than were planned.
        for number, variant in enumerate(variants):
            if until_bad and judges.tally.bad:
                break
            judges.judge(islice(variant, (states - judges.states) // (len(variants) - number)))
    return PowerLossReport(
        seed,
        setup,
        cuts=cuts,
        states=judges.states,
        recoveries=recoveries,
        recovery_states=of_recoveries,
        resumed=judges.resumed,
        tally=judges.tally,
    )


class _Sample:
    """A sample of `size` of the states that need recovery, each with the same probability: Vitter's algorithm R."""

    def __init__(self, size: int, generator: np.random.Generator) -> None:
        self._size, self._generator = size, generator
        self._offered = 0
        self.states: list[DiskState] = []

    def offer(self, state: DiskState) -> None:
        """Add a state, perhaps in place of another, or ignore it."""
        if not state.needs_recovery:
            return
        self._offered += 1
        position = int(self._generator.integers(self._offered))
        if len(self.states) < self._size:
            self.states.append(state)
        elif position < self._size:
            self.states[position] = state


class _Judges:
    """Judges states in other processes, and counts what is wrong."""

    def __init__(self, executor: ProcessPoolExecutor, seed: int) -> None:
        self._executor = executor
        self._seed = seed
        self.states = self.resumed = 0
        self.tally = Tally()

    def judge(self, states: Iterator[DiskState], on_good: Callable[[DiskState], None] = lambda _: None) -> None:
        """Judge every state, and call `on_good` for those in which nothing is wrong."""
        while batch := list(islice(states, _BATCH)):
            thorough = [(self.states + number) % THOROUGH == 0 for number in range(len(batch))]
            self.states += len(batch)
            self.resumed += sum(thorough)
            verdicts = self._executor.map(_judge_state, batch, thorough, [self._seed] * len(batch), chunksize=5)
            for state, findings in zip(batch, verdicts, strict=True):
                for finding in findings[:1]:
                    line = f"{state.when}, step {state.acknowledged} acknowledged: {finding.line}"
                    self.tally.add([finding.kind], [line])
                if not findings:
                    on_good(state)


def _judge_state(state: DiskState, thorough: bool, seed: int) -> list[Finding]:
    with scratch_folder() as folder:
        state.write_to(folder / "disk")
        return judge(folder / "disk" / STORE, state.acknowledged, thorough=thorough, seed=seed)
