"""`limit_set`: what a layer allows, stored and recorded; who may, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from config.money import NANO
from orgs.tenancy import bound
from projects.actions.limits import limit_set
from projects.allowance import Allowance
from projects.forms.limits import zones
from projects.models import Key, Limit, Meter
from tests.factories import Cast, make_group
from tests.projects.factories import make_project
from tests.projects.keys import make_key, make_limit
from tests.projects.parts import newest

pytestmark = pytest.mark.django_db

SAID = Allowance(
    budget=12 * NANO,
    window="day",
    zone="Europe/Berlin",
    rpm=60,
    networks=("10.2.0.0/16", "2001:db8::/32", "203.0.113.9"),
    tasks=("summarise",),
    models=("model-a", "model-b"),
)


def key_of(cast: Cast) -> Key:
    return make_key(make_project(cast.acme), cast.member(cast.mia))[0]


def changes(cast: Cast) -> dict[str, Any]:
    """What the newest entry of the ledger says of the change."""
    said: dict[str, Any] = json.loads(newest(cast).body)["changes"]
    return said


def limits(cast: Cast) -> list[Limit]:
    with bound(cast.acme.id):
        return list(Limit.objects.in_org(cast.acme))


@pytest.mark.requirement("S1-031")
@pytest.mark.requirement("S1-050")
@pytest.mark.requirement("S1-051")
@pytest.mark.requirement("S1-052")
@pytest.mark.requirement("S1-053")
@pytest.mark.requirement("S1-054")
def test_the_limits_of_a_key_are_stored_and_recorded(cast: Cast) -> None:
    key = key_of(cast)
    limit_set(subject=key, layer="key", said=SAID, actor=cast.access(cast.adam))
    (row,) = limits(cast)
    assert Allowance.of(row) == SAID
    assert row.subject == key.pk
    assert row.changed_by_id == cast.member(cast.adam).pk
    assert newest(cast).action == "key.policy_changed"
    assert newest(cast).target_id == key.pk
    assert changes(cast)["budget"] == [None, "$12.00 a day, Europe/Berlin"]
    assert changes(cast)["networks"] == [None, ["10.2.0.0/16", "2001:db8::/32", "203.0.113.9"]]


def test_what_was_said_before_is_not_said_again(cast: Cast) -> None:
    key, access = key_of(cast), cast.access(cast.alice)
    limit_set(subject=key, layer="key", said=SAID, actor=access)
    before, changed_at = newest(cast).sequence, limits(cast)[0].changed_at
    limit_set(subject=key, layer="key", said=SAID, actor=cast.access(cast.adam))
    assert newest(cast).sequence == before
    assert limits(cast)[0].changed_at == changed_at


def test_what_holds_nothing_back_is_no_row(cast: Cast) -> None:
    key, access = key_of(cast), cast.access(cast.alice)
    assert limit_set(subject=key, layer="key", said=Allowance(), actor=access) is None
    limit_set(subject=key, layer="key", said=SAID, actor=access)
    assert limit_set(subject=key, layer="key", said=Allowance(), actor=access) is None
    assert limits(cast) == []
    with bound(cast.acme.id):
        assert not Meter.objects.in_org(cast.acme).exists()
    assert changes(cast)["rpm"] == [60, None]


def test_nothing_allowed_is_not_the_same_as_no_limit(cast: Cast) -> None:
    key = key_of(cast)
    said = Allowance(models=())
    limit_set(subject=key, layer="key", said=said, actor=cast.access(cast.alice))
    assert limits(cast)[0].allowed_models == []
    assert changes(cast)["models"] == [None, "nothing"]


@pytest.mark.parametrize("layer", ["organization", "group", "project", "creator"])
def test_each_layer_above_has_limits_of_its_own(cast: Cast, layer: str) -> None:
    subject = {
        "organization": cast.acme,
        "group": make_group(cast.acme),
        "project": make_project(cast.acme),
        "creator": cast.member(cast.mia),
    }[layer]
    said = Allowance(budget=NANO, rpm=5, tasks=("summarise",))
    limit_set(subject=subject, layer=layer, said=said, actor=cast.access(cast.alice))
    (row,) = limits(cast)
    assert (row.layer, row.subject) == (layer, subject.pk)
    assert newest(cast).action == "limit.changed"
    assert newest(cast).target_id == subject.pk


@pytest.mark.requirement("S1-031")
@pytest.mark.parametrize("who", ["mia", "vera", "eddie"])
def test_only_owners_and_admins_set_limits(cast: Cast, who: str) -> None:
    with pytest.raises(ValidationError) as caught:
        limit_set(
            subject=key_of(cast), layer="key", said=SAID, actor=cast.access(getattr(cast, who))
        )
    assert caught.value.code == "forbidden"
    assert limits(cast) == []


@pytest.mark.requirement("S1-021")
def test_a_list_lies_within_what_the_organization_approves(cast: Cast) -> None:
    make_limit(cast.acme, allowed_models=["model-a"], allowed_tasks=["summarise", "sort"])
    with pytest.raises(ValidationError) as caught:
        limit_set(subject=key_of(cast), layer="key", said=SAID, actor=cast.access(cast.alice))
    assert caught.value.message_dict == {
        "models": ["The organization approves other models alone. Take out: model-b."]
    }
    assert len(limits(cast)) == 1


def test_the_plan_is_not_set_here(cast: Cast) -> None:
    for layer in ("plan", "", "nonsense"):
        with pytest.raises(ValidationError) as caught:
            limit_set(subject=cast.acme, layer=layer, said=SAID, actor=cast.access(cast.alice))
        assert caught.value.code == "layer"


def test_the_subject_of_another_organization_is_refused(cast: Cast) -> None:
    theirs = make_project(cast.umbrella)
    with pytest.raises(ValidationError) as caught:
        limit_set(subject=theirs, layer="project", said=SAID, actor=cast.access(cast.alice))
    assert caught.value.code == "layer"


def test_an_ended_key_keeps_its_limits(cast: Cast) -> None:
    project = make_project(cast.acme)
    key, _ = make_key(project, cast.member(cast.mia), revoked_at=timezone.now())
    with pytest.raises(ValidationError) as caught:
        limit_set(subject=key, layer="key", said=SAID, actor=cast.access(cast.alice))
    assert caught.value.code == "revoked"


def test_a_form_that_began_from_something_else_is_refused(cast: Cast) -> None:
    key, access = key_of(cast), cast.access(cast.alice)
    seen = Allowance().mark
    limit_set(subject=key, layer="key", said=SAID, actor=access, seen=seen)
    with pytest.raises(ValidationError) as caught:
        limit_set(subject=key, layer="key", said=Allowance(rpm=1), actor=access, seen=seen)
    assert caught.value.code == "changed"
    # What is said already needs no saying: a form that was sent twice is no refusal.
    limit_set(subject=key, layer="key", said=SAID, actor=access, seen=seen)


def test_a_time_zone_that_only_python_knows_is_refused(cast: Cast) -> None:
    said = Allowance(budget=NANO, zone="Nowhere/Atlantis")
    with pytest.raises(ValidationError) as caught:
        limit_set(subject=key_of(cast), layer="key", said=said, actor=cast.access(cast.alice))
    assert "zone" in caught.value.message_dict
    assert limits(cast) == []


def test_the_database_knows_every_time_zone_that_is_offered() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(now() AT TIME ZONE zone) FROM unnest(%s::text[]) AS zone",
            [[name for name, _ in zones()]],
        )
        assert cursor.fetchone() == (len(zones()),)
