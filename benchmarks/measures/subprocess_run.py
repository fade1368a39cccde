"""Measure in a new process: no other module is loaded, and the processor's caches hold nothing else."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from benchmarks.errors import BenchmarkFailed

Result = TypeVar("Result")


def run_in_subprocess(measure: Callable[..., Result], *, on_stage: Callable[[str], None], **arguments: Any) -> Result:
    """Call a module-level function in a new process with `on_stage` and the arguments, and return its result.

    Raise what it raises, or BenchmarkFailed if the process ends before it returns.
    """
    # "spawn" starts a new interpreter: "fork" would copy everything that this process has loaded.
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(sender, measure, arguments))
    process.start()
    sender.close()
    try:
        while True:
            kind, content = receiver.recv()
            if kind == "stage":
                on_stage(content)
            elif kind == "error":
                raise content
            else:
                result: Result = content
                return result
    except EOFError:
        process.join()
        raise BenchmarkFailed(
            f"expected {measure.__name__} to return from its process, got exit status {process.exitcode}"
        ) from None
    finally:
        process.terminate()
        process.join()
        receiver.close()


def _work(sender: Connection, measure: Callable[..., object], arguments: dict[str, Any]) -> None:
    try:
        sender.send(("result", measure(on_stage=lambda text: sender.send(("stage", text)), **arguments)))
    except Exception as error:
        sender.send(("error", error))
