"""Asking for a new project, and what approving makes of it."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.exceptions import ValidationError

from config.roles import Role
from orgs.tenancy import bound
from projects.models import Project, Request
from tests.factories import Cast, make_member, make_person
from tests.projects.factories import make_project, make_workspace
from tests.projects.requests import (
    actions_of,
    approve,
    ask_project,
    code_of,
    only_request,
    page,
    post,
    refuse,
    told,
)

FORM = {"name": "Order intake", "description": "Orders by mail", "reason": "Sales waits for it"}


@pytest.mark.requirement("S2-051")
def test_a_member_asks_and_an_owner_makes_it(
    cast: Cast, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        response = post(cast, cast.mia, "requests/project/", FORM)
    asked = only_request(cast)
    assert response.status_code == 302
    assert response["Location"] == cast.url(f"requests/{asked.pk}/")
    assert told(cast, cast.alice) == ["Mia Castellano asks for the project Order intake."]
    (letter,) = mail.outbox
    assert letter.to == [cast.alice.email]
    assert "Sales waits for it" in letter.body
    with django_capture_on_commit_callbacks(execute=True):
        answered = post(cast, cast.alice, f"requests/{asked.pk}/approve/", {"name": "Order intake"})
    assert answered.status_code == 302
    with bound(cast.acme.id):
        project = Project.objects.in_org(cast.acme).get(name="Order intake")
    assert project.description == "Orders by mail"
    assert cast.access(cast.mia).roles_on(project) == {Role.PROJECT_OWNER}
    assert actions_of(cast)[-4:] == [
        "request.made",
        "project.created",
        "project.shared",
        "request.approved",
    ]
    assert told(cast, cast.mia) == [
        "Alice Marlow approved your request for the project Order intake."
    ]
    assert mail.outbox[-1].to == [cast.mia.email]


@pytest.mark.requirement("S2-051")
def test_an_owner_declines_with_a_reason(cast: Cast) -> None:
    asked = ask_project(cast, cast.mia)
    response = post(cast, cast.alice, f"requests/{asked.pk}/refuse/", {"answer": "One exists"})
    assert response.status_code == 302
    asked = only_request(cast)
    assert (asked.state, asked.answer) == (Request.State.REFUSED, "One exists")
    assert "One exists" in page(cast, cast.mia, f"requests/{asked.pk}/").content.decode()
    with bound(cast.acme.id):
        assert not Project.objects.in_org(cast.acme).exists()


@pytest.mark.requirement("S2-071")
def test_a_project_owner_may_only_ask(cast: Cast) -> None:
    asked = ask_project(cast, cast.mia)
    approve(cast, cast.alice, asked)
    response = post(cast, cast.mia, "projects/new/", {"name": "Another"})
    assert response.status_code == 302
    with bound(cast.acme.id):
        assert Project.objects.in_org(cast.acme).count() == 1
    assert page(cast, cast.mia, "requests/project/").status_code == 200


def test_a_projects_admin_may_decide_and_is_told(cast: Cast) -> None:
    from tests.factories import make_group, make_seat
    from tests.projects.factories import make_group_role

    person = make_person("Paul Admin")
    member = make_member(cast.acme, Role.MEMBER, person)
    group = make_group(cast.acme)
    make_group_role(group, Role.PROJECTS_ADMIN)
    make_seat(group, member)
    cast.members[person.email] = member
    asked = ask_project(cast, cast.mia)
    assert len(told(cast, person)) == 1
    approve(cast, person, asked)
    assert only_request(cast).state == "approved"


@pytest.mark.parametrize("name", ["vera", "eddie"])
def test_who_may_not_ask_is_sent_away(cast: Cast, name: str) -> None:
    person = getattr(cast, name)
    assert post(cast, person, "requests/project/", FORM).status_code == 302
    with bound(cast.acme.id):
        assert not Request.objects.in_org(cast.acme).exists()


def test_nobody_approves_their_own(cast: Cast) -> None:
    asked = ask_project(cast, cast.mia)
    with bound(cast.acme.id):
        member = cast.member(cast.mia)
        type(member).objects.filter(pk=member.pk).update(role=Role.OWNER)
        from audit import ledger
        from audit.events import Event
        from orgs.actions.members import target_of
        from tests.factories import TEST

        ledger.record(
            Event.MEMBER_ROLE_CHANGED,
            organization=cast.acme.id,
            actor=TEST,
            target=target_of(member),
            changes={"role": ("Member", "Owner")},
        )
    with pytest.raises(ValidationError) as refused:
        approve(cast, cast.mia, asked)
    assert code_of(refused.value) == "oneself"
    response = post(cast, cast.mia, f"requests/{asked.pk}/approve/", {"name": "Order intake"})
    assert response.status_code == 422
    assert "Nobody answers their own request" in response.content.decode()
    assert actions_of(cast, "failed") == ["request.approved"]


def test_the_name_may_be_taken_meanwhile_and_another_given(cast: Cast) -> None:
    asked = ask_project(cast, cast.mia)
    make_project(cast.acme, "Order intake")
    path = f"requests/{asked.pk}/approve/"
    response = post(cast, cast.alice, path, {"name": "Order intake"})
    assert response.status_code == 422
    assert "exists" in response.content.decode()
    assert only_request(cast).state == "pending"
    assert post(cast, cast.alice, path, {"name": "Order intake 2"}).status_code == 302


def test_an_asker_who_became_an_end_user_gets_none(cast: Cast) -> None:
    from tests.projects.requests import ask_project as ask

    asked = ask(cast, cast.mia)
    from orgs.actions.members import member_change_role

    member_change_role(
        membership=cast.member(cast.mia),
        role=Role.END_USER,
        reason="",
        actor=cast.access(cast.alice),
    )
    response = post(cast, cast.alice, f"requests/{asked.pk}/approve/", {"name": "Order intake"})
    assert response.status_code == 422
    assert "End User" in response.content.decode()


def test_the_same_is_asked_once_at_a_time(cast: Cast) -> None:
    ask_project(cast, cast.mia)
    response = post(cast, cast.mia, "requests/project/", FORM | {"name": "Order intake"})
    assert response.status_code == 422
    assert "already asked" in response.content.decode()
    assert actions_of(cast, "failed") == ["request.made"]


def test_twenty_wait_at_most(cast: Cast) -> None:
    for number in range(20):
        ask_project(cast, cast.mia, f"Project {number}")
    with pytest.raises(ValidationError) as refused:
        ask_project(cast, cast.mia, "One more")
    assert code_of(refused.value) == "too_many"


def test_a_workspace_that_one_does_not_see_is_not_offered(cast: Cast) -> None:
    hidden = make_workspace(cast.acme)
    response = post(cast, cast.mia, "requests/project/", FORM | {"workspace": str(hidden.pk)})
    assert response.status_code == 422
    foreign = make_workspace(cast.umbrella)
    response = post(cast, cast.alice, "requests/project/", FORM | {"workspace": str(foreign.pk)})
    assert response.status_code == 302


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\u202eb"),
        ("name", "x" * 101),
        ("name", "\0"),
        ("reason", ""),
        ("reason", "x" * 1001),
        ("reason", "\u202e"),
        ("workspace", "1 OR 1=1"),
    ],
)
def test_hostile_input_is_refused_in_words(cast: Cast, field: str, value: str) -> None:
    response = post(cast, cast.mia, "requests/project/", FORM | {field: value})
    assert response.status_code == 422


def test_a_hostile_name_is_shown_as_text(cast: Cast) -> None:
    asked = ask_project(cast, cast.mia, "<script>alert(1)</script>", reason="<b>now</b>")
    shown = page(cast, cast.alice, f"requests/{asked.pk}/").content.decode()
    assert "<script>alert" not in shown
    assert "&lt;b&gt;now&lt;/b&gt;" in shown


def test_two_owners_at_once_one_wins(cast: Cast) -> None:
    second = make_person("Olga Second")
    cast.members[second.email] = make_member(cast.acme, Role.OWNER, second)
    asked = ask_project(cast, cast.mia)
    approve(cast, cast.alice, asked)
    with pytest.raises(ValidationError) as late:
        refuse(cast, second, asked)
    assert "approved by Alice Marlow" in late.value.messages[0]
    # The same click twice is no failure.
    assert approve(cast, cast.alice, asked).state == "approved"
    with bound(cast.acme.id):
        assert Project.objects.in_org(cast.acme).count() == 1
