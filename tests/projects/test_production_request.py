"""Production access: whatever a project owner wants to give, an Owner approves last."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from config.roles import Role
from projects.actions.requests import production_request
from projects.actions.shares import share
from projects.models import Project
from tests.factories import Cast, make_group, make_member, make_person, make_seat
from tests.projects.factories import make_grant, make_group_role, make_project
from tests.projects.requests import (
    actions_of,
    approve,
    ask_access,
    code_of,
    only_request,
    page,
    post,
    refuse,
    told,
)


@pytest.fixture
def project(cast: Cast) -> Project:
    return make_project(cast.acme, "Order intake", policies=["owners_approve"])


@pytest.fixture
def leila(cast: Cast, project: Project) -> User:
    """Owns the project, and nothing of the organization."""
    person = make_person("Leila Haddad")
    cast.members[person.email] = make_member(cast.acme, Role.MEMBER, person)
    make_grant(project, cast.members[person.email], Role.PROJECT_OWNER)
    return person


def ask(cast: Cast, by: User, project: Project, to, role: Role = Role.PROJECT_MEMBER):  # type: ignore[no-untyped-def]
    terms = {"place": project, "to": to, "role": role, "until": None, "reason": "On call"}
    return production_request(**terms, actor=cast.access(by))


@pytest.mark.requirement("S1-017")
def test_only_an_owner_gives_the_final_approval(cast: Cast, project: Project, leila: User) -> None:
    mia = cast.member(cast.mia)
    terms = {"place": project, "to": mia, "role": Role.PROJECT_MEMBER}
    with pytest.raises(ValidationError) as refused:
        share(**terms, until=None, reason="On call", actor=cast.access(leila))
    assert code_of(refused.value) == "needs_approval"
    asked = ask(cast, leila, project, mia)
    assert told(cast, cast.alice) == [
        "Leila Haddad asks for the role Project Member on Order intake for Mia Castellano."
    ]
    for person in (leila, cast.adam, cast.mia):
        with pytest.raises(ValidationError):
            approve(cast, person, asked)
    assert page(cast, cast.adam, f"requests/{asked.pk}/").status_code == 404
    assert post(cast, cast.alice, f"requests/{asked.pk}/approve/", _way(project)).status_code == 302
    assert cast.access(cast.mia).roles_on(project) == {Role.PROJECT_MEMBER}
    assert actions_of(cast)[-2:] == ["project.shared", "request.approved"]
    assert len(told(cast, leila)) == 1
    assert len(told(cast, cast.mia)) == 1


@pytest.mark.requirement("S1-017")
def test_a_projects_admin_does_not_approve(cast: Cast, project: Project, leila: User) -> None:
    admin = make_person("Paul Projects")
    cast.members[admin.email] = make_member(cast.acme, Role.MEMBER, admin)
    group = make_group(cast.acme)
    make_group_role(group, Role.PROJECTS_ADMIN)
    make_seat(group, cast.members[admin.email])
    asked = ask(cast, leila, project, cast.member(cast.mia))
    assert page(cast, admin, f"requests/{asked.pk}/").status_code == 404
    assert str(asked.pk) not in page(cast, admin, "inbox/").content.decode()
    assert str(asked.pk) in page(cast, cast.alice, "inbox/").content.decode()


def test_somebody_who_asks_for_themself_asks_the_owners(cast: Cast, project: Project) -> None:
    make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    asked = ask_access(cast, cast.mia, role=Role.PROJECT_MEMBER, place=project)
    assert asked.kind == "production"
    approve(cast, cast.alice, asked)
    assert cast.access(cast.mia).roles_on(project) == {Role.PROJECT_MEMBER}


def test_a_right_asked_for_there_is_decided_by_owners_too(
    cast: Cast, project: Project, leila: User
) -> None:
    from config.roles import Permission

    make_grant(project, cast.member(cast.mia), Role.PROJECT_VIEWER)
    asked = ask_access(cast, cast.mia, permission=Permission.STUDIO_ACCESS, place=project)
    assert page(cast, leila, f"requests/{asked.pk}/").status_code == 404
    assert str(asked.pk) not in page(cast, leila, "inbox/").content.decode()
    assert str(asked.pk) in page(cast, cast.alice, "inbox/").content.decode()


def test_who_could_not_share_asks_for_nobody_else(cast: Cast, project: Project) -> None:
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    with pytest.raises(ValidationError) as refused:
        ask(cast, cast.mia, project, cast.member(cast.vera))
    assert code_of(refused.value) == "ceiling"


def test_a_group_may_be_asked_for(cast: Cast, project: Project, leila: User) -> None:
    group = make_group(cast.acme, "On call")
    make_seat(group, cast.member(cast.mia))
    asked = ask(cast, leila, project, group)
    shown = page(cast, cast.alice, f"requests/{asked.pk}/approve/").content.decode()
    assert "On call" in shown
    approve(cast, cast.alice, asked)
    assert cast.access(cast.mia).roles_on(project) == {Role.PROJECT_MEMBER}


def test_a_promotion_needs_a_project_member(cast: Cast, project: Project, leila: User) -> None:
    asked = ask(cast, leila, project, cast.member(cast.mia), Role.PROJECT_OWNER)
    response = post(
        cast,
        cast.alice,
        f"requests/{asked.pk}/approve/",
        {"way": f"project_owner@{project.pk}"},
    )
    assert response.status_code == 422
    assert "Project Member first" in response.content.decode()
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    approve(cast, cast.alice, asked)
    assert cast.access(cast.mia).roles_on(project) == {Role.PROJECT_OWNER}


def test_what_is_held_already_is_said(cast: Cast, project: Project, leila: User) -> None:
    asked = ask(cast, leila, project, cast.member(cast.mia))
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    with pytest.raises(ValidationError) as refused:
        approve(cast, cast.alice, asked)
    assert code_of(refused.value) == "already"
    assert refuse(cast, cast.alice, asked).state == "refused"
    assert only_request(cast).answer == "Not now"


def _way(project: Project) -> dict[str, str]:
    return {"way": f"project_member@{project.pk}"}
