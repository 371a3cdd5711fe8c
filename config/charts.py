"""Tiny charts as inline SVG: the stacked bar and the sparkline.

Widths are SVG attributes, since the pages allow no inline style; colours are CSS classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    """One column of a chart: its parts from the ground up, and what stands under it."""

    label: str
    title: str
    parts: tuple[int, ...]
    is_now: bool = False


def columns(drawn: Sequence[Column], label: str) -> SafeString:
    """Stacked columns over four lines; `label` says in a sentence what the chart shows."""
    left, width, height, foot = 34, 608, 172, 22
    top = _round_up(max((sum(column.parts) for column in drawn), default=0))
    step = (width - left) / max(len(drawn), 1)
    scale = (height - 12) / top
    lines = [(f"{height - number * scale:.1f}", f"{number:,}") for number in _marks(top)]
    bars, words = [], []
    for place, column in enumerate(drawn):
        x, y = left + place * step + (step - 12) / 2, float(height)
        for kind, number in enumerate(column.parts, 1):
            if number:
                y -= number * scale
                tall = max(number * scale - 0.5, 0.5)
                bars.append((kind, f"{x:.1f}", f"{y:.1f}", f"{tall:.1f}", column.title))
        if column.label:
            # Words under a narrow last column would reach beyond the chart: they end with it.
            fits = place < len(drawn) - 1 or step > len(column.label) * 8
            at, anchor = (x + 6, "middle") if fits else (width, "end")
            now = " now" if column.is_now else ""
            words.append((now, f"{at:.1f}", height + foot - 4, anchor, column.label))
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        width,
        height + foot,
        str(label) + "",
        format_html_join(
            "",
            '<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>'
            '<text class="axis" x="{3}" y="{2}" dy="4" text-anchor="end">{4}</text>',
            ((left, width, y, left - 8, number) for y, number in lines),
        ),
        format_html_join(
            "",
            '<rect class="bar-{}" x="{}" y="{}" width="12" height="{}"><title>{}</title></rect>',
            bars,
        ),
        format_html_join(
            "", '<text class="axis{}" x="{}" y="{}" text-anchor="{}">{}</text>', words
        ),
    )


def _round_up(number: int) -> int:
    """The top of an axis whose four marks are whole: 4, 8, 20, 40, 80, 200 …"""
    power = 1
    while True:
        for top in (4, 8, 20):
            if top * power >= number:
                return top * power
        power *= 10


def _marks(top: int) -> list[int]:
    return [top * quarter // 4 for quarter in range(5)]
