"""Two people change the same thing at the same moment: one is first, the other is told so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.test import Client

from audit.models import Event as Entry
from config.roles import Role
from orgs.actions import groups
from orgs.actions.invitations import invitation_create
from orgs.models import Group, Membership
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_member, make_person, sign_in
from tests.orgs.test_invitation_races import House
from tests.races import together

ROUNDS = 6


def gone(**_: Any) -> None:
    raise ObjectDoesNotExist("Deleted by somebody a moment ago.")


def test_who_comes_second_reads_so_and_leaves_nothing(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = make_group(cast.acme)

    def halfway(**_: Any) -> None:
        Group.objects.filter(pk=group.pk).update(name="Halfway")
        gone()

    monkeypatch.setattr(groups, "group_delete", halfway)
    response = sign_in(cast.alice).post(
        cast.url(f"groups/{group.pk}/delete/"), {"confirm": group.name}
    )
    assert response.status_code == 409
    assert b"Nothing of yours was saved" in response.content
    with bound(cast.acme.id):
        assert Group.objects.get(pk=group.pk).name == group.name
        newest = Entry.objects.latest("sequence")
    assert (newest.action, newest.outcome) == ("group.deleted", "failed")


def test_who_comes_second_keeps_the_page_and_gets_a_toast(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = make_group(cast.acme)
    monkeypatch.setattr(groups, "group_delete", gone)
    response = sign_in(cast.alice).post(
        cast.url(f"groups/{group.pk}/delete/"),
        {"confirm": group.name},
        headers={"HX-Request": "true"},
    )
    assert response.status_code == 409
    assert response["HX-Reswap"] == "none"
    assert "just changed" in response["HX-Trigger"]


def post(client: Client, url: str, **data: str) -> Callable[[], int]:
    client.raise_request_exception = False
    return lambda: client.post(url, data).status_code


class Board(House):
    """An organization whose owner sits at two screens."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.other = sign_in(self.owner), sign_in(self.owner)

    def url(self, page: str) -> str:
        return f"/o/{self.organization.slug}/{page}"


def a_group_deleted_twice(board: Board) -> list[Callable[[], int]]:
    group = make_group(board.organization)
    url = board.url(f"groups/{group.pk}/delete/")
    return [post(client, url, confirm=group.name) for client in (board.one, board.other)]


def a_group_changed_while_deleted(board: Board) -> list[Callable[[], int]]:
    group = make_group(board.organization)
    return [
        post(board.one, board.url(f"groups/{group.pk}/delete/"), confirm=group.name),
        post(board.other, board.url(f"groups/{group.pk}/change/"), name=f"{group.name} two"),
    ]


def a_group_made_inside_one_that_is_deleted(board: Board) -> list[Callable[[], int]]:
    group = make_group(board.organization)
    return [
        post(board.one, board.url(f"groups/{group.pk}/delete/"), confirm=group.name),
        post(board.other, board.url("groups/new/"), name=f"{group.name} in", parent=str(group.pk)),
    ]


def an_invitation_taken_up_while_its_entry_is_removed(board: Board) -> list[Callable[[], int]]:
    person = make_person()
    entry = make_member(board.organization, Role.MEMBER, login=f"entry-{person.pk.hex}")

    def invite(access: Any) -> str:
        _, token = invitation_create(
            email=person.email, role=Role.MEMBER, reason="", actor=access, membership=entry
        )
        return token

    token = board.as_owner(invite)()
    return [
        post(sign_in(person), f"/invitations/{token}/accept/"),
        post(board.one, board.url(f"members/{entry.pk}/remove/"), confirm=entry.name),
    ]


def members_removed_from_two_lists(board: Board) -> list[Callable[[], int]]:
    members = [make_member(board.organization) for _ in range(2)]
    owners = [make_person() for _ in range(2)]
    seats = [make_member(board.organization, Role.OWNER, owner) for owner in owners]
    deeds = []
    for owner, other in zip(owners, reversed(seats), strict=True):
        ticked = [str(member.pk) for member in (*members, other)]
        data: dict[str, Any] = {"member": ticked, "apply": "1"}
        data["confirm"] = board.organization.name
        deeds.append(post(sign_in(owner), board.url("members/remove/"), **data))
    return deeds


def members_who_remove_each_other(board: Board) -> list[Callable[[], int]]:
    people = [make_person() for _ in range(2)]
    seats = [make_member(board.organization, Role.OWNER, person) for person in people]
    return [
        post(sign_in(person), board.url(f"members/{other.pk}/remove/"), confirm=other.name)
        for person, other in zip(people, reversed(seats), strict=True)
    ]


@pytest.mark.race
@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize(
    "meeting",
    [
        a_group_deleted_twice,
        a_group_changed_while_deleted,
        a_group_made_inside_one_that_is_deleted,
        an_invitation_taken_up_while_its_entry_is_removed,
        members_removed_from_two_lists,
        members_who_remove_each_other,
    ],
)
def test_nobody_sees_a_failure_and_one_of_them_is_through(
    meeting: Callable[[Board], list[Callable[[], int]]],
) -> None:
    board = Board()
    for _ in range(ROUNDS):
        answers = together(*meeting(board))
        assert all(isinstance(answer, int) and answer < 500 for answer in answers), answers
        assert min(answers) < 400, answers
    with transaction.atomic(), bound(board.organization.id):
        owners = Membership.objects.in_org(board.organization).filter(role=Role.OWNER)
        assert owners.filter(person=board.owner).exists()
