"""What `lookalike ingest` prints, to be compared."""

import re
from collections.abc import Callable

Ingest = Callable[..., tuple[int, str, str]]


def without_time(text: str) -> str:
    return re.sub(r"in \d+\.\d s, [\d,]+ images?/s", "in TIME", text)
