"""The colours for labels, as normal eyes and the colour-blind see them."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from search.figures import palette

Colours = NDArray[np.float64]

#: From linear sRGB to what the colour-blind see of it: Machado, Oliveira and Fernandes, 2009, severity 1.
SEEN = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}

#: From linear sRGB to OKLab: Ottosson, 2020.
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def oklab(names: tuple[str, ...], eyes: str) -> Colours:
    """Return colours in OKLab, (n, 3), as seen by these eyes."""
    shown = np.array([to_rgb(name) for name in names])
    linear = np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ SEEN[eyes].T, 0, 1)
    return np.asarray(np.cbrt(seen @ TO_CONES.T) @ TO_LAB.T)


def min_distance(names: tuple[str, ...], eyes: str) -> float:
    """Return the distance of the two most similar colours."""
    lab = oklab(names, eyes)
    apart = np.linalg.norm(lab[:, np.newaxis] - lab, axis=2)
    return float(apart[~np.eye(len(lab), dtype=bool)].min())


@pytest.mark.parametrize(
    ("count", "eyes", "least"),
    [
        (10, "normal", 0.16),
        (10, "protanopia", 0.10),
        (10, "deuteranopia", 0.10),
        (10, "tritanopia", 0.12),
        (20, "normal", 0.09),
        (20, "protanopia", 0.055),
        (20, "deuteranopia", 0.055),
        (20, "tritanopia", 0.07),
    ],
)
def test_no_two_colours_are_similar(count: int, eyes: str, least: float) -> None:
    assert min_distance(palette.LABEL_COLOURS[:count], eyes) > least


@pytest.mark.parametrize("eyes", SEEN)
def test_every_colour_stands_out_from_white_and_from_the_grey_of_the_others(eyes: str) -> None:
    for colour in palette.LABEL_COLOURS:
        assert min_distance((colour, "white"), eyes) > 0.12
        assert min_distance((colour, palette.OTHERS), eyes) > 0.05


@pytest.mark.parametrize("eyes", SEEN)
def test_the_frames_of_right_and_wrong_labels_differ_for_all_eyes(eyes: str) -> None:
    assert min_distance((palette.RIGHT, palette.WRONG), eyes) > 0.11


def test_twenty_labels_have_a_colour() -> None:
    assert len(set(palette.LABEL_COLOURS)) == 20
