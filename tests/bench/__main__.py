"""`python -m tests.bench`: seed once, measure, write docs/performance.md."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace

import django
from django.core.management import call_command

from tests.bench import seed
from tests.bench.database import BASE_DIR, BenchDatabase
from tests.bench.seed import Scale

DOCUMENT = BASE_DIR / "docs" / "performance.md"


def main() -> None:
    asked = _arguments()
    scale = seed.TINY if asked.small else Scale()
    if asked.events:
        scale = replace(scale, events=asked.events)
    database = BenchDatabase("bailiwick_bench_small" if asked.small else "bailiwick_bench")
    if asked.drop:
        database.drop()
        return
    _open(database, scale, fresh=asked.fresh)
    from tests.bench.run import run  # It imports models, so only now.

    text = run(database, scale, only=asked.only or "")
    if asked.small or asked.only:
        sys.stdout.write(text)
    else:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(text, encoding="utf-8")
        sys.stdout.write(f"Written: docs/{DOCUMENT.name}\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--events", type=int, help="entries of the large ledger (5,000,000)")
    parser.add_argument("--small", action="store_true", help="a small database, only printed")
    parser.add_argument("--fresh", action="store_true", help="seed again")
    parser.add_argument("--drop", action="store_true", help="remove the database and stop")
    parser.add_argument(
        "--only", metavar="WORD", help="sections whose title has this word; printed"
    )
    return parser.parse_args()


def _open(database: BenchDatabase, scale: Scale, *, fresh: bool) -> None:
    """The database migrated and seeded; one seeded otherwise, or halfway, is made again."""
    database.prepare()
    with database.as_owner() as owner:
        kept = not fresh and seed.is_seeded(owner, scale)
    if not kept:
        database.drop()
        database.prepare()
    django.setup()
    call_command("migrate", database="owner", verbosity=0)
    with database.as_owner() as owner:
        if not kept:
            seed.seed(owner, scale)
        seed.complete(owner)
        seed.analyze(owner)


if __name__ == "__main__":
    main()
