"""Projects that come with an invitation: promised, withdrawn, given on the day."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounts.models import User
from audit.ledger import Actor
from audit.models import Event as Entry
from config.roles import Role
from orgs.actions.answers import invitation_accept
from orgs.actions.invitations import invitation_change, invitation_revoke
from orgs.actions.members import member_change_role, member_remove
from orgs.models import Invitation
from orgs.tenancy import bound
from projects.actions.joining import invitation_project_promise
from projects.models import InvitationProject, Project
from tests.factories import Cast, make_member, make_person, sign_in
from tests.orgs.invitations import allow_admins, invite
from tests.projects.factories import make_grant, make_project
from tests.projects.requests import actions_of, code_of, page, post, told


@pytest.fixture
def project(cast: Cast) -> Project:
    return make_project(cast.acme, "Order intake")


@pytest.fixture
def newcomer(cast: Cast) -> User:
    return make_person("Nina Newcomer")


def promise(
    cast: Cast, by: User, invitation: Invitation, project: Project, role: Role, reason: str = ""
) -> InvitationProject:
    return invitation_project_promise(
        invitation=invitation, project=project, role=role, reason=reason, actor=cast.access(by)
    )


def accept(person: User, token: str):  # type: ignore[no-untyped-def]
    return invitation_accept(
        token=token, person=person, identity=Actor("person", person.pk, person.name)
    )


@pytest.mark.requirement("S2-158")
def test_projects_are_picked_with_the_invitation_and_given_on_joining(
    cast: Cast, project: Project, newcomer: User
) -> None:
    sent = post(
        cast,
        cast.alice,
        "invitations/new/",
        {"people": newcomer.email, "role": "member", "step": "apply"},
    )
    invitation, token = _sent(cast, sent)
    address = f"invitations/{invitation.pk}/projects/"
    assert address in sent.content.decode()
    shown = page(cast, cast.alice, address).content.decode()
    assert "Order intake" in shown
    answer = post(cast, cast.alice, address, {"project": str(project.pk), "role": "project_member"})
    assert answer.status_code == 302
    access = accept(newcomer, token)
    assert access.roles_on(project) == {Role.PROJECT_MEMBER}
    with bound(cast.acme.id):
        shared = Entry.objects.filter(organization_id=cast.acme.id, action="project.shared").get()
    assert shared.actor_id == cast.member(cast.alice).pk


@pytest.mark.requirement("S2-158")
def test_a_project_owner_is_promised_with_a_reason(
    cast: Cast, project: Project, newcomer: User
) -> None:
    invitation, token = invite(cast, newcomer.email)
    with pytest.raises(ValidationError) as refused:
        promise(cast, cast.alice, invitation, project, Role.PROJECT_OWNER)
    assert code_of(refused.value) == "reason"
    promise(cast, cast.alice, invitation, project, Role.PROJECT_OWNER, "Leads the team")
    assert accept(newcomer, token).roles_on(project) == {Role.PROJECT_OWNER}


def test_another_role_takes_the_place_of_the_first(
    cast: Cast, project: Project, newcomer: User
) -> None:
    invitation, _ = invite(cast, newcomer.email)
    promise(cast, cast.alice, invitation, project, Role.PROJECT_MEMBER)
    again = promise(cast, cast.alice, invitation, project, Role.PROJECT_VIEWER)
    with bound(cast.acme.id):
        assert InvitationProject.objects.in_org(cast.acme).get().pk == again.pk
    address = f"invitations/{invitation.pk}/projects/"
    assert post(cast, cast.alice, address, {"withdraw": str(again.pk)}).status_code == 302
    # Once more in another tab: it is not there any more.
    assert post(cast, cast.alice, address, {"withdraw": str(again.pk)}).status_code == 404
    assert actions_of(cast)[-1] == "invitation.project_withdrawn"


@pytest.mark.requirement("S2-158")
def test_who_may_not_share_the_project_promises_nothing(cast: Cast, project: Project) -> None:
    allow_admins(cast)
    invitation, _ = invite(cast, "new@example.com")
    address = f"invitations/{invitation.pk}/projects/"
    shown = page(cast, cast.adam, address).content.decode()
    assert "Order intake" not in shown
    data = {"project": str(project.pk), "role": "project_member"}
    assert post(cast, cast.adam, address, data).status_code == 422
    with pytest.raises(ValidationError) as refused:
        promise(cast, cast.adam, invitation, project, Role.PROJECT_MEMBER)
    assert code_of(refused.value) == "ceiling"
    assert post(cast, cast.mia, address, data).status_code == 302  # refused at the door
    make_grant(project, cast.member(cast.adam), Role.PROJECT_OWNER)
    assert post(cast, cast.adam, address, data).status_code == 302
    with bound(cast.acme.id):
        assert InvitationProject.objects.in_org(cast.acme).count() == 1


def test_whoever_lost_the_right_gives_nothing_and_owners_are_told(
    cast: Cast, project: Project, newcomer: User
) -> None:
    second = make_person("Olga Second")
    cast.members[second.email] = make_member(cast.acme, Role.OWNER, second)
    invitation, token = invite(cast, newcomer.email)
    promise(cast, second, invitation, project, Role.PROJECT_MEMBER)
    member_change_role(
        membership=cast.members[second.email],
        role=Role.MEMBER,
        reason="Steps down",
        actor=cast.access(cast.alice),
    )
    access = accept(newcomer, token)
    assert access.roles_on(project) == frozenset()
    assert (
        "joined without the promised role Project Member in Order intake"
        in told(cast, cast.alice)[-1]
    )


def test_whoever_left_gives_nothing(cast: Cast, project: Project, newcomer: User) -> None:
    second = make_person("Olga Second")
    cast.members[second.email] = make_member(cast.acme, Role.OWNER, second)
    invitation, token = invite(cast, newcomer.email)
    promise(cast, second, invitation, project, Role.PROJECT_MEMBER)
    member_remove(
        membership=cast.members[second.email], reason="Left", actor=cast.access(cast.alice)
    )
    assert accept(newcomer, token).roles_on(project) == frozenset()
    assert "no longer here" in told(cast, cast.alice)[-1]


def test_an_archived_project_is_not_given(cast: Cast, project: Project, newcomer: User) -> None:
    other = make_project(cast.acme, "Billing run")
    invitation, token = invite(cast, newcomer.email)
    promise(cast, cast.alice, invitation, project, Role.PROJECT_MEMBER)
    promise(cast, cast.alice, invitation, other, Role.PROJECT_MEMBER)
    with bound(cast.acme.id):
        Project.objects.in_org(cast.acme).filter(pk=project.pk).update(state="archived")
    access = accept(newcomer, token)
    assert access.roles_on(project) == frozenset()
    assert access.roles_on(other) == {Role.PROJECT_MEMBER}


def test_an_end_user_joins_no_project(cast: Cast, project: Project, newcomer: User) -> None:
    invitation, token = invite(cast, newcomer.email)
    promise(cast, cast.alice, invitation, project, Role.PROJECT_MEMBER)
    invitation_change(
        invitation=invitation,
        role=Role.END_USER,
        days=5,
        reason="",
        actor=cast.access(cast.alice),
    )
    with pytest.raises(ValidationError) as refused:
        promise(cast, cast.alice, invitation, project, Role.PROJECT_VIEWER)
    assert code_of(refused.value) == "end_user"
    assert accept(newcomer, token).roles_on(project) == frozenset()


def test_production_is_promised_by_an_owner_alone(
    cast: Cast, project: Project, newcomer: User
) -> None:
    strict = make_project(cast.acme, "Live", policies=["owners_approve", "shares_end"])
    allow_admins(cast)
    make_grant(strict, cast.member(cast.adam), Role.PROJECT_OWNER)
    invitation, token = invite(cast, newcomer.email)
    with pytest.raises(ValidationError) as refused:
        promise(cast, cast.adam, invitation, strict, Role.PROJECT_MEMBER)
    assert code_of(refused.value) == "needs_approval"
    promise(cast, cast.alice, invitation, strict, Role.PROJECT_MEMBER)
    accept(newcomer, token)
    with bound(cast.acme.id):
        grant = strict.grants.get(user=newcomer)
    assert grant.expires_at is not None


def test_a_closed_invitation_takes_no_projects(cast: Cast, project: Project) -> None:
    invitation, _ = invite(cast, "new@example.com")
    invitation_revoke(invitation=invitation, actor=cast.access(cast.alice))
    address = f"invitations/{invitation.pk}/projects/"
    data = {"project": str(project.pk), "role": "project_member"}
    assert "may not be changed" in page(cast, cast.alice, address).content.decode()
    assert post(cast, cast.alice, address, data).status_code == 422


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"project": "x", "role": "project_member"},
        {"project": "00000000-0000-0000-0000-000000000000", "role": "project_member"},
        {"role": "project_member"},
        {"withdraw": "x"},
    ],
)
def test_hostile_input_is_refused_in_words(
    cast: Cast, project: Project, data: dict[str, str]
) -> None:
    invitation, _ = invite(cast, "new@example.com")
    answer = post(cast, cast.alice, f"invitations/{invitation.pk}/projects/", data)
    assert answer.status_code in (404, 422)


def test_a_foreign_project_or_invitation_is_not_there(cast: Cast, project: Project) -> None:
    foreign = make_project(cast.umbrella)
    invitation, _ = invite(cast, "new@example.com")
    address = f"invitations/{invitation.pk}/projects/"
    for role in ("project_member", "owner", "resource_admin"):
        data = {"project": str(foreign.pk), "role": role}
        assert post(cast, cast.alice, address, data).status_code == 422
    other = sign_in(cast.oscar).get(cast.url(address, cast.umbrella))
    assert other.status_code == 404


def _sent(cast: Cast, response) -> tuple[Invitation, str]:  # type: ignore[no-untyped-def]
    from tests.orgs.invitations import LINK

    token = LINK.findall(response.content.decode())[0]
    with bound(cast.acme.id):
        return Invitation.objects.in_org(cast.acme).get(), token
