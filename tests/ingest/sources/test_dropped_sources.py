"""A source has no `close`: the files that it has open, unnamed ones among them, go when it is dropped."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ingest.sources import Source, open_source
from tests.storage.lifetime.test_dropped import without_collector
from tests.toys import noise, write_greys

USES: dict[str, Callable[[Source], object]] = {
    "opened": lambda _: None,
    "begun": lambda source: next(iter(source)),
    "read": lambda source: [image.key for image in source],
}


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("kind", ["npz:images.npz", "folder:pictures", "manifest:manifest.csv"])
def test_a_dropped_source_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, use: Callable[[Source], object]
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez_compressed("images.npz", images=noise(5, 8, 8))
    write_greys(Path("pictures"), {"a.png": 0, "b.png": 50})
    Path("manifest.csv").write_text("path,label\npictures/a.png,x\npictures/b.png,y\n")
    with without_collector():
        use(open_source(kind))
        before = descriptors()
        for _ in range(5):
            use(open_source(kind))
        assert descriptors() == before
