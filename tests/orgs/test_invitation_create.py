"""Inviting: one or many, who may, up to which role, within the seats."""

from __future__ import annotations

import hashlib
import re
import time
from html import unescape

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from config.roles import Role
from orgs.actions.invitations import invitation_create
from orgs.models import Membership
from orgs.tenancy import bound
from tests.factories import Cast, make_member, sign_in
from tests.orgs.invitations import (
    LINK,
    allow_admins,
    as_adam,
    check_constraints,
    entries,
    invitations,
    invite,
    limit_seats,
    overdue,
    post_invite,
    seats_used,
)

pytestmark = pytest.mark.django_db
CHOSEN = re.compile(r'name="role" value="(\w+)"[^>]* checked')


def csv(content: bytes | str, name: str = "people.csv") -> SimpleUploadedFile:
    raw = content.encode() if isinstance(content, str) else content
    return SimpleUploadedFile(name, raw, content_type="text/csv")


@pytest.mark.requirement("S1-042", "S2-156", "S1-009")
def test_an_owner_invites_from_the_page(cast: Cast, django_capture_on_commit_callbacks) -> None:
    alice = sign_in(cast.alice)
    assert "Invite member" in alice.get(cast.url("invitations/")).text
    checked = post_invite(cast, alice, step="check", people="ana@partner.example")
    assert checked.status_code == 200
    assert "Nothing is done yet" in checked.text
    assert not invitations(cast)
    with django_capture_on_commit_callbacks(execute=True):
        sent = post_invite(cast, alice, people="ana@partner.example")
    assert sent.status_code == 200
    (invitation,) = invitations(cast).values()
    assert (invitation.email, invitation.role) == ("ana@partner.example", "member")
    check_constraints()
    (letter,) = mail.outbox
    assert letter.to == ["ana@partner.example"]
    assert letter.subject == "Alice Marlow invites you to Acme Robotics"
    assert LINK.search(letter.body)[1] == LINK.search(sent.text)[1]


def test_only_the_hash_of_a_link_is_kept(cast: Cast) -> None:
    invitation, token = invite(cast, "ana@partner.example")
    assert bytes(invitation.token_hash) == hashlib.sha256(token.encode()).digest()
    assert token not in sign_in(cast.alice).get(cast.url("invitations/")).text


@pytest.mark.requirement("S1-010")
def test_each_invitation_leaves_an_entry(cast: Cast) -> None:
    post_invite(cast, people="a@x.example, b@x.example; c@x.example")
    assert len(entries(cast, "invitation.sent")) == 3
    check_constraints()


@pytest.mark.requirement("S4-010")
def test_who_is_invited_is_a_member_unless_another_role_is_chosen(cast: Cast) -> None:
    page = sign_in(cast.alice).get(cast.url("invitations/new/")).text
    assert CHOSEN.findall(page) == ["member"]


@pytest.mark.requirement("S2-157")
@pytest.mark.parametrize("role", ["owner", "member", "viewer"])
def test_an_owner_chooses_the_role(cast: Cast, role: str) -> None:
    post_invite(cast, people="ana@x.example", role=role, reason="Leads the team")
    assert invitations(cast)["ana@x.example"].role == role


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_a_role_that_reaches_far_needs_a_reason_and_warns(cast: Cast, role: str) -> None:
    refused = post_invite(cast, people="ana@x.example", role=role)
    assert refused.status_code == 422
    assert "Say why" in refused.text
    assert not invitations(cast)
    asked = post_invite(cast, step="check", people="ana@x.example", role=role, reason="Deputy")
    assert "reach" in asked.text
    assert Role(role).description in unescape(asked.text)


@pytest.mark.requirement("S2-023", "S1-009", "S2-053", "S2-107")
def test_only_who_may_invite_reaches_the_door(cast: Cast) -> None:
    for person in (cast.adam, cast.mia, cast.vera, cast.eddie):
        client = sign_in(person)
        assert client.get(cast.url("invitations/new/")).status_code == 302
        assert post_invite(cast, client, people="ana@x.example").status_code == 302
    for person in (cast.oscar, cast.sam):
        assert post_invite(cast, sign_in(person), people="ana@x.example").status_code == 404
    assert not invitations(cast)


