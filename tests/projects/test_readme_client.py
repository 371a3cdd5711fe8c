"""The client in the README, run exactly as it stands there, against a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from django.conf import settings

from orgs.models import Membership
from orgs.tenancy import bound
from projects.models import Call
from tests.factories import make_cast
from tests.projects.factories import make_project
from tests.projects.keys import make_key, make_limit, make_token
from tests.projects.servers import RATES, priced, served

README = Path(settings.BASE_DIR, "README.md").read_text()
SECTION = README.partition("\n## From your platform\n")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)


@pytest.fixture
def platform(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The README's own code beside a model that is none, with a key and what it used."""
    cast = make_cast()
    with bound(cast.acme.pk):
        owner = Membership.objects.in_org(cast.acme.pk).get(person=cast.alice)
    key, text = make_key(make_project(cast.acme), owner)
    _, token = make_token(cast.acme, "decide", "record")

    def used() -> list[Call]:
        with bound(cast.acme.pk):
            return list(Call.objects.in_org(cast.acme.pk).filter(endpoint="/v1/usage"))

    reply = SimpleNamespace(read=812, written=301, text="In short: yes.")
    model = SimpleNamespace(complete=lambda prompt: reply)
    with priced("north-large"), served() as url:
        monkeypatch.setenv("BAILIWICK_URL", url)
        monkeypatch.setenv("BAILIWICK_TOKEN", token)
        code: dict[str, Any] = {"model": model}
        for block in BLOCKS:
            exec(compile(block, "README.md", "exec"), code)  # noqa: S102  # it is what is tested
        yield SimpleNamespace(**code, key=key, text=text, used=used, code=code)
        code["bailiwick"].close()


def test_client_is_as_short_as_is_said() -> None:
    assert len(BLOCKS) == 2
    assert sum(bool(line.strip()) for line in BLOCKS[0].splitlines()) <= 40


def test_view_is_answered_and_its_use_is_recorded(platform: Any) -> None:
    assert platform.complete(platform.text, "192.0.2.7", "Is it?") == "In short: yes."
    (call,) = platform.used()
    assert call.units == {"input_token": 812, "output_token": 301}
    assert call.cost == (812 * RATES["input_token"] + 301 * RATES["output_token"]) // 10**6
    assert (call.key_id, call.task, call.ip) == (platform.key.pk, "Summary", "192.0.2.7")


@pytest.mark.parametrize(
    ("limits", "status"),
    [({"allowed_models": ["north-small"]}, 403), ({"budget": 1}, 429), ({"budget": 0}, 429)],
)
def test_refusal_has_the_status_that_a_caller_expects(
    platform: Any, limits: dict[str, Any], status: int
) -> None:
    make_limit(platform.key, **limits)
    with pytest.raises(platform.Refused) as refused:
        platform.complete(platform.text, "192.0.2.7", "Is it?")
    assert refused.value.status == status
    assert str(refused.value)
    assert platform.used() == []


def test_what_is_no_key_is_the_callers_mistake(platform: Any) -> None:
    with pytest.raises(platform.Refused, match="not valid") as refused:
        platform.complete("bw_live_nothing", "192.0.2.7", "Is it?")
    assert refused.value.status == 401


def test_what_failed_half_way_is_reported_and_what_used_nothing_is_not(platform: Any) -> None:
    asked = {"action": "workflows.execute", "model": "north-large"}
    with pytest.raises(ZeroDivisionError), platform.guarded(platform.text, **asked) as used:
        used["input_tokens"] = 40
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), platform.guarded(platform.text, **asked):
        raise ZeroDivisionError
    (call,) = platform.used()
    assert call.units == {"input_token": 40}


def test_wrong_token_is_the_platforms_own_mistake(platform: Any) -> None:
    platform.bailiwick.headers["Authorization"] = "Bearer bw_svc_nothing"
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        platform.complete(platform.text, "192.0.2.7", "Is it?")
