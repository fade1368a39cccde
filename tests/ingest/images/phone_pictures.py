"""One photograph as phones, browsers and printers store it, and others to tell it from.

`python -m tests.ingest.images.phone_pictures write FOLDER` writes the files, `... check ANSWER` checks the JSON of a
query by one of them: the others are its nearest, and all have the size of the upright picture.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from PIL import Image as PillowImage

from ingest.images.images import Image
from tests.ingest.images.handmade.icc import DISPLAY_P3, SRGB, profile_of
from tests.ingest.images.handmade.jpeg import with_orientation
from tests.toys import noise

WIDTH, HEIGHT = 640, 480

_GAMMA = 2.2


def scene(seed: int) -> Image:
    """Return a smooth picture of bright and dark colours."""
    return np.asarray(cv2.resize(noise(6, 8, 3, seed=seed), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)


def write_pictures(folder: Path) -> set[str]:
    """Write the picture in every way, and eight others; return the names of the first."""
    folder.mkdir(parents=True, exist_ok=True)
    pixels = scene(0)
    picture = PillowImage.fromarray(pixels)
    picture.save(folder / "plain.png")
    picture.save(folder / "photo.jpg", quality=90)
    picture.save(folder / "photo.webp", quality=90)
    picture.save(folder / "photo.avif", quality=80)
    picture.convert("CMYK").save(folder / "printer.jpg", quality=95)
    PillowImage.fromarray(in_display_p3(pixels)).save(
        folder / "wide.jpg", icc_profile=profile_of(DISPLAY_P3), quality=95
    )
    # A phone held upright stores the pixels lying on their side, and says so.
    picture.transpose(PillowImage.Transpose.ROTATE_90).save(folder / "turned.jpg", quality=90)
    (folder / "turned.jpg").write_bytes(with_orientation((folder / "turned.jpg").read_bytes(), 6))
    if encoder := shutil.which("heif-enc"):
        command = [encoder, "-q", "80", str(folder / "plain.png"), "-o", str(folder / "photo.heic")]
        subprocess.run(command, check=True, capture_output=True)
    names = {path.name for path in folder.iterdir()}
    for seed in range(1, 9):
        PillowImage.fromarray(scene(seed)).save(folder / f"other-{seed}.jpg")
    return names


def in_display_p3(pixels: Image) -> Image:
    """Return the numbers of sRGB's colours in Display P3, with a gamma of 2.2."""
    values = pixels / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    wide = np.clip(linear @ np.linalg.solve(DISPLAY_P3, SRGB).T, 0, 1) ** (1 / _GAMMA)
    return np.asarray(np.rint(255 * wide), np.uint8)


def check_answer(hits: list[dict[str, object]]) -> None:
    """Raise ValueError unless the nearest hits are the picture in all other ways, upright."""
    keys = [str(hit["key"]) for hit in hits]
    same = [not key.startswith("other-") for key in keys]
    if same != sorted(same, reverse=True) or sum(same) < 7:
        raise ValueError(f"expected the same picture first, got {keys}")
    sizes = [hit["metadata"] for hit in hits]
    if any((size["width"], size["height"]) != (WIDTH, HEIGHT) for size in sizes if isinstance(size, dict)):
        raise ValueError(f"expected {WIDTH} x {HEIGHT}, got {sizes}")


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write_pictures(Path(sys.argv[2]))
    else:
        check_answer(json.loads(Path(sys.argv[2]).read_text())["hits"])
