"""Policies and presets: previewed, saved, recorded, and never lost between two tabs."""

from __future__ import annotations

import json

import pytest

from audit.models import Event, Outcome
from config.roles import (
    DEFAULT_POLICIES,
    PRESET_POLICIES,
    ROLE_POLICY_PERMISSIONS,
    Permission,
    Policy,
    Preset,
    Role,
)
from orgs.forms.organizations import plain_policies
from orgs.models import Organization
from orgs.queries.policies import preset_of, turns
from orgs.tenancy import bound
from tests.factories import Cast, sign_in

pytestmark = pytest.mark.django_db
PAGE = "settings/policies/"


def policies_of(cast: Cast) -> frozenset[Policy]:
    with bound(cast.acme.id):
        return frozenset(Policy(p) for p in Organization.objects.get(id=cast.acme.id).policies)


def last_event(cast: Cast) -> Event:
    with bound(cast.acme.id):
        event = Event.objects.filter(organization_id=cast.acme.id).order_by("-sequence").first()
    assert event is not None
    return event


def choice(*policies: Policy, seen: frozenset[Policy] = DEFAULT_POLICIES) -> dict[str, object]:
    return {"policies": [policy.value for policy in policies], "seen": plain_policies(seen)}


@pytest.mark.requirement("S2-028", "S4-003")
def test_an_owner_saves_a_choice_and_the_log_keeps_before_and_after(cast: Cast) -> None:
    response = sign_in(cast.alice).post(cast.url(PAGE), choice(Policy.ADMINS_INVITE))
    assert response.url == cast.url("settings/")
    assert policies_of(cast) == {Policy.ADMINS_INVITE}
    event = last_event(cast)
    assert event.action == "organization.policies_changed"
    before, after = json.loads(event.body)["changes"]["policies"]
    assert before == [policy.label for policy in Policy if policy in DEFAULT_POLICIES]
    assert after == ["Admins may invite"]


@pytest.mark.requirement("S1-029")
def test_a_policy_decides_from_the_next_request_on(cast: Cast) -> None:
    assert not cast.access(cast.adam).can(Permission.MEMBERS_INVITE)
    sign_in(cast.alice).post(cast.url(PAGE), choice(*DEFAULT_POLICIES, Policy.ADMINS_INVITE))
    assert cast.access(cast.adam).can(Permission.MEMBERS_INVITE)


@pytest.mark.parametrize("preset", Preset)
def test_a_preset_is_shown_with_what_it_would_change_and_stores_nothing(
    cast: Cast, preset: Preset
) -> None:
    page = sign_in(cast.alice).get(cast.url(PAGE), {"preset": preset.value}).content.decode()
    for policy in DEFAULT_POLICIES ^ PRESET_POLICIES[preset]:
        assert policy.label in page.partition("What saving changes")[2]
    assert ("What saving changes" in page) == (PRESET_POLICIES[preset] != DEFAULT_POLICIES)
    assert policies_of(cast) == DEFAULT_POLICIES


def test_the_preview_says_who_gains_and_who_loses(cast: Cast) -> None:
    page = sign_in(cast.alice).get(cast.url(PAGE), {"preset": "S4"}).content.decode()
    changes = page.partition("What saving changes")[2].partition("</ul>")[0]
    assert "Members (1 person) gain: View billing; View invoices" in changes
    assert "off → on" in changes
    assert "Project Owners lose: Archive or delete the project" in changes
    assert "on → off" in changes


def test_htmx_gets_the_policies_alone_as_they_are_ticked(cast: Cast) -> None:
    client = sign_in(cast.alice, **{"HX-Request": "true"})
    ticked = {
        "preview": "1",
        "policies": ["admins_invite"],
        "seen": plain_policies(DEFAULT_POLICIES),
    }
    part = client.get(cast.url(PAGE), ticked).content.decode()
    assert "<html" not in part
    assert part.count("Not saved yet") == 4
    assert policies_of(cast) == DEFAULT_POLICIES


def test_without_javascript_a_button_shows_what_would_change(cast: Cast) -> None:
    response = sign_in(cast.alice).post(cast.url(PAGE), choice() | {"look": "1"})
    assert response.status_code == 200
    assert "What saving changes" in response.content.decode()
    assert policies_of(cast) == DEFAULT_POLICIES


def test_asking_what_would_change_without_saying_what_was_seen_is_no_error(cast: Cast) -> None:
    asked = {"policies": ["admins_invite"], "look": "1"}
    page = sign_in(cast.alice).post(cast.url(PAGE), asked)
    assert page.status_code == 200
    assert 'name="seen" value=""' in page.content.decode()


