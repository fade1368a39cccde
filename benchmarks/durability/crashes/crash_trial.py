"""One trial: kill a writer, judge the store it left, resume the work, and compare with one never interrupted."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.durability.crashes.attacks import Attack
from benchmarks.durability.crashes.child import Child, Send, run_unharmed
from benchmarks.durability.findings import Finding, Kind
from benchmarks.durability.judge import Digests, digests_without_fault, judge
from benchmarks.durability.workload import steps

#: What is under way before the store exists, before it is open again, and after the last step.
CREATION, OPENING, END = "create", "open", "end"

#: The names of all that a writer does, in order.
STEPS = [CREATION, *(step.name for step in steps()), END]


@dataclass(frozen=True)
class CrashTrial:
    """The steps in which the writers of a store were killed, in order, and what was wrong with the store."""

    killed_in: Sequence[str]
    findings: Sequence[Finding]

    @property
    def recoveries(self) -> int:
        """Return how many of the killed runs were resuming after a kill."""
        return max(0, len(self.killed_in) - 1)

    def to_json(self) -> str:
        """Return the trial as one line of JSON."""
        return json.dumps([self.killed_in, self.findings])

    @staticmethod
    def from_json(line: str) -> "CrashTrial":
        """Return the trial of a line that `to_json` made."""
        killed_in, findings = json.loads(line)
        return CrashTrial(killed_in, [Finding(Kind(kind), text) for kind, text in findings])


def digests_without_crash() -> Digests:
    """Do the work in a child process and return the store's digests; raise BenchmarkFailed when it fails."""
    child = run_unharmed(lambda send: send(json.dumps(digests_without_fault())))
    digests: Digests = json.loads(child.lines[-1])
    return digests


def run_trial(folder: Path, attacks: Sequence[Attack], expected: Digests) -> CrashTrial:
    """Start the work on a new store once for each attack, then judge the store; the folder is removed afterwards."""
    killed_in: list[str] = []
    findings: list[Finding] = []
    acknowledged = -1
    for attack in attacks:
        result = attack(folder)
        opening = result.acknowledged < 0 <= acknowledged
        acknowledged = max(acknowledged, result.acknowledged)
        if not result.killed:
            if not result.done:
                findings.append(Finding(Kind.UNOPENABLE, f"the work cannot be resumed: {result.last_line}"))
            break
        killed_in.append(OPENING if opening else STEPS[result.acknowledged + 1])
    if not findings:
        findings = _judge_in_child(folder, acknowledged, expected)
    shutil.rmtree(folder, ignore_errors=True)
    return CrashTrial(killed_in, findings)


def _judge_in_child(folder: Path, acknowledged: int, expected: Digests) -> list[Finding]:
    """Judge the store as it was left, and as it is when the work was resumed, in a process of its own."""

    def send_findings(send: Send) -> None:
        for finding in judge(folder, acknowledged, thorough=True, expected=expected):
            send(json.dumps(finding))

    child = Child(send_findings)
    if child.result().status != 0:
        return [Finding(Kind.UNOPENABLE, f"it cannot be judged: {' '.join(child.lines)}")]
    return [Finding(Kind(kind), line) for kind, line in map(json.loads, child.lines)]
