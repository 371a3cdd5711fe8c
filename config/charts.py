"""Charts as inline SVG: the stacked bar, the sparkline and columns by day.

Widths are SVG attributes, since the pages allow no inline style; colours are CSS classes. What lies
above another part is hatched too, each kind in a way of its own: nothing is said by colour alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


def bar_stack(segments: Iterable[tuple[str, int]], label: str) -> SafeString:
    """One stacked bar; `label` says in a sentence what it shows."""
    shown = [(index, number) for index, (_, number) in enumerate(segments) if number > 0]
    total = sum(number for _, number in shown) or 1
    gap, room = 6.0, 1000 - 6.0 * max(len(shown) - 1, 0)
    rects, x = [], 0.0
    for index, number in shown:
        width = room * number / total
        rects.append((index, f"{x:.1f}", f"{width:.1f}"))
        x += width + gap
    return format_html(
        '<svg class="bar-stack" viewBox="0 0 1000 8" preserveAspectRatio="none" role="img"'
        ' aria-label="{}">{}</svg>',
        str(label) + "",  # a literal in a template arrives marked safe
        format_html_join("", '<rect class="seg-{}" x="{}" y="0" width="{}" height="8"/>', rects),
    )


def spark(numbers: Sequence[float], label: str) -> SafeString:
    """A sparkline that ends in a dot; `label` says in a sentence what it shows."""
    points = list(numbers) or [0, 0]
    low, high = min(points), max(points)
    step = 88 / max(len(points) - 1, 1)
    spread = (high - low) or 1
    places = [(2 + i * step, 20 - 16 * (n - low) / spread) for i, n in enumerate(points)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    x, y = places[-1]
    return format_html(
        '<svg class="spark" viewBox="0 0 92 24" width="92" height="24" role="img" aria-label="{}">'
        '<polyline points="{}"/><circle cx="{}" cy="{}" r="2"/></svg>',
        str(label) + "",
        line,
        f"{x:.1f}",
        f"{y:.1f}",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of a chart: its parts from the ground up, and what stands under it.

    `forecast` is what is expected on top of the parts; `url` is where the column leads.
    """

    label: str
    title: str
    parts: tuple[int, ...]
    is_now: bool = False
    forecast: int = 0
    url: str = ""

    @property
    def total(self) -> int:
        return sum(self.parts) + self.forecast


# How the second part and those above it are hatched: told apart without their colours.
_HATCHES = (
    (2, '<path d="M-1 1 1 -1M0 6 6 0M5 7 7 5"/>'),
    (3, '<path d="M0 2H6M0 5H6"/>'),
    (4, '<path d="M0 0 6 6M-1 5 1 7M5 -1 7 1"/>'),
)
_WIDEST = 12.0


def swatch(kind: int) -> SafeString:
    """The mark of one part of a chart, for the legend beside it."""
    return format_html(
        '<svg class="swatch-part" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">'
        '<defs>{}</defs><rect class="bar-{}" width="12" height="12" rx="2"/>{}</svg>',
        SafeString(_pattern_of(kind, f"swatch-{kind}")),
        kind,
        _hatched(kind, "0", "0", "12", "12", name=f"swatch-{kind}"),
    )


