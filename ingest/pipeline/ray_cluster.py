"""Connect to Ray, and translate its errors; the only file that imports Ray."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.errors import WorkersUnusable
from ingest.pipeline.options import Workers

# Read by Ray while it is imported: report no usage, and log nothing, since an error says in one line what went wrong.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")

import ray
import ray.data
from ray.exceptions import RayError

#: Seconds to wait for a cluster's address to accept a connection.
_CONNECT_TIMEOUT_S = 10.0


@contextmanager
def ray_cluster(workers: Workers) -> Iterator[None]:
    """Connect to a cluster, or start Ray on this machine and stop it again; raise WorkersUnusable."""
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    starts_ray = not ray.is_initialized()
    if starts_ray:
        try:
            _require_listening(workers.address)
            ray.init(address=workers.address, include_dashboard=False, log_to_driver=False, logging_level="error")
        except (OSError, RuntimeError, ValueError) as error:
            raise WorkersUnusable(
                f"expected a Ray cluster at {workers.address or 'this machine'}, got '{' '.join(str(error).split())}': "
                "start it, or change --ray-address"
            ) from error
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    try:
        with _translated_errors():
            yield
    finally:
        if starts_ray:
            ray.shutdown()


def require_cluster(workers: Workers) -> None:
    """Raise WorkersUnusable unless the cluster that the workers are of, if it is not this machine, can be used."""
    if workers.address is not None:
        with ray_cluster(workers):
            pass


def cluster_resource(name: str) -> float:
    """Return how many of a resource, "CPU" or "GPU", the cluster has."""
    return float(ray.cluster_resources().get(name, 0))


def _require_listening(address: str | None) -> None:
    """Raise OSError when nothing listens at `host:port`: Ray would try for minutes."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), _CONNECT_TIMEOUT_S).close()


@contextmanager
def _translated_errors() -> Iterator[None]:
    """Raise our own error that a worker raised as it is, and any other of Ray's as WorkersUnusable."""
    try:
        yield
    except RayError as error:
        cause = getattr(error, "cause", None)
        if isinstance(cause, Exception) and type(cause).__module__.split(".")[0] in ("ingest", "storage"):
            raise cause from error
        reason = " ".join(str(error).splitlines()[-1:])
        raise WorkersUnusable(
            f"expected Ray's workers to embed, got '{reason[:300]}': everything acknowledged so far is kept; run the "
            "same command again"
        ) from error


__all__ = ["RayError", "cluster_resource", "ray", "ray_cluster", "require_cluster"]
