"""The demo's chapter on projects: what stands is what the log tells, and each part may be seen."""

from __future__ import annotations

import datetime
import json
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from audit.models import Event as Row
from audit.models import Particulars
from audit.queries import newest_sequence
from config import vault
from config.roles import Role
from orgs.demo import further, loading
from orgs.demo.days import Calendar
from orgs.demo.history import History
from orgs.demo.story import ACME
from orgs.models import Group, GroupRole, Membership, Notice
from orgs.tenancy import bound
from projects.forms.resources import Offer
from projects.history.fold import whole
from projects.history.moments import Moment, first_stated
from projects.kinds import KINDS
from projects.models import (
    Execution,
    HumanTask,
    Integration,
    InvitationProject,
    Project,
    ProjectGrant,
    ProjectGroupGrant,
    Request,
    Resource,
    ResourceVersion,
    Secret,
    Workspace,
)
from tests.projects.standing import folded, live_rows

OWNER = loading.OWNER


@pytest.fixture(scope="module")
def histories(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[History]]:
    """The demo, committed once, at addresses of its own; gone again after, but for its logs."""
    suffix = f"-{uuid.uuid4().hex[:8]}"
    with django_db_blocker.unblock():
        yield loading.load(say=lambda line: None, suffix=suffix)
        loading.purge(say=lambda line: None, suffix=suffix)
        assert not Project.objects.using(OWNER).filter(name="Warehouse picking").exists()
        connections[OWNER].close()
        connections["default"].close()


@pytest.fixture
def acme(histories: list[History]) -> uuid.UUID:
    return histories[0].organization.id


def rows(table: Any, organization: uuid.UUID) -> Any:
    return table.objects.using(OWNER).in_org(organization)


def told(organization: uuid.UUID) -> Iterator[tuple[Row, dict[str, Any], dict[str, Any]]]:
    """Each entry with its facts and its words."""
    words = dict(
        Particulars.objects.using(OWNER)
        .filter(organization_id=organization)
        .values_list("sequence", "words")
    )
    entries = Row.objects.using(OWNER).filter(organization_id=organization, outcome="done")
    for entry in entries.order_by("sequence"):
        yield entry, json.loads(entry.body), json.loads(words[entry.sequence] or "{}")


def test_log_verifies_with_projects_in_it(histories: list[History]) -> None:
    for history in histories:
        with connections[OWNER].cursor() as cursor:
            cursor.execute("SELECT * FROM ledger_verify(%s)", [history.organization.id])
            assert cursor.fetchall() == []
        actions = {entry.event.value.partition(".")[0] for entry in history.entries}
        assert {"project", "resource"} <= actions


def test_all_that_was_made_has_the_entry_of_its_making(histories: list[History]) -> None:
    made = {
        Workspace: "workspace.created",
        Project: "project.created",
        Resource: "resource.created",
        Secret: "secret.created",
        Integration: "integration.created",
        Request: "request.made",
        HumanTask: "task.created",
    }
    for history in histories:
        entries = Row.objects.using(OWNER).filter(organization_id=history.organization.id)
        for table, action in made.items():
            there = set(rows(table, history.organization.id).values_list("id", flat=True))
            assert there == set(
                entries.filter(action=action).values_list("target_id", flat=True)
            ), action


def test_grants_are_what_the_log_tells(acme: uuid.UUID) -> None:
    stands: dict[tuple[str, str], str] = {}
    for entry, facts, words in told(acme):
        if entry.action not in (*("project.shared", "project.share_changed", "project.unshared"),):
            continue
        changes = facts["changes"] | words["changes"]
        if entry.action == "project.unshared":
            del stands[words["target"], changes["to"][0]]
        else:
            stands[words["target"], changes["to"][1]] = changes["role"][1]
    people = dict(rows(Membership, acme).values_list("person_id", "name"))
    groups = dict(rows(Group, acme).values_list("id", "name"))
    found = {
        (grant.content_object.name, people[grant.user_id]): grant.role.label
        for grant in rows(ProjectGrant, acme).select_related("content_object")
    } | {
        (grant.content_object.name, groups[grant.group_id]): grant.role.label
        for grant in rows(ProjectGroupGrant, acme).select_related("content_object")
    }
    assert found == stands


def test_groups_carry_what_the_log_tells(acme: uuid.UUID) -> None:
    given = {
        (words["target"], facts["changes"]["role"][1])
        for entry, facts, words in told(acme)
        if entry.action == "group.role_given"
    }
    names = dict(rows(Group, acme).values_list("id", "name"))
    # A group that was renamed keeps the roles that it got under its old name.
    renamed = {"Data platform": "Platform"}
    stands = {(names[row.group_id], row.role.label) for row in rows(GroupRole, acme)}
    assert stands == {(renamed.get(group, group), role) for group, role in given}
    assert ("DevOps", "Runners Admin") in stands


