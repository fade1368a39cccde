"""Start child processes that import this source tree, and give them temporary folders."""

import functools
import multiprocessing
import os
import pkgutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from unittest import mock

#: A function to call before the work, as "module:function", and its arguments; empty for none. Tests install mutants.
Setup = Sequence[str]

#: For processes that fork: the threads of OpenMP, OpenBLAS and Arrow do not survive a fork, and would only compete.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}

_REPOSITORY = Path(__file__).parents[2]


def run_setup(setup: Setup) -> None:
    """Call the function that a setup names, if any."""
    if setup:
        pkgutil.resolve_name(setup[0])(*setup[1:])


def environment() -> dict[str, str]:
    """Return this process's environment variables for a child that imports the same modules, installed or not."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(dict.fromkeys([str(_REPOSITORY), *filter(None, sys.path)]))}


@functools.cache
def fork_context() -> ForkServerContext:
    """Return a context whose children are forked from a server with one thread that has imported all a writer needs."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([f"benchmarks.durability.{name}" for name in ("judge", "writer", "preloaded")])
    with mock.patch.dict(os.environ, environment() | ONE_THREAD):
        forkserver.ensure_running()
    return context


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a temporary folder, in memory where possible: thousands of stores are created and removed in it."""
    memory = Path("/dev/shm")  # noqa: S108
    parent = memory if memory.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="lookalike-", dir=parent, ignore_cleanup_errors=True) as folder:
        yield Path(folder).resolve()
