"""Asking for access: from the notice of a refusal, for a role, and for a place in a group."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError

from config.roles import Permission, Role
from orgs.tenancy import bound
from projects.models import Request
from tests.factories import Cast, make_group, make_member, make_person, make_seat, sign_in
from tests.projects.factories import (
    make_grant,
    make_group_role,
    make_project,
    make_resource,
    make_workspace,
)
from tests.projects.requests import (
    actions_of,
    ask_access,
    code_of,
    only_request,
    page,
    post,
    told,
)

WHY = {"reason": "For the audit"}


@pytest.mark.requirement("S1-022")
@pytest.mark.requirement("S4-018")
def test_a_refusal_offers_to_ask_for_it(cast: Cast) -> None:
    client = sign_in(cast.mia)
    refused = client.get(cast.url("audit-log/"))
    assert refused["Location"] == cast.url("dashboard/") or refused.status_code == 302
    shown = client.get(refused["Location"]).content.decode()
    assert "Request access" in shown
    assert "requests/new/?permission=audit.view" in shown
    assert "explain/?permission=audit.view" in shown


def test_the_toast_and_the_problem_carry_the_address(cast: Cast) -> None:
    toast = sign_in(cast.mia, **{"HX-Request": "true"}).get(cast.url("audit-log/"))
    link = json.loads(toast["HX-Trigger"])["toast"]["link"]
    assert link["text"] == "Request access"
    assert link["url"] == cast.url("requests/new/?permission=audit.view")
    problem = sign_in(cast.mia, accept="application/json").get(cast.url("audit-log/")).json()
    assert problem["request"] == link["url"]
    assert problem["permission"] == "audit.view"


@pytest.mark.requirement("S1-022")
@pytest.mark.requirement("S1-027")
def test_what_only_owners_do_is_not_asked_for(cast: Cast) -> None:
    for person in (cast.mia, cast.vera):
        client = sign_in(person)
        refused = client.post(cast.url("settings/policies/"), {})
        shown = client.get(refused["Location"]).content.decode()
        assert "You may not" in shown
        assert "Request access" not in shown


def test_a_place_is_named_in_the_address(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    client = sign_in(cast.mia)
    refused = client.get(cast.url(f"projects/{project.pk}/audit/"))
    shown = client.get(refused["Location"]).content.decode()
    assert f"place=project%3A{project.pk}" in shown


@pytest.mark.requirement("S1-022")
def test_who_may_grant_it_is_told_and_chooses_how(cast: Cast) -> None:
    asked = _ask_for_the_log(cast)
    assert told(cast, cast.alice) == [
        "Mia Castellano asks for the right to view the audit log, here and from the command line."
    ]
    readers = make_group(cast.acme, "Readers")
    make_group_role(readers, Role.AUDIT_LOG_READER)
    form = page(cast, cast.alice, f"requests/{asked.pk}/approve/").content.decode()
    assert "The group Readers, which carries Audit Log Reader" in form
    path = f"requests/{asked.pk}/approve/"
    assert post(cast, cast.alice, path, {"way": "owner"}).status_code == 422
    assert (
        post(cast, cast.alice, path, {"way": f"group@{make_group(cast.umbrella).pk}"}).status_code
        == 422
    )
    assert post(cast, cast.alice, path, {"way": f"group@{readers.pk}"}).status_code == 302
    assert cast.access(cast.mia).can(Permission.AUDIT_VIEW)
    assert actions_of(cast)[-2:] == ["group.member_added", "request.approved"]


def test_it_may_be_given_by_another_organization_role(cast: Cast) -> None:
    asked = _ask_for_the_log(cast)
    path = f"requests/{asked.pk}/approve/"
    assert post(cast, cast.alice, path, {"way": "viewer"}).status_code == 302
    assert cast.access(cast.mia).role is Role.VIEWER


def test_an_admin_who_hands_out_no_roles_does_not_see_it(cast: Cast) -> None:
    asked = _ask_for_the_log(cast)
    for person in (cast.adam, cast.vera, cast.eddie):
        assert page(cast, person, f"requests/{asked.pk}/").status_code == 404
    assert sign_in(cast.oscar).get(cast.url(f"requests/{asked.pk}/")).status_code == 404
    assert page(cast, cast.mia, f"requests/{asked.pk}/").status_code == 200


def test_a_project_owner_gives_a_role_in_their_project(cast: Cast) -> None:
    project = make_project(cast.acme, "Order intake")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    owner = _project_owner(cast, project)
    asked = ask_access(cast, cast.mia, permission=Permission.STUDIO_ACCESS, place=project)
    assert len(told(cast, owner)) == 1
    shown = page(cast, owner, f"requests/{asked.pk}/approve/").content.decode()
    assert "Project Member on Order intake" in shown
    assert "gains" in shown or "preview" in shown
    answered = post(
        cast, owner, f"requests/{asked.pk}/approve/", {"way": f"project_member@{project.pk}"}
    )
    assert answered.status_code == 302
    # In the place of the smaller one, not beside it.
    assert cast.access(cast.mia).roles_on(project) == {Role.PROJECT_MEMBER}
    assert actions_of(cast)[-2:] == ["project.share_changed", "request.approved"]


def test_a_role_that_is_asked_for_needs_no_choice(cast: Cast) -> None:
    workspace = make_workspace(cast.acme)
    make_grant(workspace, cast.member(cast.mia), Role.WORKSPACE_VIEWER)
    asked = ask_access(cast, cast.mia, role=Role.WORKSPACE_COLLABORATOR, place=workspace)
    from tests.projects.requests import approve

    approve(cast, cast.alice, asked)
    assert cast.access(cast.mia).roles_on(workspace) == {Role.WORKSPACE_COLLABORATOR}


def test_a_runner_is_shared_by_who_administers_it(cast: Cast) -> None:
    runner = make_resource(cast.acme, "runner")
    make_grant(runner, cast.member(cast.mia), Role.RESOURCE_USER)
    admin = _member(cast, "Rita Runner")
    make_grant(runner, cast.members[admin.email], Role.RESOURCE_ADMIN)
    asked = ask_access(cast, cast.mia, permission=Permission.RUNNERS_VIEW_LOGS, place=runner)
    path = f"requests/{asked.pk}/approve/"
    assert post(cast, admin, path, {"way": f"resource_admin@{runner.pk}"}).status_code == 302
    assert cast.access(cast.mia).can(Permission.RUNNERS_VIEW_LOGS, runner)


def test_an_end_user_is_given_no_project(cast: Cast) -> None:
    project = make_project(cast.acme)
    agent = make_resource(project, "agent", published_at=project.created_at)
    make_grant(agent, cast.member(cast.eddie), Role.RESOURCE_USER)
    asked = ask_access(cast, cast.eddie, permission=Permission.AGENTS_CREATE, place=agent)
    shown = page(cast, cast.alice, f"requests/{asked.pk}/approve/").content.decode()
    assert "Resource Admin" in shown
    assert "Project Member" not in shown


def test_a_groups_admin_asks_an_owner_for_a_group_with_roles(cast: Cast) -> None:
    keeper = _groups_admin(cast)
    group = make_group(cast.acme, "Runner keepers")
    make_group_role(group, Role.RUNNERS_ADMIN)
    query = {"group": str(group.pk), "member": str(cast.member(cast.mia).pk)}
    shown = page(cast, keeper, "requests/new/", **query).content.decode()
    assert "a place in the group Runner keepers for Mia Castellano" in shown.replace("<bdi>", "")
    assert post(cast, keeper, "requests/new/", WHY, **query).status_code == 302
    asked = only_request(cast)
    assert page(cast, keeper, f"requests/{asked.pk}/").status_code == 200
    assert post(cast, keeper, f"requests/{asked.pk}/approve/").status_code == 422
    # For whom it is asked may not answer either.
    assert post(cast, cast.mia, f"requests/{asked.pk}/approve/").status_code == 422
    assert (
        post(cast, cast.alice, f"requests/{asked.pk}/approve/", {"until": "2030-01-31"}).status_code
        == 302
    )
    assert cast.access(cast.mia).can(Permission.RUNNERS_CREATE)


def test_a_group_without_roles_is_decided_by_who_keeps_groups(cast: Cast) -> None:
    keeper = _groups_admin(cast)
    group = make_group(cast.acme, "Readers")
    assert post(cast, cast.mia, "requests/new/", WHY, group=str(group.pk)).status_code == 302
    asked = only_request(cast)
    assert page(cast, keeper, "inbox/").content.decode().count(str(asked.pk)) > 0
    assert post(cast, keeper, f"requests/{asked.pk}/approve/").status_code == 302


def test_only_who_keeps_groups_asks_for_somebody_else(cast: Cast) -> None:
    group = make_group(cast.acme)
    query = {"group": str(group.pk), "member": str(cast.member(cast.vera).pk)}
    assert page(cast, cast.mia, "requests/new/", **query).status_code == 404
    make_seat(group, cast.member(cast.mia))
    again = post(cast, cast.mia, "requests/new/", WHY, group=str(group.pk))
    assert again.status_code == 422
    secret = make_group(cast.acme, secret=True)
    assert page(cast, cast.mia, "requests/new/", group=str(secret.pk)).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"permission": "root.everything"},
        {"role": "king"},
        {"place": "project"},
        {"place": "project:1"},
        {"place": "organization:00000000-0000-0000-0000-000000000000"},
        {"place": "project:00000000-0000-0000-0000-000000000000"},
        {"group": "x"},
        {"group": "00000000-0000-0000-0000-000000000000"},
    ],
)
def test_what_the_address_may_not_name_is_not_there(cast: Cast, query: dict[str, str]) -> None:
    assert page(cast, cast.alice, "requests/new/", **query).status_code == 404
    assert post(cast, cast.alice, "requests/new/", WHY, **query).status_code == 404


def test_an_unseen_place_is_as_missing_as_a_foreign_one(cast: Cast) -> None:
    unseen, foreign = make_project(cast.acme), make_project(cast.umbrella)
    for project in (unseen, foreign):
        place = f"project:{project.pk}"
        assert page(cast, cast.mia, "requests/new/", place=place).status_code == 404


@pytest.mark.parametrize(
    ("permission", "role", "code"),
    [
        (None, None, "nothing"),
        (Permission.PLATFORM_MANAGE_USERS, None, "unfit"),
        (None, Role.OWNER, "unfit"),
        (None, Role.SUPERADMIN, "unfit"),
        (None, Role.PROJECT_OWNER, "unfit"),
        (None, Role.MEMBER, "has_it"),
        (Permission.MEMBERS_VIEW, None, "has_it"),
    ],
)
def test_what_nobody_gives_is_not_asked_for(
    cast: Cast, permission: Permission | None, role: Role | None, code: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        ask_access(cast, cast.mia, permission=permission, role=role)
    assert code_of(refused.value) == code


def test_asked_twice_in_two_tabs_counts_once(cast: Cast) -> None:
    _ask_for_the_log(cast)
    again = post(cast, cast.mia, "requests/new/", WHY, permission="audit.view")
    assert again.status_code == 422
    assert "already asked" in again.content.decode()


def test_it_may_be_asked_anew_once_it_has_expired(cast: Cast) -> None:
    asked = _ask_for_the_log(cast)
    _overdue(cast, asked)
    assert post(cast, cast.mia, "requests/new/", WHY, permission="audit.view").status_code == 302
    with bound(cast.acme.id):
        states = Request.objects.in_org(cast.acme).order_by("created_at")
        assert [one.state for one in states] == ["expired", "pending"]


@pytest.mark.parametrize("until", ["2001-01-01", "9999-12-31", "tomorrow", "2027-02-30"])
def test_an_end_must_lie_ahead_and_be_a_day(cast: Cast, until: str) -> None:
    response = post(
        cast, cast.mia, "requests/new/", WHY | {"until": until}, permission="audit.view"
    )
    assert response.status_code == 422


def _ask_for_the_log(cast: Cast) -> Request:
    return ask_access(cast, cast.mia, permission=Permission.AUDIT_VIEW)


def _overdue(cast: Cast, asked: Request) -> None:
    from audit import ledger
    from audit.events import Event
    from projects.actions.requests import target_of
    from tests.factories import TEST

    with bound(cast.acme.id):
        rows = Request.objects.in_org(cast.acme).filter(pk=asked.pk)
        rows.update(expires_at=asked.created_at)
        ledger.record(
            Event.REQUEST_MADE,
            organization=cast.acme.id,
            actor=TEST,
            target=target_of(asked),
            changes={"kind": (None, ""), "role": (None, None), "on": (None, None)},
        )


def _member(cast: Cast, name: str):  # type: ignore[no-untyped-def]
    person = make_person(name)
    cast.members[person.email] = make_member(cast.acme, Role.MEMBER, person)
    return person


def _project_owner(cast: Cast, project):  # type: ignore[no-untyped-def]
    person = _member(cast, "Leila Haddad")
    make_grant(project, cast.members[person.email], Role.PROJECT_OWNER)
    return person


def _groups_admin(cast: Cast):  # type: ignore[no-untyped-def]
    person = _member(cast, "Greta Keeper")
    group = make_group(cast.acme)
    make_group_role(group, Role.GROUPS_ADMIN)
    make_seat(group, cast.members[person.email])
    return person


def test_a_changed_organization_role_has_no_end(cast: Cast) -> None:
    asked = _ask_for_the_log(cast)
    path = f"requests/{asked.pk}/approve/"
    response = post(cast, cast.alice, path, {"way": "viewer", "until": "2027-03-31"})
    assert response.status_code == 422
    assert "no end" in response.content.decode()
    assert post(cast, cast.alice, path, {"way": ""}).status_code == 422


def test_the_preview_writes_and_sends_nothing(cast: Cast) -> None:
    asked = _ask_for_the_log(cast)
    before = actions_of(cast)
    client = sign_in(cast.alice, **{"HX-Request": "true"})
    url = cast.url(f"requests/{asked.pk}/approve/?preview=1")
    shown = client.post(url, {"way": "viewer"})
    assert shown.status_code == 200
    assert "Mia Castellano" in shown.content.decode()
    assert actions_of(cast) == before
    assert only_request(cast).state == "pending"
    assert told(cast, cast.mia) == []


def test_without_group_roles_in_the_plan_none_is_asked_for(cast: Cast) -> None:
    from tests.orgs.invitations import raw_update

    raw_update(cast.acme, entitlements=[])
    with pytest.raises(ValidationError) as refused:
        ask_access(cast, cast.mia, role=Role.INSIGHTS_VIEWER)
    assert code_of(refused.value) == "unfit"
    assert "Ask for a role" not in page(cast, cast.mia, "inbox/").content.decode()
