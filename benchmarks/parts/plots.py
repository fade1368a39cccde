"""Plots as SVG: horizontal bars from 0, points with intervals, and lines over two logarithmic axes.

They are written as SVG directly, because Matplotlib's SVG has fixed colours, repeats its ids in every plot of a page
and adds a style rule that applies to the whole page. These follow the page's colour scheme, keep texts as text, and are
the same to the byte for the same data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from benchmarks.common.measurement import format_number

#: Sizes in pixels.
_BARS_WIDTH, _BAR_ROW = 560, 34
_LINES_WIDTH, _LINES_HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 170, 34, 48

_STYLE = (
    "<style>"
    ".plot{--ink:#1f2328;--faint:#59636e;--line:#d8dee4;--ours:#0969da;--other:#8c959f;--limit:#bc4c00;"
    "font:15px system-ui,-apple-system,'Segoe UI',sans-serif}"
    "@media(prefers-color-scheme:dark){.plot{--ink:#e6edf3;--faint:#9198a1;--line:#30363d;--ours:#58a6ff;"
    "--other:#6e7681;--limit:#f0883e}}"
    ".plot text{fill:var(--ink)}.plot .faint{fill:var(--faint)}.plot .grid{stroke:var(--line);fill:none}"
    ".plot .ours{fill:var(--ours)}.plot .other{fill:var(--other)}"
    ".plot path.ours,.plot path.other{fill:none;stroke-width:2.5;stroke-linecap:round}"
    ".plot path.ours{stroke:var(--ours)}.plot path.other{stroke:var(--other)}"
    ".plot .whisker{stroke:var(--ink);stroke-width:1.5}"
    ".plot .path{fill:none;stroke:var(--other);stroke-width:1.75;stroke-linejoin:round}"
    ".plot .path.our{stroke:var(--ours);stroke-width:3}"
    ".plot .path.bound{stroke:var(--limit);stroke-width:1.75;stroke-dasharray:6 4}.plot text.bound{fill:var(--limit)}"
    ".plot text.our{fill:var(--ours);font-weight:600}"
    "</style>"
)

#: Pixels that a letter takes at most, on average, and pixels from one line of text to the next.
_LETTER_WIDTH, _TEXT_LINE = 8, 17


@dataclass(frozen=True)
class Value:
    """A value with its name and unit, and the ends of its spread or interval if it has one; `ours` is highlighted."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    ours: bool = True


@dataclass(frozen=True)
class Line:
    """A line through points (x, y), both above 0; `ours` is highlighted, a `bound` is drawn dashed."""

    name: str
    points: Sequence[tuple[float, float]]
    ours: bool = False
    bound: bool = False


def draw_bars(bars: Sequence[Value]) -> bytes:
    """Draw horizontal bars from 0 with their values."""
    texts = [f"{format_number(bar.value)} {bar.unit}".rstrip() for bar in bars]
    axis, right = _margins([bar.name for bar in bars], texts)
    height = _BAR_ROW * len(bars) + 10
    scale = (_BARS_WIDTH - axis - right) / (max(max(bar.value, bar.high or 0) for bar in bars) or 1)
    elements = [f'<line class="grid" x1="{axis}" x2="{axis}" y1="0" y2="{height - 6}"/>']
    for row, (bar, text) in enumerate(zip(bars, texts, strict=True)):
        y = row * _BAR_ROW + _BAR_ROW / 2
        end = text_x = axis + bar.value * scale
        elements.append(f'<text x="{axis - 10}" y="{y + 5:.1f}" text-anchor="end">{escape(bar.name)}</text>')
        elements.append(
            f'<rect class="{"ours" if bar.ours else "other"}" x="{axis}" y="{y - 9:.1f}" '
            f'width="{max(1.0, end - axis):.1f}" height="18" rx="3"/>'
        )
        if bar.low is not None and bar.high is not None and bar.low < bar.high:
            low, high = (axis + value * scale for value in (bar.low, bar.high))
            text_x = max(end, high)
            elements.append(
                f'<path class="whisker" d="M{low:.1f} {y:.1f}H{high:.1f}M{low:.1f} {y - 5:.1f}v10'
                f'M{high:.1f} {y - 5:.1f}v10"/>'
            )
        elements.append(f'<text x="{text_x + 10:.1f}" y="{y + 5:.1f}">{escape(text)}</text>')
    return _svg(elements, _BARS_WIDTH, height)