def test_an_admin_whom_the_policy_lets_invite_stays_below_its_own_role(cast: Cast) -> None:
    allow_admins(cast)
    adam = sign_in(cast.adam)
    page = adam.get(cast.url("invitations/new/")).text
    assert 'value="owner"' not in page
    assert 'value="admin"' not in page
    for role in ("member", "viewer", "end_user"):
        sent = post_invite(cast, adam, people=f"{role}@x.example", role=role)
        assert sent.status_code == 200
    for role in ("owner", "admin"):
        refused = post_invite(cast, adam, people=f"{role}@x.example", role=role, reason="Mine")
        assert refused.status_code == 422
        assert "You may not give the role" in refused.text
    assert {i.role for i in invitations(cast).values()} == {"member", "viewer", "end_user"}
    (failed, _) = entries(cast, "invitation.sent", outcome="failed")
    assert '"ceiling"' in failed.body


def test_a_role_above_the_ceiling_in_a_file_is_refused_line_by_line(cast: Cast) -> None:
    allow_admins(cast)
    rows = "email,role,reason\nlow@x.example,viewer,\nhigh@x.example,owner,Please\n"
    sent = post_invite(cast, sign_in(cast.adam), people=rows)
    assert "You may not give the role Owner" in sent.text
    assert set(invitations(cast)) == {"low@x.example"}


def test_the_deed_itself_holds_the_ceiling(cast: Cast) -> None:
    allow_admins(cast)
    with pytest.raises(ValidationError) as refusal:
        invitation_create(email="a@x.example", role=Role.ADMIN, reason="Why", actor=as_adam(cast))
    assert refusal.value.code == "ceiling"


def test_a_role_typo_is_refused(cast: Cast) -> None:
    assert post_invite(cast, people="a@x.example", role="superowner").status_code == 422
    sent = post_invite(cast, people="email,role\na@x.example,membr\nb@x.example,End User")
    assert "There is no role “membr”" in sent.text
    assert {i.email: i.role for i in invitations(cast).values()} == {"b@x.example": "end_user"}


@pytest.mark.parametrize(
    ("email", "code"),
    [
        ("{mia}", "already_member"),
        ("{alice}", "own_address"),
        ("open@x.example", "already_pending"),
        ("not an address", "invalid_email"),
        ("аlice@x.example", "look_alike"),
        ("x" * 300 + "@x.example", "too_long"),
    ],
)
def test_whom_one_cannot_invite(cast: Cast, email: str, code: str) -> None:
    invite(cast, "open@x.example")
    with pytest.raises(ValidationError) as refusal:
        invite(cast, email.format(mia=cast.mia.email, alice=cast.alice.email))
    assert refusal.value.code == code


def test_addresses_are_one_whatever_their_case_and_tags_make_others(cast: Cast) -> None:
    sent = post_invite(cast, people="Ana@X.example\nana@x.example\nana+work@x.example")
    assert "Twice in this list" in sent.text
    assert set(invitations(cast)) == {"ana@x.example", "ana+work@x.example"}


def test_names_around_addresses_are_understood(cast: Cast) -> None:
    people = (
        '"Ode, Ben" <ben@x.example>; Ana Silva <ana@x.example>\n\n ,, cy@x.example\tdi@x.example'
    )
    post_invite(cast, people=people)
    assert set(invitations(cast)) == {f"{name}@x.example" for name in ("ben", "ana", "cy", "di")}


def test_an_expired_invitation_makes_room_for_a_new_one(cast: Cast) -> None:
    first, _ = invite(cast, "ana@x.example")
    overdue(cast, first)
    second, _ = invite(cast, "ana@x.example")
    assert second.pk != first.pk
    with bound(cast.acme.id):
        first.refresh_from_db()
    assert first.state == "expired"
    assert seats_used(cast) == 6


# Seats ------------------------------------------------------------------------------------------


