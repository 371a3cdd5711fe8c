"""Refused requests reach the ledger, counted together, and the audit log of their project."""

from __future__ import annotations

import datetime

import pytest

from audit import ledger, models, queries
from audit.entries import Entry
from audit.events import Event
from audit.models import Outcome
from audit.queries import EventFilter
from config.roles import Role
from orgs.tenancy import bound
from projects import tasks
from projects.actions import calls as actions
from projects.actions.keys import key_create, key_revoke
from projects.models import Call, Project
from tests.factories import Cast, access_of, make_member, make_person, sign_in
from tests.projects.calls import UTC, Caller
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import make_account, make_key, make_limit

pytestmark = pytest.mark.django_db


def told(cast: Cast) -> list[Entry]:
    with bound(cast.acme.pk):
        asked = EventFilter(action=Event.KEY_REFUSED.value)
        return queries.event_list(organization=cast.acme.pk, filters=asked).rows


def note(cast: Cast) -> int:
    with bound(cast.acme.pk):
        return actions.refusals_note(organization=cast.acme.pk)


def refuse(cast: Cast, times: int, project: Project | None = None) -> str:
    key, text = make_key(project or cast.acme, cast.member(cast.alice), "Nightly forecast")
    make_limit(key, allowed_networks=["10.0.0.0/8"])
    platform = Caller(cast.acme)
    for _ in range(times):
        assert platform.verify(text, ip="203.0.113.9")[1] == "network"
    return text


@pytest.mark.requirement("S1-048", "S1-056", "S1-059")
def test_a_flood_is_one_entry_with_its_number(cast: Cast) -> None:
    refuse(cast, 40)
    assert note(cast) == 1
    (entry,) = told(cast)
    assert entry.outcome is Outcome.DENIED
    assert entry.ip == "203.0.113.9"
    assert "Nightly forecast" in entry.sentence
    changes = entry.facts["changes"]
    assert changes["calls"] == [None, 40]
    assert changes["why"][1].startswith("Network. The address is outside the networks")
    first, last = (datetime.datetime.fromisoformat(changes[n][1]) for n in ("first_at", "last_at"))
    assert first < last


def test_what_was_told_is_not_told_again(cast: Cast) -> None:
    refuse(cast, 3)
    assert note(cast) == 1
    assert note(cast) == 0
    with bound(cast.acme.pk):
        assert not Call.objects.filter(allowed=False, noted=False).exists()


def test_each_key_and_each_reason_has_an_entry_of_its_own(cast: Cast) -> None:
    key, text = make_key(cast.acme, cast.member(cast.alice), "One")
    make_limit(key, allowed_tasks=["triage"], rpm=1)
    _, other = make_key(cast.acme, cast.member(cast.alice), "Two", executes=False)
    platform, moment = Caller(cast.acme), datetime.datetime(2026, 11, 3, 10, 0, 1, tzinfo=UTC)
    assert platform.verify(text, task="reply", when=moment)[1] == "task"
    platform.verify(text, task="triage")
    assert platform.verify(text, task="triage")[1] in ("rpm", "")
    assert platform.verify(other)[1] == "scope"
    note(cast)
    whys = {(entry.target_label, entry.facts["changes"]["why"][1]) for entry in told(cast)}
    assert ("Two", "Outside the scope. The key may not do this: its scope leaves it out.") in whys
    assert ("One", "Task. The task is not among those that the key allows.") in whys


def test_a_key_that_is_none_is_counted_too(cast: Cast) -> None:
    platform = Caller(cast.acme)
    platform.verify("bw_live_made_up", ip="198.51.100.7")
    platform.verify("bw_live_another", ip="198.51.100.8")
    note(cast)
    (entry,) = told(cast)
    assert entry.target_id is None
    assert entry.facts["changes"]["calls"] == [None, 2]
    assert entry.ip == ""  # Not all from one address.


def test_no_ledger_but_its_own_is_told(cast: Cast) -> None:
    refuse(cast, 2)
    with bound(cast.umbrella.pk):
        assert actions.refusals_note(organization=cast.umbrella.pk) == 0
    assert note(cast) == 1


def test_what_cannot_be_told_stays_to_be_told(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(cast, 2)
    with monkeypatch.context() as patched, bound(cast.acme.pk):
        patched.setattr(ledger, "record", _fail)
        with pytest.raises(RuntimeError):
            actions.refusals_note(organization=cast.acme.pk)
    assert note(cast) == 1


def test_the_job_tells_every_organization(cast: Cast) -> None:
    refuse(cast, 2)
    _, text = make_key(cast.umbrella, make_account(cast.umbrella), executes=False)
    Caller(cast.umbrella).verify(text)
    tasks.refusals_tell(timestamp=0)
    assert len(told(cast)) == 1
    with bound(cast.umbrella.pk):
        events = models.Event.objects.filter(organization_id=cast.umbrella.pk)
        assert events.filter(action=Event.KEY_REFUSED.value).count() == 1


@pytest.mark.requirement("S2-153")
def test_the_project_s_own_log_shows_them_to_its_people(cast: Cast) -> None:
    project = make_project(cast.acme, "Order intake")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    refuse(cast, 5, project)
    note(cast)
    body = sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/audit/")).content.decode()
    assert "tried to use the key" in body
    assert "Nightly forecast" in body


def test_the_log_of_another_project_does_not(cast: Cast) -> None:
    refuse(cast, 5, make_project(cast.acme))
    note(cast)
    page = cast.url(f"projects/{make_project(cast.acme).pk}/audit/")
    assert "Nightly forecast" not in sign_in(cast.alice).get(page).content.decode()


def _fail(*_: object, **__: object) -> None:
    raise RuntimeError


@pytest.mark.requirement("S1-056", "S2-153", "S2-155")
def test_the_project_s_own_log_shows_how_a_key_began_and_ended(cast: Cast) -> None:
    project = make_project(cast.acme, "Order intake")
    petra = make_person("Petra Owner")
    owner = make_member(cast.acme, person=petra)
    make_grant(project, owner, Role.PROJECT_OWNER)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    access = access_of(cast.acme, petra)
    key, _ = key_create(
        kind="project",
        project=project,
        name="Nightly forecast",
        executes=True,
        chats=False,
        cost_centre=None,
        expires_at=None,
        actor=access,
    )
    key_revoke(key=key, reason="Leaked in a build log", actor=access)
    body = sign_in(cast.mia).get(cast.url(f"projects/{project.pk}/audit/")).content.decode()
    for words in ("Petra Owner", "created the key", "Execute workflows", "revoked the key"):
        assert words in body
    assert "Leaked in a build log" in body
