"""`python -m tests.robustness`: kill a hundred times and more, and say what was left."""

from __future__ import annotations

import argparse
import itertools
import sys

from tests.robustness.kills import KINDS, Report, kill_and_look
from tests.robustness.server import own_server


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.robustness", description=__doc__)
    parser.add_argument("--kills", type=int, default=120, help="how many (120)")
    asked = parser.parse_args()
    with own_server() as server:
        kinds = itertools.islice(itertools.cycle(KINDS), asked.kills)
        report = kill_and_look(server, kinds, say=_progress)
    sys.stdout.write(f"{report}\n")
    for verdict in report.broken:
        sys.stdout.write(f"{verdict}\n")
    sys.exit(bool(report.broken))


def _progress(report: Report) -> None:
    if report.kills.total() % 10 == 0:
        sys.stderr.write(f"{report.kills.total()} kills, {len(report.broken)} broken\n")


if __name__ == "__main__":
    main()
