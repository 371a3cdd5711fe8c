"""The inbox: what waits, what one asked for, what one was told."""

from __future__ import annotations

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.roles import Permission, Role
from orgs.actions.notices import notify
from orgs.models import Membership
from orgs.tenancy import bound
from projects.actions.requests import request_expire_due, request_withdraw
from projects.models import Request
from projects.queries.requests import may_decide, waiting_for
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_request,
    make_resource,
    make_workspace,
)
from tests.projects.requests import actions_of, ask_project, page, post, told


def test_empty_states_say_what_arrives_there(cast: Cast) -> None:
    for tab, words in (
        ("waiting", "Nothing waits for you"),
        ("asked", "You have asked for nothing"),
        ("notices", "You have not been told anything yet"),
        ("nonsense", "Nothing waits for you"),
    ):
        assert words in page(cast, cast.vera, "inbox/", tab=tab).content.decode()


def test_it_opens_where_something_is(cast: Cast) -> None:
    ask_project(cast, cast.mia)
    assert "Mia Castellano</bdi> asks for" in page(cast, cast.alice, "inbox/").content.decode()
    assert "Withdraw" in page(cast, cast.mia, "inbox/").content.decode()


def test_the_badge_counts_unread_notices_until_they_are_read(cast: Cast) -> None:
    ask_project(cast, cast.mia)
    assert cast.access(cast.alice).unread == 1
    shown = page(cast, cast.alice, "inbox/", tab="notices").content.decode()
    assert "New: " in shown
    assert post(cast, cast.alice, "inbox/read/").status_code == 302
    assert cast.access(cast.alice).unread == 0
    assert "New: " not in page(cast, cast.alice, "inbox/", tab="notices").content.decode()
    assert sign_in(cast.alice).get(cast.url("inbox/read/")).status_code == 405


def test_a_notice_is_its_readers_alone(cast: Cast) -> None:
    with bound(cast.acme.id):
        notify(
            organization=cast.acme.id,
            members=[cast.member(cast.mia)],
            text="<b>For Mia</b>",
            path="",
            mail=False,
        )
    assert "For Mia" not in page(cast, cast.alice, "inbox/", tab="notices").content.decode()
    shown = page(cast, cast.mia, "inbox/", tab="notices").content.decode()
    assert "&lt;b&gt;For Mia" in shown


def test_who_asked_may_withdraw_and_nobody_else(cast: Cast) -> None:
    asked = ask_project(cast, cast.mia)
    assert post(cast, cast.alice, f"requests/{asked.pk}/withdraw/").status_code == 422
    assert post(cast, cast.mia, f"requests/{asked.pk}/withdraw/").status_code == 302
    # Twice in two tabs is no failure.
    assert post(cast, cast.mia, f"requests/{asked.pk}/withdraw/").status_code == 302
    late = post(cast, cast.alice, f"requests/{asked.pk}/approve/", {"name": "Order intake"})
    assert late.status_code == 422
    assert "withdrawn" in late.content.decode()
    assert actions_of(cast).count("request.withdrawn") == 1


def test_time_voids_a_request_before_a_job_marks_it(cast: Cast) -> None:
    past = timezone.now() - datetime.timedelta(hours=1)
    asked = make_request(cast.member(cast.mia), "project", name="Order intake", expires_at=past)
    assert str(asked.pk) not in page(cast, cast.alice, "inbox/").content.decode()
    late = post(cast, cast.alice, f"requests/{asked.pk}/approve/", {"name": "Order intake"})
    assert late.status_code == 422
    assert "has expired" in late.content.decode()
    with bound(cast.acme.id):
        assert request_expire_due(organization=cast.acme.id) == 1
        assert request_expire_due(organization=cast.acme.id) == 0
    assert actions_of(cast)[-1] == "request.expired"
    assert "Nobody answered" in told(cast, cast.mia)[-1]


def test_a_request_goes_with_who_asked(cast: Cast) -> None:
    from orgs.actions.members import member_remove

    asked = ask_project(cast, cast.mia)
    member_remove(membership=cast.member(cast.mia), reason="Left", actor=cast.access(cast.alice))
    assert page(cast, cast.alice, f"requests/{asked.pk}/").status_code == 404


