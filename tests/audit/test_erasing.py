"""Erasing who was invited and never joined, what goes with the words, and what stays and is shown."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection

from audit import mentions, proof, queries
from audit.actions.erasing import audit_person_erase
from audit.actions.retention import audit_hold_place
from audit.events import Event
from audit.ledger import Target
from audit.models import SavedFilter
from audit.queries import EventFilter
from audit.streaming import entries_to_send
from config.roles import Role
from orgs.actions.invitations import invitation_resend, invitation_revoke
from orgs.actions.members import member_remove
from orgs.models import Invitation
from orgs.tenancy import bound
from tests.audit.ledgers import ALICE, change_role, make_chain
from tests.audit.proofs import GONE, PLACE, aged, export, inside, leave, outside, sign
from tests.factories import Cast, make_member, make_person, sign_in
from tests.orgs.invitations import invite, overdue

ADDRESS = "ines.duarte@example.com"


def sent(organization: uuid.UUID, address: str = ADDRESS, **more: Any) -> uuid.UUID:
    """The id of an invitation that the log tells of."""
    invitation = uuid.uuid4()
    change_role(
        organization,
        event=Event.INVITATION_SENT,
        target=Target("invitation", invitation, address),
        changes={"role": (None, "Member"), "expires_at": (None, "2026-12-01")},
        **more,
    )
    return invitation


def erase(organization: uuid.UUID, person: uuid.UUID, *, names: bool = True) -> int:
    with bound(organization):
        return audit_person_erase(
            organization=organization, person=person, names=names, actor=ALICE
        )


def found(organization: uuid.UUID, text: str) -> list[int]:
    with bound(organization):
        page = queries.event_list(organization=organization, filters=EventFilter(text=text))
    return [entry.sequence for entry in page.rows]


@pytest.mark.usefixtures("committed")
def test_an_invited_address_is_erased_everywhere_and_the_log_holds(
    settings: Any, tmp_path: Path
) -> None:
    settings.CHECKPOINT_DIRECTORY = str(tmp_path / "outside")
    organization = make_chain(2)
    first, invitation = sent(organization), sent(organization)
    sign(organization)
    mentioned = change_role(organization, target=Target("grant", None, f"for {ADDRESS}"))
    longer = change_role(organization, target=Target("grant", None, f"for x{ADDRESS}"))
    assert found(organization, "ines.duarte")
    assert erase(organization, invitation) == 3
    assert found(organization, "ines.duarte") == []
    assert found(organization, "xines.duarte") == [longer]
    assert inside(organization) is None
    assert outside(organization, tmp_path)[0] == 0
    taken = export(organization).decode()
    assert f" {ADDRESS}" not in taken
    assert f'"{ADDRESS}' not in taken
    with bound(organization):
        rows, _ = entries_to_send(organization=organization, after=0, areas=(), size=50)
        assert [row.words for row in rows if row.entry.sequence in (3, 4, mentioned)] == [None] * 3
        assert proof.person_gone(organization, first) is None
        newest = queries.recent(organization, 1)[0]
    assert newest.event is Event.AUDIT_PERSON_ERASED
    assert (newest.target_kind, newest.target_label) == ("invitation", "someone erased")
    assert ADDRESS not in newest.body


@pytest.mark.usefixtures("committed")
def test_an_address_that_was_invited_twice_stands_once_and_one_that_joined_not_at_all() -> None:
    organization = make_chain(1)
    sent(organization)
    again = sent(organization, ADDRESS.upper())
    joined = sent(organization, "mia@example.com")
    change_role(
        organization,
        event=Event.INVITATION_ACCEPTED,
        target=Target("invitation", joined, "mia@example.com"),
        changes={"role": (None, "Member")},
    )
    with bound(organization):
        gone = proof.people_gone(organization)
    assert [(one.id, one.name, one.never_joined) for one in gone] == [
        (again, ADDRESS.upper(), True)
    ]
    with pytest.raises(ValidationError, match="names nobody"):
        erase(organization, joined)
    with (
        pytest.raises(DatabaseError, match="Only who has left"),
        bound(organization),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT ledger_erase(%s, %s, true)", [organization, joined])


@pytest.mark.usefixtures("committed")
@pytest.mark.parametrize("address", ["a%b_c@example.com", "o'neil+x@example.com", "é@example.com"])
def test_hostile_addresses_erase_their_own_entries_alone(address: str) -> None:
    organization = make_chain(3)
    invitation = sent(organization, address)
    change_role(organization, target=Target("grant", None, "axb-c@example.com"))
    assert erase(organization, invitation) == 1
    assert inside(organization) is None


@pytest.mark.usefixtures("committed")
def test_a_hold_stops_erasing_an_invited_address_too() -> None:
    organization = make_chain(1)
    invitation = sent(organization)
    with bound(organization):
        audit_hold_place(organization=organization, reason="Inquiry", target=PLACE, actor=ALICE)
    with pytest.raises(ValidationError, match="legal hold"):
        erase(organization, invitation)
    with (
        pytest.raises(DatabaseError, match="under a legal hold"),
        bound(organization),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT ledger_erase(%s, %s, true)", [organization, invitation])


def test_an_open_invitation_is_revoked_first_and_goes_with_the_words(cast: Cast) -> None:
    earlier, _ = invite(cast, ADDRESS)
    with bound(cast.acme.id):
        overdue(cast, earlier)
        invitation, _ = invitation_resend(
            invitation=Invitation.objects.get(pk=earlier.pk), actor=cast.access(cast.alice)
        )
    other, _ = invite(cast, "someone.else@example.com")
    with pytest.raises(ValidationError, match=r"is open\. Revoke it first"):
        erase(cast.acme.id, invitation.id)
    with bound(cast.acme.id):
        invitation_revoke(invitation=invitation, actor=cast.access(cast.alice))
    assert erase(cast.acme.id, invitation.id) >= 3
    with bound(cast.acme.id):
        left = Invitation.objects.in_org(cast.acme).values_list("pk", flat=True)
        assert other.pk in left
        assert not Invitation.objects.in_org(cast.acme).filter(email=ADDRESS).exists()


def test_a_member_with_the_invited_address_is_not_erased_by_the_invitation(cast: Cast) -> None:
    invitation, _ = invite(cast, ADDRESS)
    with bound(cast.acme.id):
        invitation_revoke(invitation=invitation, actor=cast.access(cast.alice))
    make_member(cast.acme, Role.MEMBER, make_person("Ines Duarte", email=ADDRESS))
    with pytest.raises(ValidationError, match=r"is a member\. Remove them"):
        erase(cast.acme.id, invitation.id)


def test_an_invited_address_is_erased_on_its_page_after_it_was_typed(cast: Cast) -> None:
    invitation, _ = invite(cast, ADDRESS, reason="Ines counts the stock")
    with bound(cast.acme.id):
        invitation_revoke(invitation=invitation, actor=cast.access(cast.alice))
    client = sign_in(cast.alice)
    keeping = client.get(cast.url("audit-log/keeping/")).content.decode()
    assert ADDRESS in keeping
    assert "has not joined" in keeping
    url = cast.url(f"audit-log/keeping/people/{invitation.id}/erase/")
    page = client.get(url).content.decode()
    assert "Entries about the invitation" in page
    assert "Ines counts the stock" in page, "what stays can be read before"
    assert client.post(url, {"names": "1", "confirm": "ines"}).status_code == 422
    done = client.post(url, {"names": "1", "confirm": ADDRESS}, follow=True).content.decode()
    assert "Erased from" in done
    assert ADDRESS not in done
    assert client.get(url).status_code == 404


# --- What stays -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("committed")
def test_reasons_about_somebody_are_counted_shown_and_stay(settings: Any, tmp_path: Path) -> None:
    settings.CHECKPOINT_DIRECTORY = str(tmp_path / "outside")
    organization = uuid.uuid4()
    aged(organization)
    sign(organization)
    about = change_role(organization, target=Target("member", GONE, "Priya Raman"), reason="Moved")
    by_address = change_role(organization, reason="As priya@acme.example asked")
    by_name = change_role(organization, reason="Priya Raman is ill")
    change_role(organization, reason="Someone else is well")
    change_role(organization, reason="As xpriya@acme.example asked")
    leave(organization)
    with bound(organization):
        kept = mentions.mentions(organization, GONE)
    # The last is of the entry that tells of the leaving, with the reason that tests type.
    assert [one.sequence for one in kept.newest] == [by_name + 3, by_name, by_address, about]
    assert [one.is_about for one in kept.newest] == [True, False, False, True]
    assert [one.reason for one in kept.newest[1:]] == [
        "Priya Raman is ill", "As priya@acme.example asked", "Moved",
    ]  # fmt: skip
    assert kept.number == 4
    erase(organization, GONE)
    assert inside(organization) is None
    assert outside(organization, tmp_path)[0] == 0
    assert b"Priya Raman is ill" in export(organization), "the proof is of exactly this text"


def test_page_shows_what_stays_before_anything_is_erased(cast: Cast) -> None:
    person = make_person("Priya Raman")
    member = make_member(cast.acme, Role.MEMBER, person)
    with bound(cast.acme.id):
        member_remove(membership=member, reason="<b>Asked</b> twice", actor=cast.access(cast.alice))
    page = sign_in(cast.alice).get(cast.url(f"audit-log/keeping/people/{member.id}/erase/"))
    said = page.content.decode()
    assert "What was typed as a reason stays" in said
    assert "&lt;b&gt;Asked&lt;/b&gt; twice" in said
    assert "Only retention takes it out" in said


# --- What goes with the words ---------------------------------------------------------------------


def test_saved_filters_that_name_somebody_go_and_others_stay(cast: Cast) -> None:
    person = make_person("Priya Raman", email="priya@acme.example")
    member = make_member(cast.acme, Role.MEMBER, person)
    with bound(cast.acme.id):
        member_remove(membership=member, reason="", actor=cast.access(cast.alice))
        for name, text, whose in (
            ("By address", "PRIYA@acme.example", cast.alice),
            ("What priya raman did", "", cast.adam),
            ("By name", "seen by Priya  Raman", cast.adam),
            ("Longer", "xpriya@acme.example", cast.alice),
            ("Others", "denied", cast.alice),
        ):
            SavedFilter.objects.create(
                organization_id=cast.acme.id,
                membership_id=cast.access(whose).membership_id,
                name=name,
                query={"q": text},
            )
        change_role(cast.acme.id)
        labels = proof.labels_of(cast.acme.id, member.id)
        assert len(mentions.filters_naming(cast.acme.id, labels, names=True)) == 3
        assert len(mentions.filters_naming(cast.acme.id, labels, names=False)) == 1
    erase(cast.acme.id, member.id)
    with bound(cast.acme.id):
        left = SavedFilter.objects.filter(organization_id=cast.acme.id)
        assert set(left.values_list("name", flat=True)) == {"Longer", "Others"}


def test_another_organization_keeps_what_it_knows(cast: Cast) -> None:
    theirs = sent(cast.umbrella.id)
    ours = sent(cast.acme.id)
    erase(cast.acme.id, ours)
    assert found(cast.umbrella.id, "ines.duarte")
    with pytest.raises(ValidationError, match="names nobody"):
        erase(cast.acme.id, theirs)
