"""Plots are well-formed, name everything, and draw larger values longer."""

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from benchmarks.parts.plots import Line, Value, draw_bars, draw_lines, draw_points


def texts(svg: bytes) -> list[str]:
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def test_bars_are_in_proportion_to_their_values_and_show_them() -> None:
    svg = draw_bars([Value("a & b", 50.0, 40.0, 60.0, "%"), Value("c", 25.0, unit="%", ours=False)])
    widths = [float(width) for width in re.findall(r'<rect class="\w+" [^>]*width="([\d.]+)"', svg.decode())]
    assert abs(widths[0] - 2 * widths[1]) <= 0.2
    assert texts(svg) == ["a & b", "50 %", "c", "25 %"]


def test_long_names_and_values_have_room() -> None:
    svg = draw_bars(
        [Value("notebook, bfloat16: embed", 2008.0, unit="images/s"), Value("b", 1.0, unit="images/s")]
    ).decode()
    width = float(re.findall(r'viewBox="0 0 (\d+)', svg)[0])
    name_ends, value_starts = (
        re.findall(r'x="([\d.]+)" y="[\d.]+" text-anchor="end">notebook', svg),
        re.findall(r'x="([\d.]+)" y="[\d.]+">2,008 images/s', svg),
    )
    assert float(name_ends[0]) >= 7 * len("notebook, bfloat16: embed")
    assert float(value_starts[0]) + 7 * len("2,008 images/s") <= width


def circles(svg: bytes) -> list[float]:
    return [float(x) for x in re.findall(r'<circle class="\w+" cx="([\d.]+)"', svg.decode())]


def ticks(svg: bytes) -> list[tuple[float, float]]:
    """Return where the axis of points has which numbers."""
    found = re.findall(r'<text class="faint" x="([\d.]+)" y="\d+" text-anchor="middle">([\d.,]+)<', svg.decode())
    return [(float(x), float(number.replace(",", ""))) for x, number in found]


def test_points_and_their_intervals_stand_where_the_axis_says() -> None:
    svg = draw_points([Value("a & b", 97.9, 96.8, 98.6, "%"), Value("c", 88.9, 86.8, 90.7, "%", ours=False)])
    (first_x, first), *_, (last_x, last) = ticks(svg)
    assert [number for _, number in ticks(svg)] == [85, 90, 95, 100]

    def x(value: float) -> float:
        return first_x + (value - first) / (last - first) * (last_x - first_x)

    intervals = re.findall(r'<path class="(\w+)" d="M([\d.]+) [\d.]+H([\d.]+)"', svg.decode())
    assert circles(svg) == pytest.approx([x(97.9), x(88.9)], abs=0.1)
    assert [kind for kind, _, _ in intervals] == ["ours", "other"]
    assert [float(end) for _, *ends in intervals for end in ends] == pytest.approx(
        [x(96.8), x(98.6), x(86.8), x(90.7)], abs=0.1
    )
    assert {"a & b", "97.9 %", "c", "88.9 %"} <= set(texts(svg))


@pytest.mark.parametrize(
    ("values", "numbers"),
    [
        ([0.5], [0.5, 0.6]),
        ([0.0], [0, 0.2]),
        ([99.1, 99.5], [99.1, 99.2, 99.3, 99.4, 99.5]),
        ([1, 900], [0, 200, 400, 600, 800, 1000]),
    ],
    ids=["one", "nothing", "close", "far apart"],
)
def test_the_axis_of_points_has_round_numbers_and_room_for_all_values(
    values: list[float], numbers: list[float]
) -> None:
    svg = draw_points([Value(str(value), value) for value in values])
    assert [number for _, number in ticks(svg)] == numbers
    assert all(ticks(svg)[0][0] - 0.1 <= x <= ticks(svg)[-1][0] + 0.1 for x in circles(svg))


def test_lines_are_named_at_their_ends_and_no_names_overlap() -> None:
    svg = draw_lines(
        [
            Line("ours", [(1000, 1.0), (10000, 10.0)], ours=True),
            Line("theirs", [(1000, 1.1), (10000, 10.1)]),
            Line("memory", [(1000, 0.5), (10000, 5.0)], bound=True),
        ],
        "vectors",
        "ms",
    )
    assert texts(svg)[0] == "ms"
    assert {"ours", "theirs", "memory", "vectors", "1,000", "10,000"} <= set(texts(svg))
    names = {name: float(y) for y, name in re.findall(r'y="([\d.]+)">(ours|theirs|memory)</text>', svg.decode())}
    ys = sorted(names.values())
    assert [second - first >= 17 for first, second in pairwise(ys)] == [True, True]


def test_a_line_that_ends_early_is_named_where_it_ends() -> None:
    svg = draw_lines([Line("long", [(10, 1.0), (1000, 10.0)]), Line("short", [(10, 1.0)])], "vectors", "ms").decode()
    xs = {name: float(x) for x, name in re.findall(r'x="([\d.]+)" y="[\d.]+">(long|short)</text>', svg)}
    assert xs["short"] < 100
    assert xs["long"] > 500
