"""The gateway alone speaks to a provider, and an installation without one carries nothing of it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from billing.checks import stripe_is_set_up
from tests.billing.gateway import localstripe_client

ROOT = Path(settings.BASE_DIR)
APPS = "config audit accounts orgs projects billing".split()


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def test_nothing_else_knows_the_providers_library() -> None:
    found = {
        path.relative_to(ROOT).as_posix()
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if any(name.partition(".")[0] == "stripe" for name in imports(path))
    }
    assert found
    assert {path for path in found if not path.startswith("billing/gateway/")} == set()


def test_without_a_key_the_library_is_not_even_loaded() -> None:
    program = (
        "import os, sys, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'config.settings';"
        "django.setup(); import config.urls; from billing.gateway import gateway;"
        "assert gateway().code == 'transfer'; sys.exit('stripe' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if "STRIPE" not in name}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment | {"DEBUG": "1", "BAILIWICK_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr[-2000:]) == (0, "")


@pytest.mark.parametrize(
    ("changed", "ids"),
    [
        ({"STRIPE_API_KEY": ""}, []),
        ({}, []),
        ({"STRIPE_WEBHOOK_SECRET": ""}, ["billing.E002"]),
        ({"STRIPE_PRICES": {"team": "price_1"}}, ["billing.W001"]),
        ({"STRIPE_API_BASE": "https://api.stripe.example"}, ["billing.E001"]),
    ],
)
def test_what_would_fail_at_the_first_payment_is_said_at_the_start(
    settings: Any, changed: dict[str, Any], ids: list[str]
) -> None:
    said = {
        "STRIPE_API_KEY": "sk_test_of_nobody",
        "STRIPE_WEBHOOK_SECRET": "whsec_of_nobody",
        "STRIPE_API_BASE": "",
        "STRIPE_PRICES": {"team": "price_1", "enterprise": "price_2"},
    } | changed
    for name, value in said.items():
        setattr(settings, name, value)
    assert [one.id for one in stripe_is_set_up()] == ids


def test_without_localstripe_a_run_says_so_loudly_and_ci_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(localstripe_client, "find_spec", lambda name: None)
    monkeypatch.delenv("CI", raising=False)
    with (
        pytest.warns(UserWarning, match="NOTHING OF STRIPE"),
        pytest.raises(pytest.skip.Exception),
        localstripe_client.running(),
    ):
        pass
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="NOTHING"), localstripe_client.running():
        pass