def test_the_list_and_the_page_agree_on_who_decides(cast: Cast) -> None:
    """`waiting_for` is `may_decide` in SQL: for everyone, over every kind of request."""
    project = make_project(cast.acme)
    strict = make_project(cast.acme, policies=["owners_approve"])
    workspace = make_workspace(cast.acme)
    agent, strict_agent = make_resource(project), make_resource(strict)
    runner = make_resource(cast.acme, "runner")
    automation = make_resource(cast.acme, "automation")
    bare, carrying = make_group(cast.acme), make_group(cast.acme)
    make_group_role(carrying, Role.INSIGHTS_VIEWER)
    people = _people(cast, project, strict, workspace, runner)
    asker = cast.member(cast.vera)
    for kind, fields in (
        ("project", {"name": "New"}),
        ("publish", {"resource": agent}),
        ("publish", {"resource": strict_agent}),
        ("production", {"role": Role.PROJECT_MEMBER, "project": strict}),
        ("access", {"role": Role.PROJECT_MEMBER, "project": project}),
        ("access", {"role": Role.PROJECT_MEMBER, "project": strict}),
        ("access", {"permission": "studio.access", "project": project}),
        ("access", {"role": Role.RESOURCE_USER, "resource": agent}),
        ("access", {"role": Role.RESOURCE_USER, "resource": strict_agent}),
        ("access", {"role": Role.RESOURCE_USER, "resource": runner}),
        ("access", {"role": Role.RESOURCE_USER, "resource": automation}),
        ("access", {"role": Role.WORKSPACE_VIEWER, "workspace": workspace}),
        ("access", {"role": Role.INSIGHTS_VIEWER}),
        ("access", {"role": Role.ADMIN}),
        ("access", {"permission": "audit.view"}),
        ("group", {"group": bare}),
        ("group", {"group": carrying}),
    ):
        for_member = asker if kind in ("access", "production", "group") else None
        make_request(asker, kind, for_member=for_member, **fields)
    seen = set()
    for person in [cast.alice, cast.adam, cast.mia, cast.vera, cast.eddie, *people]:
        access = cast.access(person)
        listed = set(waiting_for(access).values_list("pk", flat=True))
        decided = {one.pk for one in Request.objects.in_org(cast.acme) if may_decide(access, one)}
        assert listed == decided, person
        seen |= listed if person is not cast.alice else set()
    assert seen


@pytest.mark.parametrize("tab", ["waiting", "asked", "notices"])
def test_a_page_costs_the_same_with_many_rows(cast: Cast, tab: str) -> None:
    mia = cast.member(cast.mia)
    projects = [make_project(cast.acme) for _ in range(3)]
    for project in projects:
        make_grant(project, mia, Role.PROJECT_OWNER)
    client = sign_in(cast.mia)
    url = cast.url(f"inbox/?tab={tab}")
    client.get(url)
    few = _queries(client, url)
    vera = cast.member(cast.vera)
    for number in range(30):
        fields = {"for_member": vera, "role": Role.PROJECT_VIEWER}
        make_request(
            vera,
            "access",
            project=projects[number % 3],
            **fields,
            permission=list(Permission)[-number - 1],
        )
        make_request(mia, "project", name=f"Project {number}")
    with bound(cast.acme.id):
        for number in range(30):
            notify(organization=cast.acme.id, members=[mia], text=f"{number}", path="/", mail=False)
    many = _queries(client, url)
    assert many <= few + 1
    assert many <= 12
    assert "page=" in client.get(url).content.decode()


def _queries(client, url: str) -> int:  # type: ignore[no-untyped-def]
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def _people(cast: Cast, project, strict, workspace, runner):  # type: ignore[no-untyped-def]
    from tests.factories import make_member, make_person

    def member(name: str) -> tuple[object, Membership]:
        person = make_person(name)
        cast.members[person.email] = make_member(cast.acme, Role.MEMBER, person)
        return person, cast.members[person.email]

    people = []
    for place, role in (
        (project, Role.PROJECT_OWNER),
        (strict, Role.PROJECT_OWNER),
        (workspace, Role.WORKSPACE_ADMIN),
        (runner, Role.RESOURCE_ADMIN),
        (project, Role.PROJECT_MEMBER),
    ):
        person, held = member(f"Holder of {role.value}")
        make_grant(place, held, role)
        people.append(person)
    for role in (
        Role.PROJECTS_ADMIN,
        Role.GROUPS_ADMIN,
        Role.RUNNERS_ADMIN,
        Role.AUTOMATIONS_ADMIN,
    ):
        person, held = member(f"Carrier of {role.value}")
        group = make_group(cast.acme)
        make_group_role(group, role)
        make_seat(group, held)
        people.append(person)
    person, held = member("Owner by a group")
    group = make_group(cast.acme)
    make_grant(project, group, Role.PROJECT_OWNER)
    make_seat(group, held)
    people.append(person)
    return people


def test_withdrawing_twice_at_once_writes_one_entry(cast: Cast) -> None:
    asked = ask_project(cast, cast.mia)
    access = cast.access(cast.mia)
    request_withdraw(request=asked, actor=access)
    request_withdraw(request=asked, actor=access)
    assert actions_of(cast).count("request.withdrawn") == 1
