"""What an operator may set stands in the README's table, and what stands there may be set."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys

from django.conf import settings

# A server of tests on loopback; anything else is refused at start.
ONLY_FOR_TESTS = {"STRIPE_API_BASE"}


def test_every_setting_is_in_the_readme() -> None:
    assert _read() - _told() == ONLY_FOR_TESTS


def test_the_readme_tells_of_nothing_that_nobody_reads() -> None:
    assert [word for word in _told() - _read() if not _is_read_elsewhere(word)] == []


def test_the_currency_has_one_way_of_writing() -> None:
    """Sums are compared by it: “eur” and “EUR” would be two."""
    command = [sys.executable, "-c", "from config import settings; print(settings.CURRENCY)"]
    said = os.environ | {"CURRENCY": "eur", "BAILIWICK_OFFLINE": "1"}
    done = subprocess.run(
        command, env=said, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    assert done.stdout == "EUR\n"


def _read() -> set[str]:
    tree = ast.parse((settings.BASE_DIR / "config" / "settings.py").read_text())
    return {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def _told() -> set[str]:
    text = (settings.BASE_DIR / "README.md").read_text()
    table = text.split("\n## Settings\n", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {word for row in rows for word in re.findall(r"`([A-Z_]+)`", row)}


def _is_read_elsewhere(word: str) -> bool:
    """By what finds the database and its folder, before there are settings."""
    return any(
        f'"{word}"' in path.read_text() for path in (settings.BASE_DIR / "config").rglob("*.py")
    )
