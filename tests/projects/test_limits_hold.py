"""What a limit lists and counts holds for every call, in each layer of a key."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from config.money import NANO
from tests.factories import Cast
from tests.projects.calls import build_clock
from tests.projects.charged import Charged
from tests.projects.keys import Platform, make_limit

pytestmark = pytest.mark.django_db

LAYERS = ("key", "creator", "project", "group", "organization")
every_layer = pytest.mark.parametrize("layer", LAYERS)


@pytest.fixture(scope="module", autouse=True)
def _clock(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        build_clock()


@pytest.fixture
def charged(cast: Cast) -> Charged:
    return Charged(cast)


def answer(charged: Charged, **said: Any) -> tuple[str, str]:
    return charged.caller.verify(charged.text, **said)[:2]


@every_layer
@pytest.mark.requirement("S1-052")
@pytest.mark.parametrize(
    ("networks", "ip", "is_allowed"),
    [
        (["10.2.0.0/16"], "10.2.255.255", True),
        (["10.2.0.0/16"], "10.3.0.1", False),
        (["10.2.0.0/16"], "2001:db8::1", False),
        (["10.2.0.0/16"], None, False),
        ([], "10.2.0.1", False),
        (["10.2.0.0/16", "2001:db8::/32"], "2001:db8::1", True),
        (["203.0.113.9"], "203.0.113.9", True),
    ],
)
def test_networks_hold(
    charged: Charged, layer: str, networks: list[str], ip: str | None, is_allowed: bool
) -> None:
    make_limit(charged.subject(layer), allowed_networks=networks)
    expected = ("allowed", "") if is_allowed else ("refused", "network")
    assert answer(charged, ip=ip) == expected


@every_layer
@pytest.mark.requirement("S1-053")
@pytest.mark.parametrize(
    ("tasks", "task", "is_allowed"),
    [(["sort"], "sort", True), (["sort"], "sing", False), (["sort"], "", False), ([], "a", False)],
)
def test_tasks_hold(
    charged: Charged, layer: str, tasks: list[str], task: str, is_allowed: bool
) -> None:
    make_limit(charged.subject(layer), allowed_tasks=tasks)
    assert answer(charged, task=task) == (("allowed", "") if is_allowed else ("refused", "task"))


@every_layer
@pytest.mark.requirement("S1-054")
@pytest.mark.parametrize(
    ("models", "model", "is_allowed"),
    [(["model-a"], "model-a", True), (["model-a"], "model-b", False), ([], "model-a", False)],
)
def test_models_hold(
    charged: Charged, layer: str, models: list[str], model: str, is_allowed: bool
) -> None:
    make_limit(charged.subject(layer), allowed_models=models)
    assert answer(charged, model=model) == (("allowed", "") if is_allowed else ("refused", "model"))


@every_layer
@pytest.mark.requirement("S1-051")
def test_the_rate_holds(charged: Charged, layer: str) -> None:
    make_limit(charged.subject(layer), rpm=3)
    minute = datetime.datetime(2026, 11, 22, 14, 5, tzinfo=datetime.UTC)
    asked = [minute + datetime.timedelta(seconds=s) for s in (0, 20, 40, 59.999999, 60)]
    answers = [answer(charged, when=when) for when in asked]
    assert answers == [("allowed", "")] * 3 + [("refused", "rpm"), ("allowed", "")]


@every_layer
@pytest.mark.requirement("S1-050")
def test_the_budget_holds(charged: Charged, layer: str) -> None:
    make_limit(charged.subject(layer), budget=5 * NANO)
    now = datetime.datetime.now(datetime.UTC)
    charged.spend(now, 4)
    assert answer(charged, when=now, cost=NANO + 1) == ("refused", "budget")
    assert answer(charged, when=now, cost=NANO) == ("allowed", "")
    assert answer(charged, when=now, cost=1) == ("refused", "budget")


@pytest.mark.requirement("S1-021")
def test_members_work_with_approved_tasks_and_models_alone(charged: Charged) -> None:
    make_limit(charged.cast.acme, allowed_models=["model-a"], allowed_tasks=["sort"])
    assert answer(charged, model="model-a", task="sort") == ("allowed", "")
    assert answer(charged, model="model-b", task="sort") == ("refused", "model")
    assert answer(charged, model="model-a", task="sing") == ("refused", "task")


def test_the_answer_names_the_layer_that_stopped_the_key(charged: Charged) -> None:
    make_limit(charged.key, budget=100 * NANO)
    make_limit(charged.project, budget=5 * NANO, window="hour")
    charged.spend(datetime.datetime.now(datetime.UTC), 5)
    said = json.loads(Platform(charged.cast.acme).verify(charged.text).content)
    assert said["decision"] is False
    assert (said["reason"], said["layer"]) == ("budget", "project")
