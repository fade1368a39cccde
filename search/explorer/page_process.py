"""`python -m search.explorer.page_process`: make the data of a service's page, in a process of its own.

The map takes a processor for minutes, and its memory ends with the process. Standard input has a line of JSON: the
store's location, its Milvus server's URL or null, and the number of the open file that the data are written to. When
standard input ends, nobody wants the data any more. Standard output gets a line of JSON in the end: the chain hash of
the batch that the data are of, or the problem that there are none for.
"""

import json
import os
import sys
import threading
from typing import Any

from search.explorer.blocks import message_of
from search.explorer.explore import made_page
from search.searcher import Searcher
from storage.errors import LookalikeError

#: How much less of the processor it wants than the service.
_NICE = 5


def main() -> None:
    """Do what standard input says."""
    os.nice(_NICE)
    asked = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        answer = {"chain": _write(**asked)}
    except LookalikeError as error:
        answer = {"problem": str(error)}
    sys.stdout.write(json.dumps(answer) + "\n")


def _write(store: str, milvus: str | None, file: int) -> str:
    with Searcher.open(store, milvus=milvus) as searcher, os.fdopen(file, "wb") as output:
        # Before the items are read: what comes in between makes the data outdated, not wrong.
        chain = searcher.store.last_batch().chain.hex()
        for block in made_page(searcher).blocks:
            output.write(message_of(block))
    return chain


def _end_with_input(*_: Any) -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
