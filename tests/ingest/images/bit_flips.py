"""Damage images at random and decode them, as a program, so that a crash ends only its own process.

`python -m tests.ingest.images.bit_flips N` prints, by sample, how many of N damaged images still decoded.
"""

import json
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from ingest.errors import UnreadableImage
from ingest.images.images import decode
from tests.ingest.images.handmade.png import with_right_checksums
from tests.ingest.images.samples import SAMPLES, WRITTEN, write
from tests.toys import noise


def damaged(data: bytes, generator: np.random.Generator) -> bytes:
    """Return a copy with up to six bytes changed, more often near the start, and in a quarter of cases cut off."""
    copy = bytearray(data)
    for _ in range(generator.integers(1, 7)):
        offset = generator.integers(min(len(copy), generator.choice([40, 200, len(copy)])))
        copy[offset] = generator.choice([copy[offset] ^ (1 << generator.integers(8)), 0, 127, 255])
    return bytes(copy[: generator.integers(len(copy))] if generator.integers(4) == 0 else copy)


def still_decoded(data: bytes, times: int, seed: int) -> int:
    """Return how many damaged copies are decoded; the others must raise UnreadableImage."""
    generator = np.random.default_rng(seed)
    decoded = 0
    for _ in range(times):
        copy = damaged(data, generator)
        # With wrong checksums nearly every damaged PNG would be refused before libpng decodes it.
        if generator.integers(2):
            copy = with_right_checksums(copy)
        try:
            # The limit saves time: a damaged header may give any size.
            image = decode(copy, "an image", pixel_limit=1_000_000)
        except UnreadableImage:
            continue
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise ValueError(f"decoded to {image.dtype} {image.shape}")
        decoded += 1
    return decoded


def main(times: int) -> None:
    """Damage and decode every sample, and a small image in each format that OpenCV writes."""
    smooth = cv2.resize(noise(4, 5, 3), (40, 32))
    images = {name: data for name, (_, data) in SAMPLES.items()}
    with tempfile.TemporaryDirectory() as folder:
        images |= {suffix: write(np.asarray(smooth, np.uint8), suffix, Path(folder)) for suffix in WRITTEN}
    counts = {name: still_decoded(data, times, seed) for seed, (name, data) in enumerate(images.items())}
    sys.stdout.write(json.dumps(counts))


if __name__ == "__main__":
    main(int(sys.argv[1]))
