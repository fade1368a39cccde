"""Files of keys and vectors as another program would write them."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

KINDS = pytest.mark.parametrize("kind", [".parquet", ".npz"])


def write(folder: Path, kind: str, **columns: Any) -> Path:
    """Write columns as another program would, and return the file."""
    file = folder / f"theirs{kind}"
    if kind == ".parquet":
        pq.write_table(pa.table(columns), file)
    else:
        arrays: dict[str, Any] = {name: np.asarray(column) for name, column in columns.items()}
        np.savez(file, **arrays)
    return file
