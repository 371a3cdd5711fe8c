"""Tiny charts as inline SVG: the stacked bar and the sparkline.

Widths are SVG attributes, since the pages allow no inline style; colours are CSS classes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
