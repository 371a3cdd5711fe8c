"""What a check says of itself: a table an area a line, each finding with its witness, or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from orgs.isolation.routes import LEFT_OUT
from orgs.isolation.trial import Finding, Report

_HEAD = ("Area", "Routes", "Calls", "Pairs", "Differences", "Findings", "Time")
_WIDTHS = (22, 7, 8, 8, 12, 9, 6)


def table(reports: Sequence[Report]) -> Iterator[str]:
    yield _line(_HEAD)
    for report in reports:
        yield _line(
            (
                report.area.label,
                f"{len(report.routes):,}",
                f"{report.calls:,}",
                f"{report.pairs:,}",
                f"{report.differences:,}",
                f"{len(report.findings):,}",
                f"×{report.time_ratio:.2f}",
            )
        )


def witness(finding: Finding) -> Iterator[str]:
    yield f"{finding.method.upper()} {finding.route}, {finding.outsider}: {finding.told_by}"
    yield f"  there    {finding.there}"
    if finding.nowhere:
        yield f"  nowhere  {finding.nowhere}"


def left_open(reports: Sequence[Report]) -> Iterator[str]:
    """What was not tried, and why."""
    for report in reports:
        if report.unopened:
            names = ", ".join(report.unopened)
            yield f"{report.area.label}: nothing of theirs is there for {names}"
        yield from (f"{report.area.label}: not tried {said}" for said in report.untried)
    yield from (f"{name}: left out, {reason}" for name, reason in LEFT_OUT.items())


def as_json(slug: str, reports: Sequence[Report]) -> dict[str, Any]:
    return {
        "organization": slug,
        "left_out": dict(LEFT_OUT),
        "areas": [
            {
                "area": report.area.value,
                "routes": sorted(report.routes),
                "calls": report.calls,
                "pairs": report.pairs,
                "differences": report.differences,
                "time_ratio": round(report.time_ratio, 3),
                "findings": [asdict(finding) for finding in report.findings],
                "unopened": report.unopened,
                "untried": report.untried,
            }
            for report in reports
        ],
    }


def _line(cells: Sequence[str]) -> str:
    first, *rest = zip(cells, _WIDTHS, strict=True)
    aligned = (f"{cell:>{width}}" for cell, width in rest)
    return f"{first[0]:<{first[1]}}{''.join(aligned)}"
