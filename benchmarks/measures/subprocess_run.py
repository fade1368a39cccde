"""Measure in a process of its own, as a user's would be: nothing else was loaded, and nothing else fills the caches."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from benchmarks.errors import BenchmarkFailed

Result = TypeVar("Result")


def in_own_process(measure: Callable[..., Result], *, on_stage: Callable[[str], None], **arguments: Any) -> Result:
    """Return what a function of a module returns in a new process; it is told `on_stage` and the arguments.

    Raise what it raises, or BenchmarkFailed when the process ends before.
    """
    # A new interpreter: a fork would have all that this process has.
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_work, args=(there, measure, arguments))
    process.start()
    there.close()
    try:
        while True:
            kind, said = here.recv()
            if kind == "stage":
                on_stage(said)
            elif kind == "failed":
                raise said
            else:
                result: Result = said
                return result
    except EOFError:
        process.join()
        raise BenchmarkFailed(
            f"expected {measure.__name__} to end in a process of its own, got exit status {process.exitcode}"
        ) from None
    finally:
        process.terminate()
        process.join()
        here.close()


def _work(there: Connection, measure: Callable[..., Any], arguments: dict[str, Any]) -> None:
    try:
        there.send(("done", measure(on_stage=lambda text: there.send(("stage", text)), **arguments)))
    except Exception as error:
        there.send(("failed", error))