def test_acme_shows_every_kind_of_thing(acme: uuid.UUID) -> None:
    states = Counter(rows(Project, acme).values_list("state", flat=True))
    assert (states["archived"], states["deleted"]) == (1, 1)
    assert len(set(rows(Project, acme).values_list("environment", flat=True))) == 4
    assert rows(Workspace, acme).count() == 4
    assert set(rows(Resource, acme).values_list("kind", flat=True)) == set(KINDS)
    assert set(rows(Execution, acme).values_list("kind", flat=True)) == {
        "run",
        "conversation",
        "log",
    }
    assert rows(InvitationProject, acme).count() == 2
    waiting = rows(Request, acme).filter(state="pending")
    assert set(waiting.values_list("kind", flat=True)) == set(Request.Kind.values)
    alice = rows(Membership, acme).get(name="Alice Marlow")
    assert alice.unread == rows(Notice, acme).filter(membership=alice, read_at=None).count() == 3
    soon = timezone.now() + datetime.timedelta(days=6)
    ends = list(rows(ProjectGrant, acme).values_list("expires_at", flat=True))
    assert any(end and end < timezone.now() for end in ends)
    assert any(end and timezone.now() < end < soon for end in ends)


def test_mia_reaches_warehouse_picking_by_two_paths(acme: uuid.UUID) -> None:
    project = rows(Project, acme).get(name="Warehouse picking")
    mia = rows(Membership, acme).get(name="Mia Castellano")
    with bound(acme), connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT role, group_name FROM access_paths(%s, %s, %s) ORDER BY role",
            [
                [project.id, project.workspace_id, acme],
                [role.value for role in (Role.PROJECTS_ADMIN, Role.PROJECT_OWNER)],
                [mia.id],
            ],
        )
        assert cursor.fetchall() == [("project_owner", None), ("projects_admin", "Tech Leads")]


def test_hub_of_an_end_user_is_filled(acme: uuid.UUID) -> None:
    eddie = rows(Membership, acme).get(name="Eddie Okafor")
    with bound(acme), connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT place_id) FROM access_paths(NULL, %s, %s)",
            [[Role.RESOURCE_USER.value], [eddie.id]],
        )
        assert cursor.fetchone()[0] >= 3
    assert rows(HumanTask, acme).filter(assigned_to=eddie, state="open").count() == 3
    assert rows(Execution, acme).filter(started_by=eddie).count() >= 5


def test_configurations_are_what_their_forms_would_have_stored(histories: list[History]) -> None:
    for history in histories:
        organization = history.organization.id
        resources = list(rows(Resource, organization))
        kinds = {one.id: KINDS[one.kind] for one in resources}
        for version in rows(ResourceVersion, organization):
            form = kinds[version.resource_id].form
            offers = {
                field: [Offer(pk=one.id, name=one.name) for one in resources if one.kind == kind]
                for field, kind in form.refers.items()
            }
            blank = form(offers=offers)
            said = {
                name: blank.fields[name].prepare_value(value)
                for name, value in version.configuration.items()
            }
            typed = form({"name": "A name", "base": "1", **said}, offers=offers)
            assert typed.is_valid(), typed.errors
            assert typed.configuration() == version.configuration
        newest = {one.id: one.configuration for one in resources}
        for version in rows(ResourceVersion, organization).order_by("number"):
            newest[version.resource_id] = version.configuration
        assert newest == {one.id: one.configuration for one in resources}


def test_tokens_and_secrets_open_where_they_lie(acme: uuid.UUID) -> None:
    secret = rows(Secret, acme).first()
    place = ("secret", *map(str, (acme, secret.project_id, secret.id)))
    assert len(vault.unseal(secret.ciphertext, place=place)) == secret.length
    kept = rows(Integration, acme).exclude(ciphertext=None)
    assert kept
    for integration in kept:
        assert vault.unseal(
            integration.ciphertext, place=("integration", str(acme), str(integration.id))
        )


def test_addresses_are_those_kept_for_examples(histories: list[History]) -> None:
    for history in histories:
        for version in rows(ResourceVersion, history.organization.id):
            text = json.dumps(version.configuration)
            for host in re.findall(r"https?://([^/\"]+)", text):
                assert host.endswith(".example"), host
        for integration in rows(Integration, history.organization.id):
            assert integration.url == "" or ".example" in integration.url


def played(now: datetime.datetime) -> History:
    history = History(ACME, calendar=Calendar(now), people={})
    further.begin(history)
    history.play()
    return history


@pytest.mark.parametrize("day", range(7))
def test_chapter_holds_whatever_day_it_is_told(day: int) -> None:
    """Each line asks the rule book, so a line that comes too early for its doer raises."""
    history = played(datetime.datetime(2027, 3, 1 + day, 0, 40, tzinfo=datetime.UTC))
    times = [entry.at for entry in history.entries]
    assert times == sorted(times)
    events = Counter(entry.event.value for entry in history.entries)
    assert events["project.created"] == 17
    assert events["request.made"] == 11


def test_log_alone_says_who_holds_what_and_who_did_earlier(histories: list[History]) -> None:
    for history in histories:
        organization = history.organization.id
        with bound(organization):
            head = Moment(timezone.now(), newest_sequence(organization))
            assert folded(organization, head) == live_rows(organization)
            founded = first_stated(organization)
            assert founded is not None
            assert founded.sequence == 1
            people = [one for one in whole(organization, founded) if one.kind == "membership"]
            assert [one.role for one in people] == [Role.OWNER]
            stated = Row.objects.filter(organization_id=organization, action="access.stated")
            assert not stated.exists()
