"""The line chart as inline SVG: one number over time, beside the columns of `charts.py`.

A gap is drawn where there is nothing to say; what is not whole yet is dashed, with a hollow dot.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from config.charts import axis_marks, axis_top

WIDTH, HEIGHT, FOOT, LEFT = 608, 172, 22, 42.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One moment of a line; `value` is None where there is nothing to say."""

    label: str
    title: str
    value: int | None
    is_now: bool = False


def line(
    drawn: Sequence[Point],
    label: str,
    *,
    top: int | None = None,
    marks: Callable[[int], str] = "{:,}".format,
) -> SafeString:
    """One line over four others; `label` says in a sentence what the chart shows.

    `top` is the end of the axis, where the numbers themselves do not decide it.
    """
    top = top or axis_top(max((point.value or 0 for point in drawn), default=0))
    scale, step = (HEIGHT - 12) / top, (WIDTH - LEFT) / max(len(drawn), 1)
    places = [
        (LEFT + (number + 0.5) * step, HEIGHT - (point.value or 0) * scale)
        for number, point in enumerate(drawn)
    ]
    return format_html(
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}{}</svg>',
        *(WIDTH, HEIGHT + FOOT, str(label) + ""),
        format_html_join(
            "",
            '<line class="grid" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>'
            '<text class="axis" x="{3}" y="{2}" dy="4" text-anchor="end">{4}</text>',
            (
                (f"{LEFT:.1f}", WIDTH, f"{HEIGHT - n * scale:.1f}", f"{LEFT - 8:.1f}", marks(n))
                for n in axis_marks(top)
            ),
        ),
        format_html_join("", '<polyline class="line{}" points="{}"/>', _runs(drawn, places)),
        format_html_join("", "{}", ((dot,) for dot in _dots(drawn, places, step))),
        format_html_join(
            "",
            '<text class="axis{}" x="{}" y="{}" text-anchor="middle">{}</text>',
            (
                (" now" if point.is_now else "", f"{x:.1f}", HEIGHT + FOOT - 4, point.label)
                for point, (x, _) in zip(drawn, places, strict=True)
                if point.label
            ),
        ),
    )


def _runs(drawn: Sequence[Point], places: Sequence[tuple[float, float]]) -> list[tuple[str, str]]:
    """The pieces between gaps; the last step to what is not whole yet is a piece of its own."""
    pieces: list[tuple[str, list[str]]] = []
    before: str | None = None
    for point, (x, y) in zip(drawn, places, strict=True):
        here = f"{x:.1f},{y:.1f}" if point.value is not None else None
        if here and before and point.is_now:
            pieces.append((" soon", [before, here]))
        elif here and before:
            pieces[-1][1].append(here)
        elif here:
            pieces.append(("", [here]))
        before = here
    return [(kind, " ".join(piece)) for kind, piece in pieces if len(piece) > 1]


def _dots(
    drawn: Sequence[Point], places: Sequence[tuple[float, float]], step: float
) -> list[SafeString]:
    """A dot each; the tip is the whole column's."""
    return [
        format_html(
            '<g class="column"><title>{}</title>'
            '<rect class="hit" x="{}" y="0" width="{}" height="{}"/>'
            '<circle class="point{}" cx="{}" cy="{}" r="3"/></g>',
            *(point.title, f"{x - step / 2:.1f}", f"{step:.1f}", HEIGHT),
            *(" soon" if point.is_now else "", f"{x:.1f}", f"{y:.1f}"),
        )
        for point, (x, y) in zip(drawn, places, strict=True)
        if point.value is not None
    ]
