"""Many entries in one transaction: each follows the one before, and none looks for the head again."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection, transaction

from audit.models import Effect
from audit.queries import first_flaw
from orgs.models import Membership
from orgs.tenancy import bound
from tests.audit.ledgers import change_role
from tests.factories import Cast, make_member, make_organization, make_person


def looked_up() -> int:
    """How often this transaction has looked for heads by their index."""
    return int(
        asked(
            "SELECT coalesce(idx_scan, 0) + coalesce(seq_scan, 0) FROM pg_stat_xact_user_tables"
            " WHERE relname = 'audit_head'"
        )
    )


def asked(statement: str, *parameters: object) -> str:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row = cursor.fetchone()
    return str(row[0])


def test_the_head_is_looked_up_once_however_many_entries_follow(db: None) -> None:
    organization = uuid.uuid4()
    change_role(organization)
    before = looked_up()
    for _ in range(50):
        change_role(organization)
    assert looked_up() == before
    with bound(organization):
        assert first_flaw(organization) is None


def test_the_place_of_the_head_goes_back_with_what_is_undone(db: None) -> None:
    organization = uuid.uuid4()
    assert change_role(organization) == 1
    with transaction.atomic():
        assert change_role(organization) == 2
        transaction.set_rollback(True)
    assert change_role(organization) == 2
    with bound(organization):
        assert first_flaw(organization) is None


def test_two_ledgers_in_turn_keep_their_own_numbers(db: None) -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    assert [change_role(ledger) for ledger in (one, other, one, one, other)] == [1, 1, 2, 3, 2]
    for ledger in (one, other):
        with bound(ledger):
            assert first_flaw(ledger) is None


@pytest.mark.parametrize("place", ["", "(0,1)", "(4294967295,65535)", "of the other"])
def test_nobody_leads_a_ledger_to_another_head(db: None, place: str) -> None:
    one, other = uuid.uuid4(), uuid.uuid4()
    change_role(one)
    change_role(other)
    if place == "of the other":
        place = asked("SELECT current_setting('app.head')")
    asked("SELECT set_config('app.head', %s, true)", place)
    assert change_role(one) == 2
    assert change_role(other) == 2
    for ledger in (one, other):
        with bound(ledger):
            assert first_flaw(ledger) is None


def test_each_entry_claims_what_was_done_since_the_last(cast: Cast) -> None:
    """Whose claim ends where the next begins, in one transaction."""
    added = [make_member(cast.acme) for _ in range(3)]
    with bound(cast.acme.id):
        claimed = list(
            Effect.objects.filter(organization_id=cast.acme.id, row__in=[one.pk for one in added])
            .order_by("id")
            .values_list("sequence", flat=True)
        )
        assert None not in claimed
        assert len(set(claimed)) == 3
        assert first_flaw(cast.acme.id) is None


@pytest.mark.race
def test_no_setting_keeps_a_change_from_its_entry(committed: None) -> None:
    organization = make_organization(make_person())
    with bound(organization.id):
        asked("SELECT set_config('app.effects_after', '9000000000000000000', true)")
        member = Membership.objects.create(
            organization=organization, name="Robin Reed", login="robin", role="member"
        )
        change_role(organization.id)
    with bound(organization.id):
        effect = Effect.objects.get(organization_id=organization.id, row=member.pk)
        assert effect.sequence is not None
        assert first_flaw(organization.id) is None
