"""Connect to Ray, and translate its errors; the only file that imports Ray.

Ray numbers objects and actors alike in every session that a process starts: a reference of an earlier one, dropped
during a later one, frees what has its number there. So none may outlive its session. Datasets leave reference cycles,
and the traceback of an error holds what the functions in it had.
"""

import gc
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.errors import WorkersUnusable
from ingest.pipeline.options import Workers

# Read by Ray while it is imported: report no usage, and log nothing, since an error says in one line what went wrong.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")

import ray
import ray.data

#: Seconds to wait for a cluster's address to accept a connection.
_CONNECT_TIMEOUT_S = 10.0

#: Seconds to wait for a thread of Ray Data whose dataset is no longer read; it looks up at least once a second.
_STOP_TIMEOUT_S = 30.0


class _Session:
    """The session of Ray that jobs of this process share: the first of them starts it, the last one ends it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs = 0

    def enter(self, address: str | None) -> bool:
        """Start the session unless it runs; return False if the caller has one of its own, which is then used."""
        with self._lock:
            if not ray.is_initialized():
                _require_listening(address)
                # What the caller did with Ray before may have left references too.
                gc.collect()
                ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level="critical")
            elif not self._jobs:
                return False
            self._jobs += 1
            return True

    def leave(self) -> None:
        """End the session if this was its last job."""
        with self._lock:
            self._jobs -= 1
            if not self._jobs:
                for thread in threading.enumerate():
                    if thread.name.startswith("StreamingExecutor"):
                        thread.join(_STOP_TIMEOUT_S)
                gc.collect()
                ray.shutdown()


_session = _Session()


@contextmanager
def ray_cluster(workers: Workers) -> Iterator[None]:
    """Connect to a cluster, or start Ray on this machine and stop it again; raise WorkersUnusable."""
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        entered = _session.enter(workers.address)
    except Exception as error:
        # Ray raises a plain Exception when its node does not report in time.
        raise WorkersUnusable(
            f"expected a Ray cluster at {workers.address or 'this machine'}, got '{' '.join(str(error).split())}': "
            "start it, or change --ray-address"
        ) from error
    try:
        yield
    finally:
        if entered:
            _session.leave()


def require_cluster(workers: Workers) -> None:
    """Raise WorkersUnusable unless the cluster that the workers are of, if it is not this machine, can be used."""
    if workers.address is not None:
        with ray_cluster(workers):
            pass


def cluster_resource(name: str) -> float:
    """Return how many of a resource, "CPU" or "GPU", the cluster has."""
    return float(ray.cluster_resources().get(name, 0))


def translated(error: Exception) -> Exception:
    """Return our own error that a worker raised, and WorkersUnusable for any other; drop the error's tracebacks.

    Not all that Ray raises are RayErrors: that a task cannot be submitted is a ValueError.
    """
    _drop_tracebacks(error)
    cause = getattr(error, "cause", None)
    if isinstance(cause, Exception) and type(cause).__module__.split(".")[0] in ("ingest", "storage"):
        return cause
    reason = " ".join(str(error).splitlines()[-1:])
    return WorkersUnusable(
        f"expected Ray's workers to embed, got '{reason[:300]}': everything acknowledged so far is kept; run the same "
        "command again"
    )


def _require_listening(address: str | None) -> None:
    """Raise OSError when nothing listens at `host:port`: Ray would try for minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), _CONNECT_TIMEOUT_S).close()


def _drop_tracebacks(error: BaseException) -> None:
    """Drop the tracebacks of an error and of those before it: they hold references."""
    seen: set[int] = set()
    errors: list[BaseException | None] = [error]
    while errors:
        current = errors.pop()
        if current is not None and id(current) not in seen:
            seen.add(id(current))
            current.__traceback__ = None
            errors += [current.__cause__, current.__context__]


__all__ = ["cluster_resource", "ray", "ray_cluster", "require_cluster", "translated"]