def draw_points(points: Sequence[Value]) -> bytes:
    """Draw values as points with their intervals over an axis that has just their range, and need not start at 0."""
    texts = [f"{format_number(point.value)} {point.unit}".rstrip() for point in points]
    axis, right = _margins([point.name for point in points], texts)
    end, bottom = _BARS_WIDTH - right, _BAR_ROW * len(points) + 4
    ends = [value for point in points for value in (point.value, point.low, point.high) if value is not None]
    ticks = _round_numbers(min(ends), max(ends))
    scale = (end - axis) / (ticks[-1] - ticks[0])
    elements: list[str] = []
    for tick in ticks:
        x = axis + (tick - ticks[0]) * scale
        elements.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{bottom}"/>')
        elements.append(f'<text class="faint" x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{tick:,g}</text>')
    for row, (point, text) in enumerate(zip(points, texts, strict=True)):
        y = row * _BAR_ROW + _BAR_ROW / 2
        kind = "ours" if point.ours else "other"
        elements.append(f'<text x="{axis - 16}" y="{y + 5:.1f}" text-anchor="end">{escape(point.name)}</text>')
        x = axis + (point.value - ticks[0]) * scale
        if point.low is not None and point.high is not None and point.low < point.high:
            low, high = (axis + (value - ticks[0]) * scale for value in (point.low, point.high))
            elements.append(f'<path class="{kind}" d="M{low:.1f} {y:.1f}H{high:.1f}"/>')
        elements.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="5.5"/>')
        elements.append(f'<text x="{end + 12}" y="{y + 5:.1f}">{escape(text)}</text>')
    return _svg(elements, _BARS_WIDTH, bottom + 28)


def _margins(names: Sequence[str], texts: Sequence[str]) -> tuple[int, int]:
    """Return the pixels that the names at the left and the values at the right need."""
    return max(190, 16 + _LETTER_WIDTH * max(map(len, names))), max(84, 12 + _LETTER_WIDTH * max(map(len, texts)))


def draw_lines(lines: Sequence[Line], x_name: str, y_name: str) -> bytes:
    """Draw lines over two logarithmic axes, each with its name at its right end."""
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    low_x, high_x = log10(min(xs)), log10(max(xs))
    low_y, high_y = floor(log10(min(ys))), ceil(log10(max(ys)) + 1e-9)
    axis_end, axis_y = _LINES_WIDTH - _RIGHT, _LINES_HEIGHT - _BOTTOM

    def to_pixels(x: float, y: float) -> tuple[float, float]:
        across = (log10(x) - low_x) / ((high_x - low_x) or 1)
        up = (log10(y) - low_y) / ((high_y - low_y) or 1)
        return _LEFT + across * (axis_end - _LEFT), axis_y - up * (axis_y - _TOP)

    elements = [f'<text class="faint" x="0" y="16">{escape(y_name)}</text>']
    for power in range(low_y, high_y + 1):
        _, y = to_pixels(10**low_x, 10.0**power)
        elements.append(f'<line class="grid" x1="{_LEFT}" x2="{axis_end}" y1="{y:.1f}" y2="{y:.1f}"/>')
        elements.append(
            f'<text class="faint" x="{_LEFT - 8}" y="{y + 5:.1f}" text-anchor="end">{10.0**power:,g}</text>'
        )
    for value in sorted(set(xs)):
        x, _ = to_pixels(value, 10.0**low_y)
        elements.append(f'<text class="faint" x="{x:.1f}" y="{axis_y + 22}" text-anchor="middle">{value:,.0f}</text>')
    elements.append(
        f'<text class="faint" x="{(_LEFT + axis_end) / 2:.0f}" y="{_LINES_HEIGHT - 4}" text-anchor="middle">'
        f"{escape(x_name)}</text>"
    )
    ends = [to_pixels(*line.points[-1]) for line in lines]
    # A line that ends early has its name at its end; the names of the others form a column, so that none overlaps.
    column = _spread_out({index: y for index, (x, y) in enumerate(ends) if x > axis_end - 1})
    for index, line in sorted(enumerate(lines), key=lambda numbered: numbered[1].ours):
        kind = "bound" if line.bound else "our" if line.ours else ""
        points = [to_pixels(x, y) for x, y in line.points]
        elements.append(f'<path class="path {kind}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>')
        if not line.bound:
            dot, radius = ("ours", 4) if line.ours else ("other", 3)
            elements += [f'<circle class="{dot}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>' for x, y in points]
        x, y = ends[index]
        if index in column:
            name_x, name_y = axis_end + 16, column[index]
            elements.append(f'<line class="grid" x1="{x + 5:.1f}" y1="{y:.1f}" x2="{name_x}" y2="{name_y:.1f}"/>')
            x, y = name_x - 4, name_y
        elements.append(f'<text class="{kind}" x="{x + 8:.1f}" y="{y + 5:.1f}">{escape(line.name)}</text>')
    return _svg(elements, _LINES_WIDTH, _LINES_HEIGHT)


def _spread_out(ys: Mapping[int, float]) -> dict[int, float]:
    """Move coordinates down, from the top one on, until each is at least a line of text below the one before."""
    moved: dict[int, float] = {}
    last = float("-inf")
    for index, y in sorted(ys.items(), key=lambda numbered: (numbered[1], numbered[0])):
        last = moved[index] = max(y, last + _TEXT_LINE)
    return moved


def _round_numbers(low: float, high: float) -> list[float]:
    """Return two to seven round numbers at equal steps, from one at or below `low` to one at or above `high`."""
    span = (high - low) or abs(high) or 1.0
    power = 10.0 ** floor(log10(span / 2))
    step = next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= 5)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, max(last, first + 1) + 1)]


def _svg(elements: Sequence[str], width: int, height: float) -> bytes:
    return (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" '
        f'width="{width}" role="img">{_STYLE}{"".join(elements)}</svg>\n'
    ).encode()
