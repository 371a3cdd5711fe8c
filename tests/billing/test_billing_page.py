"""The Billing page and the pages about plans: who sees what, and no control without its right."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.roles import PRESET_POLICIES, Policy, Preset, Role
from orgs.models import Invitation
from tests.billing.bills import charge, make_details, make_invoice, make_subscription
from tests.billing.plans import entries, living, row, subscribe
from tests.factories import Cast, make_group, make_member, make_seat, sign_in
from tests.orgs.invitations import invite, raw_update
from tests.projects.factories import make_group_role

pytestmark = pytest.mark.usefixtures("issuer", "_plans")

DEEDS = ("subscribe/", "change/", "cancel/", "resume/", "details/", "method/")


@pytest.fixture
def _plans(cast: Cast, settings: Any) -> None:
    settings.DEFAULT_PLAN, settings.STRIPE_API_KEY = "free", ""


def page(cast: Cast, who: str, path: str = "billing/", **headers: str) -> str:
    person = getattr(cast, who)
    return sign_in(person, **headers).get(cast.url(path)).content.decode()


def main(text: str) -> str:
    return text.partition('id="main"')[2].partition("</main>")[0]


@pytest.mark.requirement("S1-006")
@pytest.mark.requirement("S4-015")
def test_an_owner_finds_plan_seats_and_every_control(cast: Cast) -> None:
    subscribe(cast, "team", 12)
    invite(cast, "ana@x.example")
    said = main(page(cast, "alice"))
    assert "Team" in said
    assert "5 of 12" in said
    assert "1 more held by invitations" in said
    for deed in ("change/", "cancel/", "details/", "method/"):
        assert cast.url(f"billing/{deed}") in said
    assert "You may read billing" not in said


@pytest.mark.requirement("S4-004")
@pytest.mark.requirement("S4-019")
@pytest.mark.requirement("S4-047")
@pytest.mark.requirement("S3-072")
@pytest.mark.parametrize("preset", list(Preset))
@pytest.mark.parametrize("who", ["alice", "adam", "mia", "vera", "eddie", "finance"])
def test_each_role_sees_its_part(cast: Cast, preset: Preset, who: str) -> None:
    raw_update(cast.acme, policies=sorted(policy.value for policy in PRESET_POLICIES[preset]))
    subscribe(cast, "team", 12)
    person = cast.mia if who == "finance" else getattr(cast, who)
    if who == "finance":
        group = make_group(cast.acme, "Finance")
        make_group_role(group, Role.BILLING_VIEWER)
        make_seat(group, cast.member(cast.mia))
    reads = who in ("alice", "adam", "vera", "finance") or (
        who == "mia" and Policy.MEMBERS_READ_BILLING in PRESET_POLICIES[preset]
    )
    answer = sign_in(person).get(cast.url("billing/"))
    assert (answer.status_code == 200) is reads
    said = main(answer.content.decode()) if reads else ""
    is_owner = who == "alice"
    for deed in DEEDS:
        assert is_owner or cast.url(f"billing/{deed}") not in said
    assert ("You may read billing" in said) is (reads and not is_owner)
    assert ("<form" in said) is False
    assert ("Alice Marlow may change it." in said) is (reads and not is_owner)


@pytest.mark.requirement("S1-015")
@pytest.mark.requirement("S1-016")
@pytest.mark.requirement("S3-063")
@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
@pytest.mark.parametrize("deed", DEEDS)
def test_nobody_else_reaches_a_deed(cast: Cast, who: str, deed: str) -> None:
    subscribe(cast)
    client, before = sign_in(getattr(cast, who)), living(cast.acme)
    for answer in (
        client.get(cast.url(f"billing/{deed}")),
        client.post(cast.url(f"billing/{deed}"), {"plan": "team", "seats": 50}),
    ):
        assert answer.status_code == 302
        assert "billing/" not in answer.url
    after = living(cast.acme)
    assert before is not None
    assert after is not None
    assert after.mark == before.mark


@pytest.mark.parametrize("others", [1, 2])
def test_the_notice_names_an_owner_and_counts_the_others(cast: Cast, others: int) -> None:
    for _ in range(others):
        make_member(cast.acme, Role.OWNER)
    words = "one other Owner" if others == 1 else "2 other Owners"
    assert f"Alice Marlow and {words} may change it." in main(page(cast, "vera"))


def test_who_may_not_see_costs_sees_plan_and_seats_alone(cast: Cast) -> None:
    policies = {Policy.MEMBERS_READ_BILLING.value}
    raw_update(cast.acme, policies=sorted(policies))
    make_subscription(cast.acme, "team", 12)
    said = main(page(cast, "mia"))
    assert "€252.00" in said
    assert "You may not see costs" in said
    assert "Forecast" not in said


@pytest.mark.requirement("S1-063")
def test_five_invoices_and_the_way_to_all(cast: Cast) -> None:
    made = [make_invoice(cast.acme, charge(10_000 + n)) for n in range(6)]
    said = main(page(cast, "vera"))
    assert made[0].number not in said
    for invoice in made[1:]:
        assert invoice.number in said
    assert cast.url("billing/invoices/") in said


def test_details_are_shown_without_becoming_markup(cast: Cast) -> None:
    make_details(cast.acme, legal_name='"><img src=x>', recipients=["a@x.example", "b@x.example"])
    said = main(page(cast, "vera"))
    assert "<img" not in said
    assert "&lt;img" in said
    assert "Sent to a@x.example and 1 more" in said


def test_without_an_issuer_the_page_says_that_nothing_is_charged(cast: Cast, settings: Any) -> None:
    settings.ISSUER = {**settings.ISSUER, "name": ""}
    said = main(page(cast, "alice"))
    assert "This installation charges nothing" in said
    assert "Enterprise" in said
    assert cast.url("billing/subscribe/") not in said
    assert "Seats" in said
    client = sign_in(cast.alice)
    answer = client.post(cast.url("billing/subscribe/"), {"plan": "team", "seats": 9}, follow=True)
    assert "charges nothing" in answer.content.decode()
    assert living(cast.acme) is None


@pytest.mark.parametrize(
    ("state", "words"), [("past_due", "An invoice is past due"), ("active", "Active")]
)
def test_its_state_is_a_word(cast: Cast, state: str, words: str) -> None:
    make_subscription(cast.acme, "team", 12, state=state)
    assert words in main(page(cast, "vera"))


def test_the_page_asks_no_more_for_more_invoices(cast: Cast) -> None:
    make_subscription(cast.acme, "team", 12)
    client = sign_in(cast.alice)
    client.get(cast.url("billing/"))
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as asked:
            client.get(cast.url("billing/"))
        counts.append(len(asked))
        for _ in range(7):
            make_invoice(cast.acme)
    assert counts[0] == counts[1]


# Plans -------------------------------------------------------------------------------------------


def test_the_comparison_comes_from_the_plans(cast: Cast) -> None:
    subscribe(cast, "team", 12)
    said = main(page(cast, "vera", "billing/plans/"))
    for words in ("€21.00", "€38.00", "€400.00", "Up to 3", "Up to 500", "Insights", "Your plan"):
        assert words in said
    assert "Choose Enterprise" not in said
    assert "Choose Enterprise" in main(page(cast, "alice", "billing/plans/"))


@pytest.mark.requirement("S4-048")
def test_subscribing_without_scripts(cast: Cast) -> None:
    client, url = sign_in(cast.alice), cast.url("billing/subscribe/")
    form = client.get(url).content.decode()
    assert 'name="seats"' in form
    shown = client.post(url, {"plan": "team", "seats": 9, "preview": "1"})
    assert "€189.00" in shown.content.decode()
    assert living(cast.acme) is None
    answer = client.post(url, {"plan": "team", "seats": 9}, follow=True)
    assert "has Team with 9 seats" in answer.content.decode()
    assert row(cast.acme).seats == 9


def test_sent_twice_it_is_one_and_the_second_answer_says_so(cast: Cast) -> None:
    client, url = sign_in(cast.alice), cast.url("billing/subscribe/")
    said = {"plan": "team", "seats": "9", "attempt": "a1"}
    assert client.post(url, said).status_code == 302
    again = client.post(url, said, follow=True)
    assert "There is a subscription already: Team with 9 seats" in again.content.decode()
    assert len(entries(cast.acme, "subscription.")) == 1


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"plan": "team", "seats": "0"}, "Choose at least one seat."),
        ({"plan": "team", "seats": "-3"}, "Choose at least one seat."),
        ({"plan": "team", "seats": str(10**15)}, "Choose at most 1,000,000 seats."),
        ({"plan": "team", "seats": "9" * 5000}, "Write the number of seats in digits"),
        ({"plan": "team", "seats": "1e3"}, "Write the number of seats in digits"),
        ({"plan": "team", "seats": "\0"}, "Write the number of seats in digits"),
        ({"plan": "team", "seats": ""}, "Say how many seats."),
        ({"plan": "free", "seats": "9"}, "There is no such plan"),
        ({"plan": "<b>", "seats": "9"}, "There is no such plan"),
        ({"plan": "enterprise", "seats": "9"}, "sold from 10 seats on"),
        ({"plan": "team", "seats": "501"}, "500 seats at most"),
    ],
)
def test_bad_input_is_an_error_of_its_field(cast: Cast, said: dict[str, str], words: str) -> None:
    answer = sign_in(cast.alice).post(cast.url("billing/subscribe/"), said)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert living(cast.acme) is None


def test_a_plan_too_small_says_who_would_have_to_go(cast: Cast) -> None:
    invitation, _ = invite(cast, "ana@x.example")
    answer = sign_in(cast.alice).post(cast.url("billing/subscribe/"), {"plan": "team", "seats": 4})
    said = answer.content.decode()
    assert answer.status_code == 422
    assert "2 too many for 4 seats" in said
    assert "ana@x.example" in said
    assert "Eddie Okafor" in said
    assert "Vera Lindqvist" not in said
    assert living(cast.acme) is None
    assert Invitation.objects.filter(pk=invitation.pk, state="pending").exists()


def test_of_many_too_many_ten_are_named(cast: Cast) -> None:
    for _ in range(14):
        make_member(cast.acme)
    answer = sign_in(cast.alice).post(cast.url("billing/subscribe/"), {"plan": "team", "seats": 3})
    said = answer.content.decode()
    assert "16 too many" in said
    assert "6 others" in said
    assert said.count('class="crowd"') == 1


def test_canceled_in_one_tab_and_changed_in_another(cast: Cast) -> None:
    subscribe(cast, "team", 12)
    client = sign_in(cast.alice)
    form = client.get(cast.url("billing/change/")).content.decode()
    (mark,) = re.findall(r'name="seen" value="(\w+)"', form)
    client.post(cast.url("billing/cancel/"), {"reason": "Moving on"})
    answer = client.post(cast.url("billing/change/"), {"plan": "team", "seats": "20", "seen": mark})
    assert answer.status_code == 409
    said = answer.content.decode()
    assert "was changed meanwhile" in said
    assert f'value="{mark}"' not in said
    assert row(cast.acme).seats == 12


def test_cancel_and_resume_on_their_pages(cast: Cast) -> None:
    subscribe(cast, "team", 12)
    client = sign_in(cast.alice)
    dialog = client.get(cast.url("billing/cancel/")).content.decode()
    assert "Free has 3 seats" in dialog
    assert "Export of usage reports" in dialog
    answer = client.post(cast.url("billing/cancel/"), {"reason": "Too\u202egood"})
    assert answer.status_code == 422
    client.post(cast.url("billing/cancel/"), {"reason": "Moving on"})
    said = main(page(cast, "alice"))
    assert "no subscription" in said
    assert cast.url("billing/resume/") in said
    client.post(cast.url("billing/resume/"))
    found = living(cast.acme)
    assert found is not None
    assert found.ends_on is None


def test_what_was_put_off_is_shown_with_an_undo(cast: Cast) -> None:
    subscribe(cast, "team", 12)
    client = sign_in(cast.alice)
    client.post(cast.url("billing/change/"), {"plan": "team", "seats": 6})
    said = main(page(cast, "alice"))
    assert "Team with 6 seats" in said
    values = dict(re.findall(r'type="hidden" name="(plan|seats|seen)" value="(\w+)"', said))
    client.post(cast.url("billing/change/"), values)
    found = living(cast.acme)
    assert found is not None
    assert found.next_on is None
    assert "Team with 6 seats" not in main(page(cast, "alice"))
    assert "Undo" not in main(page(cast, "vera"))


def test_changing_asks_for_a_fresh_sign_in(cast: Cast) -> None:
    subscribe(cast, "team", 12)
    client = sign_in(cast.alice, fresh=False)
    for deed in ("change/", "cancel/"):
        answer = client.post(cast.url(f"billing/{deed}"), {"plan": "team", "seats": 20})
        assert "sign-in/again" in answer.url
    assert row(cast.acme).seats == 12


def test_a_foreign_organization_is_not_there(cast: Cast) -> None:
    for deed in ("", "plans/", *DEEDS):
        answer = sign_in(cast.alice).get(cast.url(f"billing/{deed}", cast.umbrella))
        assert answer.status_code == 404


# Seats and inviting ------------------------------------------------------------------------------


def test_inviting_shows_seats_and_their_price(cast: Cast) -> None:
    subscribe(cast, "team", 7)
    said = page(cast, "alice", "invitations/new/")
    assert "2 of 7 free" in said
    assert "One more costs €21.00 a month" in said


def test_with_no_seat_free_it_says_what_one_costs_and_who_may_buy(cast: Cast) -> None:
    raw_update(cast.acme, policies=sorted({*cast.acme.policies, "admins_invite"}))
    subscribe(cast, "team", 5)
    said = page(cast, "adam", "invitations/new/")
    assert "Alice Marlow may buy it under Billing." in said
    assert cast.url("billing/change/") in page(cast, "alice", "invitations/new/")
    url = cast.url("invitations/new/")
    form = {"people": "ana@x.example", "role": "member", "step": "apply"}
    sent = sign_in(cast.adam).post(url, form).content.decode()
    assert "No seat is free. One more costs €21.00 a month" in sent
