"""Plots as SVG: drawn by hand of few shapes, right in light and dark, and the same in a page or as a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10

from benchmarks.common.measurement import format_number

_WIDTH = 720
_STYLE = (
    "<style>"
    ".plot{--ink:#1f2328;--faint:#59636e;--line:#d8dee4;--ours:#0969da;--other:#8c959f;--limit:#bc4c00;"
    "font:15px system-ui,-apple-system,'Segoe UI',sans-serif}"
    "@media(prefers-color-scheme:dark){.plot{--ink:#e6edf3;--faint:#9198a1;--line:#30363d;--ours:#58a6ff;"
    "--other:#6e7681;--limit:#f0883e}}"
    ".plot text{fill:var(--ink)}.plot .faint{fill:var(--faint)}.plot .grid{stroke:var(--line);fill:none}"
    ".plot .ours{fill:var(--ours)}.plot .other{fill:var(--other)}.plot .whisker{stroke:var(--ink);stroke-width:1.5}"
    ".plot .path{fill:none;stroke:var(--other);stroke-width:1.75;stroke-linejoin:round}"
    ".plot .path.our{stroke:var(--ours);stroke-width:3}"
    ".plot .path.bound{stroke:var(--limit);stroke-width:1.75;stroke-dasharray:6 4}.plot text.bound{fill:var(--limit)}"
    ".plot text.our{fill:var(--ours);font-weight:600}"
    "</style>"
)

#: Pixels that a letter of a chart takes at most, on average.
_LETTER = 8


@dataclass(frozen=True)
class Bar:
    """A bar with its name, its value and, where known, the ends of its spread."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    ours: bool = True


@dataclass(frozen=True)
class Line:
    """A line through points (x, y), both above 0. A `bound` is a limit that nothing can pass, drawn dashed."""

    name: str
    points: Sequence[tuple[float, float]]
    ours: bool = False
    bound: bool = False


def draw_bars(shown: Sequence[Bar], *, zero: bool = True) -> bytes:
    """Draw horizontal bars; without `zero` the axis begins where the differences can be seen."""
    width, row = 560, 34
    told = [f"{format_number(bar.value)} {bar.unit}".rstrip() for bar in shown]
    names = max(190, 10 + _LETTER * max(len(bar.name) for bar in shown))
    right = max(84, 10 + _LETTER * max(map(len, told)))
    height = row * len(shown) + 10
    most = max(max(bar.value, bar.high or 0) for bar in shown)
    least = 0.0 if zero else _below(min(min(bar.value, bar.low or bar.value) for bar in shown), most)
    scale = (width - names - right) / ((most - least) or 1)
    parts = [f'<line class="grid" x1="{names}" x2="{names}" y1="0" y2="{height - 6}"/>']
    for place, (bar, value) in enumerate(zip(shown, told, strict=True)):
        middle = place * row + row / 2
        end = names + (bar.value - least) * scale
        parts.append(f'<text x="{names - 10}" y="{middle + 5:.1f}" text-anchor="end">{escape(bar.name)}</text>')
        parts.append(
            f'<rect class="{"ours" if bar.ours else "other"}" x="{names}" y="{middle - 9:.1f}" '
            f'width="{max(1.0, end - names):.1f}" height="18" rx="3"/>'
        )
        reach = end
        if bar.low is not None and bar.high is not None and bar.low < bar.high:
            low, high = (names + (value - least) * scale for value in (bar.low, bar.high))
            reach = max(end, high)
            parts.append(
                f'<path class="whisker" d="M{low:.1f} {middle:.1f}H{high:.1f}M{low:.1f} {middle - 5:.1f}v10'
                f'M{high:.1f} {middle - 5:.1f}v10"/>'
            )
        parts.append(f'<text x="{reach + 10:.1f}" y="{middle + 5:.1f}">{escape(value)}</text>')
    return _drawn(parts, width, height)


def draw_lines(shown: Sequence[Line], x_name: str, y_name: str, x_ticks: Mapping[float, str] | None = None) -> bytes:
    """Draw lines over two logarithmic axes, each named at its right end."""
    left, right, top, bottom, height = 58, 170, 34, 48, 400
    xs = [x for line in shown for x, _ in line.points]
    ys = [y for line in shown for _, y in line.points]
    low_x, high_x = log10(min(xs)), log10(max(xs))
    low_y, high_y = floor(log10(min(ys))), ceil(log10(max(ys)) + 1e-9)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (log10(x) - low_x) / ((high_x - low_x) or 1)
        up = (log10(y) - low_y) / ((high_y - low_y) or 1)
        return left + across * (_WIDTH - left - right), height - bottom - up * (height - top - bottom)

    parts = [f'<text class="faint" x="0" y="16">{escape(y_name)}</text>']
    for power in range(low_y, high_y + 1):
        _, y = place(10**low_x, 10.0**power)
        parts.append(f'<line class="grid" x1="{left}" x2="{_WIDTH - right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="faint" x="{left - 8}" y="{y + 5:.1f}" text-anchor="end">{10.0**power:,g}</text>')
    for value, name in (x_ticks or {x: f"{x:,.0f}" for x in sorted(set(xs))}).items():
        x, _ = place(value, 10.0**low_y)
        parts.append(f'<text class="faint" x="{x:.1f}" y="{height - bottom + 22}" text-anchor="middle">{name}</text>')
    parts.append(
        f'<text class="faint" x="{(left + _WIDTH - right) / 2:.0f}" y="{height - 4}" text-anchor="middle">'
        f"{escape(x_name)}</text>"
    )
    last = {number: place(*line.points[-1]) for number, line in enumerate(shown)}
    # Who ends early is named where it ends; the others in a column, so that no name covers another.
    aside = _apart([(y, number) for number, (x, y) in last.items() if x > _WIDTH - right - 1])
    for number, line in sorted(enumerate(shown), key=lambda one: one[1].ours):
        kind = "bound" if line.bound else "our" if line.ours else ""
        points = [place(x, y) for x, y in line.points]
        parts.append(f'<path class="path {kind}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>')
        if not line.bound:
            dot, radius = ("ours", 4) if line.ours else ("other", 3)
            parts += [f'<circle class="{dot}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>' for x, y in points]
        x, y = last[number]
        if number in aside:
            column = _WIDTH - right + 16
            parts.append(f'<line class="grid" x1="{x + 5:.1f}" y1="{y:.1f}" x2="{column}" y2="{aside[number]:.1f}"/>')
            x, y = column - 4, aside[number]
        parts.append(f'<text class="{kind}" x="{x + 8:.1f}" y="{y + 5:.1f}">{escape(line.name)}</text>')
    return _drawn(parts, _WIDTH, height)


def _apart(ends: Sequence[tuple[float, int]], gap: float = 17) -> dict[int, float]:
    """Return where names go so that none covers another, from the highest down."""
    placed: dict[int, float] = {}
    last = float("-inf")
    for y, number in sorted(ends):
        last = max(y, last + gap)
        placed[number] = last
    return placed


def _below(low: float, high: float) -> float:
    """Return a round number below the lowest value, so that the differences take most of the width."""
    step = 10.0 ** floor(log10((high - low) or 1))
    return max(0.0, (floor(low / step) - 1) * step)


def _drawn(parts: Sequence[str], width: int, height: float) -> bytes:
    return (
        f'<svg class="plot" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" '
        f'width="{width}" role="img">{_STYLE}{"".join(parts)}</svg>\n'
    ).encode()