def test_two_tabs_lose_nothing(cast: Cast) -> None:
    first, second = sign_in(cast.alice), sign_in(cast.alice)
    first.post(cast.url(PAGE), choice(*(DEFAULT_POLICIES - {Policy.MEMBERS_READ_COSTS})))
    stale = second.post(cast.url(PAGE), choice(*DEFAULT_POLICIES, Policy.ADMINS_INVITE))
    page = stale.content.decode()
    assert stale.status_code == 409
    assert "Since then: Members may read costs: on → off" in page
    assert policies_of(cast) == DEFAULT_POLICIES - {Policy.MEMBERS_READ_COSTS}
    switch = page.partition('id="policy-admins_invite" ')[2].partition(">")[0]
    assert "checked" in switch, "the choice stays as it was made"
    event = last_event(cast)
    assert event.outcome == Outcome.FAILED
    assert "changed_meanwhile" in event.body
    # The page now knows what stands, so saving again is an informed choice.
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    informed = choice(*DEFAULT_POLICIES, Policy.ADMINS_INVITE) | {"seen": seen}
    assert second.post(cast.url(PAGE), informed).status_code == 302
    assert policies_of(cast) == DEFAULT_POLICIES | {Policy.ADMINS_INVITE}


def test_a_preview_does_not_hide_that_somebody_was_first(cast: Cast) -> None:
    first, second = sign_in(cast.alice), sign_in(cast.alice, **{"HX-Request": "true"})
    opened = plain_policies(DEFAULT_POLICIES)
    first.post(cast.url(PAGE), choice(Policy.ADMINS_INVITE))
    part = second.get(cast.url(PAGE), {"preview": "1", "seen": opened}).content.decode()
    assert f'name="seen" value="{opened}"' in part


def test_the_same_choice_from_two_tabs_is_saved_once(cast: Cast) -> None:
    client = sign_in(cast.alice)
    client.post(cast.url(PAGE), choice(Policy.ADMINS_INVITE))
    before = last_event(cast).sequence
    assert client.post(cast.url(PAGE), choice(Policy.ADMINS_INVITE)).status_code == 302
    assert last_event(cast).sequence == before


@pytest.mark.parametrize(
    "sent",
    [
        {"policies": ["everything"], "seen": ""},
        {"policies": [], "seen": "everything"},
        {"policies": ["admins_invite"], "seen": "x" * 5000},
    ],
)
def test_a_choice_that_cannot_be_read_saves_nothing(cast: Cast, sent: dict[str, object]) -> None:
    response = sign_in(cast.alice).post(cast.url(PAGE), sent)
    assert response.status_code == 422
    assert policies_of(cast) == DEFAULT_POLICIES


@pytest.mark.requirement("S2-028", "S1-022")
def test_nobody_but_an_owner_sets_policies(cast: Cast) -> None:
    for who in ("adam", "mia", "vera", "eddie"):
        response = sign_in(getattr(cast, who)).post(cast.url(PAGE), choice())
        assert response.status_code == 302
        assert last_event(cast).outcome == Outcome.DENIED
    assert policies_of(cast) == DEFAULT_POLICIES


def test_every_cell_that_a_policy_decides_shows_in_its_consequences() -> None:
    """All 32 choices against all 32: the consequences are the cells that differ, and no others."""
    choices = [
        frozenset(policy for bit, policy in enumerate(Policy) if number >> bit & 1)
        for number in range(2 ** len(Policy))
    ]
    for before in choices:
        for after in choices:
            found = {
                (effect.role, permission, effect.gains)
                for turn in turns(before, after)
                for effect in turn.effects
                for permission in effect.permissions
            }
            expected = {
                (role, permission, policy in after)
                for (role, permission), policy in ROLE_POLICY_PERMISSIONS.items()
                if policy in before ^ after
            }
            assert found == expected


def test_people_are_counted_where_a_role_is_held_in_the_organization() -> None:
    (turn,) = turns(frozenset(), frozenset({Policy.MEMBERS_READ_BILLING}), people={Role.MEMBER: 24})
    assert [effect.people for effect in turn.effects] == [24]


def test_a_choice_of_ones_own_is_no_preset() -> None:
    assert preset_of(DEFAULT_POLICIES) is Preset.S1
    assert preset_of(frozenset(Policy)) is None