def test_seats_are_shown_before_and_after(cast: Cast) -> None:
    limit_seats(cast, 60)
    assert "5 of 60 seats in use" in sign_in(cast.alice).get(cast.url("invitations/new/")).text
    checked = post_invite(cast, step="check", people="a@x.example, b@x.example, c@x.example").text
    assert "5 of 60 seats in use, 8 after" in " ".join(checked.split())
    assert "Invite 3 people" in checked


def test_no_more_are_invited_than_seats_are_free(cast: Cast) -> None:
    limit_seats(cast, 6)
    people = "a@x.example, b@x.example"
    checked = post_invite(cast, step="check", people=people).text
    assert "Invite 1 person" in checked
    assert "No seat is left" in checked
    sent = post_invite(cast, people=people).text
    assert "No seat is free" in sent
    assert set(invitations(cast)) == {"a@x.example"}
    assert seats_used(cast) == 6
    check_constraints()


def test_an_overdue_invitation_holds_no_seat(cast: Cast) -> None:
    limit_seats(cast, 6)
    first, _ = invite(cast, "old@x.example")
    overdue(cast, first)
    assert "5 of 6 seats in use" in sign_in(cast.alice).get(cast.url("invitations/new/")).text
    invite(cast, "new@x.example")
    assert seats_used(cast) == 6


# Placeholders -----------------------------------------------------------------------------------


def test_an_invitation_takes_over_the_entry_with_its_address(cast: Cast) -> None:
    entry = make_member(cast.acme, login="ana-s", name="Ana", email="ana@x.example")
    checked = post_invite(cast, step="check", people="ana@x.example").text
    assert "takes the place of Ana" in checked
    invitation, _ = invite(cast, "ana@x.example")
    assert invitation.membership_id == entry.pk


def test_an_invitation_takes_over_the_entry_that_is_named(cast: Cast) -> None:
    entry = make_member(cast.acme, login="ana-s", name="Ana")
    alice, url = sign_in(cast.alice), cast.url(f"invitations/new/?membership={entry.pk}")
    assert "Invite Ana" in alice.get(url).text
    form = {"role": "member", "step": "apply"}
    assert alice.post(url, form | {"people": "a@x.example, b@x.example"}).status_code == 422
    assert alice.post(url, form | {"people": "ana@x.example"}).status_code == 200
    assert invitations(cast)["ana@x.example"].membership_id == entry.pk


def test_an_entry_of_elsewhere_or_with_a_person_cannot_be_taken_over(cast: Cast) -> None:
    foreign = make_member(cast.umbrella, login="ana-s", name="Ana")
    alice = sign_in(cast.alice)
    for pk in (foreign.pk, cast.member(cast.mia).pk, "nonsense"):
        url = cast.url(f"invitations/new/?membership={pk}")
        assert alice.get(url).status_code == 404
        assert alice.post(url, {"people": "a@x.example"}).status_code == 404


def test_an_admin_cannot_hand_out_an_owners_entry(cast: Cast) -> None:
    allow_admins(cast)
    entry = make_member(cast.acme, Role.OWNER, login="boss", name="Boss", email="boss@x.example")
    for membership in (None, entry):
        with pytest.raises(ValidationError) as refusal:
            invitation_create(
                email="boss@x.example",
                role=Role.MEMBER,
                reason="",
                actor=as_adam(cast),
                membership=membership,
            )
        assert refusal.value.code == "ceiling"
    with bound(cast.acme.id):
        assert Membership.objects.get(pk=entry.pk).role == "owner"


# Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "people",
    [
        "",
        " ,;\n",
        "\x00",
        "a\x00b@x.example",
        "<script>alert(1)</script>",
        "\u202egro.elpmaxe@eve",
        "a@x.example\u200b",
        "ana@еxample.org",
        "=HYPERLINK(1)@x",
        "x" * 100_000,
        '"' * 5000,
        "<" * 5000,
        "email,role\n" + '"' * 3,
        "email,shoe size\na@x.example,44",
        "email,email\na@x.example,b@x.example",
    ],
)
@pytest.mark.parametrize("step", ["check", "apply"])
def test_bad_addresses_are_answered_and_nothing_is_done(cast: Cast, people: str, step: str) -> None:
    answer = post_invite(cast, step=step, people=people)
    assert answer.status_code in (200, 422)
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text.split("<ul", 1)[-1].split("</ul>")[0]
    assert not invitations(cast)


