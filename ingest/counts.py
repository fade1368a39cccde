"""What a number of images that a caller asks for must be."""

import numpy as np

from ingest.errors import InvalidCount


def require_count(name: str, count: int, otherwise: str) -> None:
    """Raise InvalidCount unless `count` is a whole number of at least 1; `otherwise` is what leaving it out means."""
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 1:
        raise InvalidCount(
            f"expected {name} to be a whole number of at least 1, got {count!r}: leave it out for {otherwise}"
        )
