"""Serve a store until a signal ends it."""

import asyncio
import gc
import ipaddress
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import numpy as np
import uvicorn

from ingest.embedding.network.backbone_factory import BackboneFactory, vgg16_factory
from search.errors import ServiceUnusable
from search.searcher import Searcher
from search.service.app import Service, make_app
from search.service.bounds import MIN_KEY_LENGTH, Bounds
from search.service.doors import LOOPBACK, DoorRules
from search.service.health import Health
from search.service.http_protocol import with_deadline
from search.service.page_data import PageData
from search.service.served_store import ServedStore
from search.service.shared_backbone import shared
from storage.errors import LookalikeError, ServerUnusable, StoreBusy

#: Seconds between the moment that /readyz says that the service ends and the end of its listening.
_DRAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """What to serve, where, and to whom."""

    store: str
    host: str = "127.0.0.1"
    port: int = 8765
    allowed_hosts: tuple[str, ...] = ()
    api_key: str | None = field(default=None, repr=False)
    refresh_seconds: float = 5.0
    originals: bool = False
    explorer: bool = True
    weights: Path | None = None
    milvus: str | None = None

    def rules(self) -> DoorRules:
        """Return who may ask; raise ServiceUnusable for an address that others reach, without a key."""
        if self.api_key is not None and len(self.api_key) < MIN_KEY_LENGTH:
            raise ServiceUnusable(
                f"expected an API key of at least {MIN_KEY_LENGTH} characters, got {len(self.api_key)}: make one with "
                "`python -c 'import secrets; print(secrets.token_urlsafe(32))'`"
            )
        if self.api_key is None and not is_loopback(self.host):
            raise ServiceUnusable(
                f"expected an API key to serve {self.host}, which other machines reach: set LOOKALIKE_API_KEY or give "
                "--api-key-file"
            )
        own = f"[{self.host}]" if ":" in self.host else self.host
        return DoorRules(frozenset(name.lower() for name in (*LOOPBACK, own, *self.allowed_hosts)), self.api_key)


def is_loopback(host: str) -> bool:
    """Return whether an address is only reached from this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_api_key(file: Path | None) -> str | None:
    """Return the key in a file, or else in LOOKALIKE_API_KEY, None without both; raise ServiceUnusable."""
    if file is None:
        return os.environ.get("LOOKALIKE_API_KEY") or None
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise ServiceUnusable(f"expected a file with an API key, got {file}: {error}") from error


def serve(options: ServiceOptions, on_started: Callable[[str], None], bounds: Bounds | None = None) -> None:
    """Serve a store until SIGINT or SIGTERM; `on_started` gets the address. Raise ServiceUnusable or LookalikeError."""
    bounds = bounds or Bounds()
    rules = options.rules()
    listener = _listener(options, bounds)
    with listener:
        make_backbone = shared(vgg16_factory(options.weights))
        store = ServedStore(lambda: _open(options, make_backbone))
        with store.use() as loaded:
            location = str(loaded.searcher.store.location)
        health = Health(lambda: _problem_of(store), options.refresh_seconds, location)
        service = Service.of(
            store,
            location,
            health,
            bounds,
            threads=max(2, os.cpu_count() or 1),
            originals=options.originals,
            page_data=PageData(options.store, location, options.milvus, options.refresh_seconds)
            if options.explorer
            else None,
        )
        config = uvicorn.Config(
            make_app(service, rules, bounds),
            http=with_deadline(bounds.seconds),
            ws="none",
            limit_concurrency=bounds.connections,
            # As many are taken at once: if these were all that may be open, each of a flood would find too many.
            backlog=bounds.connections // 2,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=int(bounds.seconds),
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
        )
        name = f"[{options.host}]" if ":" in options.host else options.host
        # What is loaded stays: without this, each full collection of garbage looks through all of it, for 0.1 s.
        gc.freeze()
        on_started(f"http://{name}:{listener.getsockname()[1]}")
        try:
            _Server(config, health).run(sockets=[listener])
        finally:
            store.close()


class _Server(uvicorn.Server):
    """A server that says that it ends before it does."""

    def __init__(self, config: uvicorn.Config, health: Health) -> None:
        super().__init__(config)
        self._health = health

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End after a moment; at once when told again, or by Ctrl-C."""
        if self._health.stopping or sig == signal.SIGINT:
            super().handle_exit(sig, frame)
            return
        self._health.stop()
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(loop.call_later, _DRAIN_SECONDS, super().handle_exit, sig, frame)


def _listener(options: ServiceOptions, bounds: Bounds) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    # With its protocol named, asyncio sends at once (TCP_NODELAY); else the body of an answer may wait 40 ms until the
    # client has acknowledged its header.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((options.host, options.port))
        # From now on, so that nobody is refused who comes while the store is being opened.
        listener.listen(bounds.connections)
    except (OSError, OverflowError) as error:
        listener.close()
        raise ServiceUnusable(
            f"expected to listen at {options.host}:{options.port}, got '{error}': choose another --port or --host"
        ) from error
    return listener


def _open(options: ServiceOptions, make_backbone: BackboneFactory) -> Searcher:
    return Searcher.open(options.store, make_backbone=make_backbone, milvus=options.milvus)


def _problem_of(store: ServedStore) -> str | None:
    """Return why searches cannot be answered, None if they can: the store is verified, and its network tried.

    Raise LookalikeError when a writer or a server is in the way, which passes.
    """
    try:
        with store.use() as loaded:
            searcher = loaded.searcher
            if problems := searcher.store.verify():
                return f"expected a store that is intact, got {len(problems)} problems: run `lookalike store verify`"
            if "recipe" in searcher.store.embedding.spec:
                # The embedder embeds the store's test images, and refuses to when their vectors have drifted.
                searcher.embed([np.zeros((8, 8), np.uint8)])
    except (StoreBusy, ServerUnusable):
        raise
    except LookalikeError as error:
        return str(error)
    return None
