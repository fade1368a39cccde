"""The data of the page at `/`: made in a process of its own while the service answers, and again for newer batches."""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

from search.service.background import in_background
from search.service.problems import without_location
from search.service.served_store import ServedStore

#: The data are made at most this part of the time.
_SHARE = 1 / 10

_MAKING = "The map is being made: this takes a moment, and minutes for many thousand items."


@dataclass(eq=False)
class PageFile:
    """The data for one batch, in a file without a name; how many requests read it, and whether newer ones took over."""

    file: IO[bytes]
    chain: str
    size: int
    users: int = 0
    replaced: bool = False

    def read(self, start: int, size: int) -> bytes:
        """Return bytes from an offset on; used from one thread."""
        self.file.seek(start)
        return self.file.read(size)

    def use(self) -> Callable[[], None]:
        """Keep the file open until what is returned is called."""
        self.users += 1
        return self._release

    def replace(self) -> None:
        """Close the file once nobody reads it."""
        self.replaced = True
        self._close_unused()

    def _release(self) -> None:
        self.users -= 1
        self._close_unused()

    def _close_unused(self) -> None:
        if self.replaced and not self.users:
            self.file.close()


class PageData:
    """Makes the data of the page for a store's newest batch; used from one event loop."""

    def __init__(self, store: str, location: str, milvus: str | None, refresh_seconds: float) -> None:
        self._store = store
        self._location = location
        self._milvus = milvus
        self._refresh_seconds = refresh_seconds
        self.current: PageFile | None = None
        #: Why there are none yet.
        self.status = _MAKING

    @asynccontextmanager
    async def following(self, served: ServedStore) -> AsyncIterator[None]:
        """Make the data, and again for newer batches as they come, until the end."""
        try:
            async with in_background(self._follow(served)):
                yield
        finally:
            if self.current is not None:
                self.current.replace()

    async def _follow(self, served: ServedStore) -> None:
        tried = None
        while True:
            seconds = 0.0
            if served.batch.chain != tried:
                tried, started = served.batch.chain, time.monotonic()
                await self._make()
                seconds = time.monotonic() - started
            await asyncio.sleep(max(self._refresh_seconds, seconds * (1 / _SHARE - 1)))

    async def _make(self) -> None:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as it is served
        try:
            answer = await self._answer(file)
        except BaseException:
            file.close()
            raise
        if "problem" in answer:
            file.close()
            self.status = without_location(f"There is no map: {answer['problem']}", self._location)
            return
        older, self.current = self.current, PageFile(file, answer["chain"], file.seek(0, 2))
        if older is not None:
            older.replace()

    async def _answer(self, file: IO[bytes]) -> dict[str, Any]:
        """Return what the process that makes the data says; end it if it is not waited for any more."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "search.explorer.page_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=[file.fileno()],
            # Ctrl-C is for the service, which ends it.
            start_new_session=True,
        )
        asked = json.dumps({"store": self._store, "milvus": self._milvus, "file": file.fileno()})
        try:
            cast(asyncio.StreamWriter, process.stdin).write(f"{asked}\n".encode())
            line = await cast(asyncio.StreamReader, process.stdout).readline()
            status = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if not line:
            return {"problem": f"expected it to be made, got the status {status}: it may be short of memory"}
        answer: dict[str, Any] = json.loads(line)
        return answer