def columns(
    drawn: Sequence[Column],
    label: str,
    *,
    marks: Callable[[list[int]], list[str]] | None = None,
) -> SafeString:
    """Stacked columns over four lines; `label` says in a sentence what the chart shows.

    `marks` words the five numbers of the axis, from zero up.
    """
    width, height, foot = 608, 172, 22
    top = axis_top(max((column.total for column in drawn), default=0))
    scale = (height - 12) / top
    quarters = axis_marks(top)
    at = [f"{height - number * scale:.1f}" for number in quarters]
    numbers = list(zip(at, (marks or _plain)(quarters), strict=True))
    left = max(34.0, 6.6 * max(len(words) for _, words in numbers) + 10)
    step = (width - left) / max(len(drawn), 1)
    wide = min(_WIDEST, step * 0.72)
    bars, words = [], []
    for place, column in enumerate(drawn):
        x = left + place * step + (step - wide) / 2
        bars.append(_drawn(column, x, wide, height, scale))
        if column.label:
            # Words under a narrow last column would reach beyond the chart: they end with it.
            fits = place < len(drawn) - 1 or step > len(column.label) * 8
            under, anchor = (x + wide / 2, "middle") if fits else (width, "end")
            now = " now" if column.is_now else ""
            words.append((now, f"{under:.1f}", height + foot - 4, anchor, column.label))
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}"><defs>{}</defs>{}{}{}</svg>',
        width,
        height + foot,
        str(label) + "",
        SafeString("".join(_pattern_of(kind, f"hatch-{kind}") for kind in _hatches_of(drawn))),
        format_html_join(
            "",
            '<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>'
            '<text class="axis" x="{3}" y="{2}" dy="4" text-anchor="end">{4}</text>',
            ((f"{left:.1f}", width, y, f"{left - 8:.1f}", number) for y, number in numbers),
        ),
        format_html_join("", "{}", ((bar,) for bar in bars)),
        format_html_join(
            "", '<text class="axis{}" x="{}" y="{}" text-anchor="{}">{}</text>', words
        ),
    )


def _hatches_of(drawn: Sequence[Column]) -> list[int]:
    """Only those in use: a page has several charts, and an id once."""
    most = max((len(column.parts) for column in drawn), default=0)
    return [kind for kind, _ in _HATCHES if kind <= most]


def _drawn(column: Column, x: float, wide: float, height: int, scale: float) -> SafeString:
    """The parts of one column; the tip is the whole column's, whatever part is pointed at."""
    y, rects = float(height), []
    at, across = f"{x:.1f}", f"{wide:.1f}"
    for kind, number in enumerate(column.parts, 1):
        if number > 0:
            y -= number * scale
            tall = f"{max(number * scale - 0.5, 0.5):.1f}"
            rects.append(
                format_html(
                    '<rect class="bar-{}" x="{}" y="{}" width="{}" height="{}"/>{}',
                    *(kind, at, f"{y:.1f}", across, tall),
                    _hatched(kind, at, f"{y:.1f}", across, tall),
                )
            )
    if column.forecast > 0:
        tall = f"{max(column.forecast * scale - 1, 0.5):.1f}"
        y -= column.forecast * scale
        rects.append(
            format_html(
                '<rect class="forecast" x="{}" y="{}" width="{}" height="{}"/>',
                *(f"{x + 0.5:.1f}", f"{y + 0.5:.1f}", f"{max(wide - 1, 0.5):.1f}", tall),
            )
        )
    if column.total <= 0:
        return SafeString("")
    inside = format_html(
        '<title>{}</title><rect class="hit" x="{}" y="0" width="{}" height="{}"/>{}',
        *(column.title, at, across, height),
        format_html_join("", "{}", ((rect,) for rect in rects)),
    )
    if column.url:
        # The table below leads to the same pages: the keyboard need not pass every column.
        return format_html('<a class="column" href="{}" tabindex="-1">{}</a>', column.url, inside)
    return format_html('<g class="column">{}</g>', inside)


def _hatched(kind: int, x: str, y: str, width: str, height: str, *, name: str = "") -> SafeString:
    if kind not in dict(_HATCHES):
        return SafeString("")
    return format_html(
        '<rect class="hatch" x="{}" y="{}" width="{}" height="{}" fill="url(#{})"/>',
        *(x, y, width, height, name or f"hatch-{kind}"),
    )


def _pattern_of(kind: int, name: str) -> str:
    lines = dict(_HATCHES).get(kind)
    return (
        f'<pattern id="{name}" width="6" height="6" patternUnits="userSpaceOnUse">{lines}</pattern>'
        if lines
        else ""
    )


def axis_top(number: int) -> int:
    """The top of an axis whose four marks are whole: 4, 8, 12, 16, 20, 24, 32, 40, 60 …"""
    power = 1
    while True:
        for top in (4, 6, 8, 12, 16, 20, 24, 32):
            if top * power >= number and not top * power % 4:
                return top * power
        power *= 10


def _plain(numbers: list[int]) -> list[str]:
    return [f"{number:,}" for number in numbers]


def axis_marks(top: int) -> list[int]:
    return [top * quarter // 4 for quarter in range(5)]