def test_a_good_line_is_not_held_back_by_a_bad_one(cast: Cast) -> None:
    sent = post_invite(cast, people="a@x.example\n=1+1\nb@x.example")
    assert sent.status_code == 200
    assert set(invitations(cast)) == {"a@x.example", "b@x.example"}


def test_a_file_is_checked_and_carried_to_the_deed(cast: Cast) -> None:
    file = csv("\ufeffEmail;Role;Reason\r\nana@x.example;Viewer;Audit\r\nben@x.example;;\r\n")
    checked = post_invite(cast, step="check", file=file)
    assert checked.status_code == 200
    people = checked.context["typed"]["people"]
    post_invite(cast, people=people)
    found = invitations(cast)
    assert {i.email: (i.role, i.reason) for i in found.values()} == {
        "ana@x.example": ("viewer", "Audit"),
        "ben@x.example": ("member", ""),
    }


def test_a_file_without_a_first_line_of_columns_is_understood(cast: Cast) -> None:
    checked = post_invite(cast, step="check", file=csv("ana@x.example,viewer\nben@x.example,\n"))
    post_invite(cast, people=checked.context["typed"]["people"])
    assert {i.role for i in invitations(cast).values()} == {"viewer", "member"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("email\nana@x.example\n".encode("utf-16"), "not in UTF-8"),
        ("email,reason\nana@x.example,Für immer".encode("latin-1"), "not in UTF-8"),
        (b"email\n\x00", "not in UTF-8"),
        (b"name,mail\nAna,ana@x.example", "first line must name the columns"),
        (b"", "first line must name the columns"),
        (b"email\n", "at least one address"),
        (b"email,role\n" + b"a@x.example,member\n" * 1001, "has 1,001"),
        (b"email\n" + b"a@x.example\n" * 100_000, "has 100,000"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(cast: Cast, content: bytes, words: str) -> None:
    start = time.monotonic()
    refused = post_invite(cast, step="check", file=csv(content))
    assert refused.status_code == 422
    assert words in refused.text
    assert time.monotonic() - start < 5
    assert not invitations(cast)


def test_a_list_that_is_too_long_is_refused_at_once(cast: Cast) -> None:
    people = "\n".join(f"p{number}@x.example" for number in range(100_000))
    refused = post_invite(cast, people=people)
    assert refused.status_code == 422
    assert "At most 1,000 at a time; this has 100,000." in refused.text


@pytest.mark.parametrize("text", ["a" * 2**21, '"a' * 2**20, "<" * 2**21, "email\n" + "<" * 2**21])
def test_a_text_that_is_too_long_is_not_even_read(cast: Cast, text: str) -> None:
    refused = post_invite(cast, people=text)
    assert refused.status_code == 422
    assert "Use at most 1,000,000 characters" in refused.text


def test_a_thousand_are_invited_at_once(cast: Cast) -> None:
    people = "\n".join(f"p{number}@x.example" for number in range(1000))
    assert post_invite(cast, people=people).status_code == 200
    assert len(entries(cast, "invitation.sent")) == 1000
    assert seats_used(cast) == 1005


def test_going_back_keeps_what_was_typed(cast: Cast) -> None:
    page = post_invite(cast, step="edit", people="ana@x.example", role="viewer", reason="Audit")
    assert page.status_code == 200
    assert "ana@x.example" in page.text
    assert CHOSEN.findall(page.text) == ["viewer"]
    assert "Audit" in page.text


def test_the_dialog_gets_the_part_and_the_list_is_told(cast: Cast) -> None:
    alice = sign_in(cast.alice)
    form = {"people": "ana@x.example", "role": "member", "step": "apply"}
    sent = alice.post(cast.url("invitations/new/"), form, headers={"HX-Request": "true"})
    assert "<html" not in sent.text
    assert "invitationsChanged" in sent["HX-Trigger"]
    assert LINK.search(sent.text)
