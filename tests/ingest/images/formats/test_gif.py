"""GIF: the pixels that each kind of file is decoded to."""

import pytest

from tests.ingest.images.formats.rows import WHITE, Row, first_row
from tests.ingest.images.handmade import gif

RED, GREEN, BLUE, DARK = gif.COLOURS

GIFS: dict[str, tuple[bytes, Row]] = {
    "complete canvas": (gif.gif_of(4, 1, gif.Frame(((0, 1, 2, 3),))), [RED, GREEN, BLUE, DARK]),
    "transparent colour": (gif.gif_of(3, 1, gif.Frame(((0, 1, 2),), transparent=1)), [RED, WHITE, BLUE]),
    "the first of two frames": (
        gif.gif_of(2, 1, gif.Frame(((0, 1),)), gif.Frame(((2, 2),))),
        [RED, GREEN],
    ),
    "a first frame that is smaller than its canvas": (
        gif.gif_of(3, 1, gif.Frame(((2,),), left=1, transparent=0), gif.Frame(((1, 1, 1),))),
        [WHITE, BLUE, WHITE],
    ),
    "a first frame that is smaller than its canvas, and opaque": (
        gif.gif_of(3, 1, gif.Frame(((2,),), left=1)),
        [WHITE, BLUE, WHITE],
    ),
    "transparency of the first frame, and none of the last": (
        gif.gif_of(2, 1, gif.Frame(((0, 1),), transparent=1), gif.Frame(((2, 2),))),
        [RED, WHITE],
    ),
    "transparency of the last frame only": (
        gif.gif_of(2, 1, gif.Frame(((0, 1),)), gif.Frame(((2, 2),), transparent=1)),
        [RED, GREEN],
    ),
    "a frame beyond the canvas": (gif.gif_of(1, 1, gif.Frame(((0, 1),))), [RED, GREEN]),
    "a second frame beyond the canvas": (
        gif.gif_of(1, 1, gif.Frame(((0,),)), gif.Frame(((1,),), left=9)),
        [RED],
    ),
    "something else after the first frame": (gif.gif_of(1, 1, gif.Frame(((0,),)))[:-1] + b"?;", [RED]),
    "a background beyond its colour table": (gif.gif_of(2, 1, gif.Frame(((0, 1),)), background=9), [RED, GREEN]),
}


@pytest.mark.parametrize(("data", "expected"), GIFS.values(), ids=GIFS)
def test_a_gif_is_decoded(data: bytes, expected: Row) -> None:
    assert first_row(data) == expected
