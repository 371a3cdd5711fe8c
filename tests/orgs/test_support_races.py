"""Windows when people act at the same moment: real connections, real commits."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.ledger import Actor
from audit.models import Event as Entry
from orgs.actions.support import support_clear, support_end, support_open
from orgs.actions.support_cases import support_case_create
from orgs.models import Membership, Organization, SupportCase, SupportWindow
from orgs.tenancy import bind_member, bound
from tests.factories import make_organization, make_person
from tests.orgs.support import HOUR, earlier, open_window
from tests.races import together

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("committed")]

ROUNDS = 8


def scene(**window: Any) -> tuple[Organization, User, User, SupportWindow]:
    alice, sam = make_person("Alice"), make_person("Sam", is_staff=True)
    organization = make_organization(alice, "Race")
    return organization, alice, sam, open_window(organization, alice, sam, **window)


def acting(organization: Organization, person: User, act):
    def deed():
        with transaction.atomic():
            access = bind_member(
                organization.slug, person.pk, identity=Actor("person", person.pk, "")
            )
            return act(access) if access else "not let in"

    return deed


def left(organization: Organization) -> tuple[int, object]:
    with bound(organization.id):
        members = Membership.objects.in_org(organization).filter(origin="support").count()
        return members, Organization.objects.get(pk=organization.pk).support_until


def test_after_a_window_is_ended_nothing_comes_through_it_any_more() -> None:
    """Either what support does is done before the end, or it is not let in."""
    for _ in range(ROUNDS):
        organization, alice, sam, window = scene(may_change=True)
        write = {"subject": "A", "text": "B", "urgency": "low", "reply_to": ""}

        def case(access, write=write):
            support_case_create(actor=access, **write)
            return "done"

        def end(access, window=window):
            return support_end(window=window, reason="", actor=access)

        wrote, ended = together(acting(organization, sam, case), acting(organization, alice, end))
        assert isinstance(ended, SupportWindow), ended
        assert wrote in ("done", "not let in")
        with bound(organization.id):
            number = SupportCase.objects.in_org(organization).count()
            order = list(
                Entry.objects.filter(
                    organization_id=organization.id,
                    action__in=["support.ended", "support_case.created"],
                )
                .order_by("sequence")
                .values_list("action", flat=True)
            )
        assert number == (1 if wrote == "done" else 0)
        assert order[-1] == "support.ended"
        assert left(organization) == (0, None)


def test_two_owners_who_let_the_same_person_in_make_one_window() -> None:
    for _ in range(ROUNDS):
        alice, sam = make_person("Alice"), make_person("Sam", is_staff=True)
        organization = make_organization(alice, "Race")

        def opening(access, sam=sam):
            return support_open(
                emails=[sam.email], hours=2, may_change=False, reason="Why", actor=access
            )

        outcomes = together(*[acting(organization, alice, opening)] * 2)
        assert sum(isinstance(one, list) for one in outcomes) == 1, outcomes
        (refusal,) = [one for one in outcomes if not isinstance(one, list)]
        assert "already" in str(refusal)
        assert left(organization)[0] == 1


def test_a_window_that_is_ended_by_hand_and_by_the_clock_ends_once() -> None:
    for _ in range(ROUNDS):
        organization, alice, _, window = scene(hours=1)
        earlier(window, 2 * HOUR)

        def by_hand(access, window=window):
            return support_end(window=window, reason="", actor=access)

        def by_the_clock(organization=organization):
            with bound(organization.id):
                return support_clear(
                    organization=organization.id, actor=Actor("system", None, "Bailiwick")
                )

        together(acting(organization, alice, by_hand), by_the_clock)
        with bound(organization.id):
            ended = Entry.objects.filter(
                organization_id=organization.id, action="support.ended"
            ).count()
        assert ended == 1
        assert left(organization) == (0, None)


def test_two_windows_that_close_together_leave_the_banner_empty() -> None:
    for _ in range(ROUNDS):
        organization, alice, _, first = scene()
        second = open_window(organization, alice, make_person("Uma", is_staff=True))

        def ending(window):
            return acting(
                organization,
                alice,
                lambda access: support_end(window=window, reason="", actor=access),
            )

        outcomes = together(ending(first), ending(second))
        assert all(isinstance(one, SupportWindow) for one in outcomes), outcomes
        assert left(organization) == (0, None)
        assert timezone.now() > first.opened_at
