"""The pages of credit: who sees the balance, who buys, and what the form makes of odd amounts."""

from __future__ import annotations

import html
import re
import uuid
from typing import Any

import pytest

from billing.models import Invoice
from config.roles import Policy, Role
from orgs.tenancy import bound
from tests.billing.bills import charge, make_invoice, pay
from tests.billing.test_credit import balance, give
from tests.factories import Cast, make_group, make_member, make_person, make_seat, sign_in
from tests.projects.factories import make_group_role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("issuer")]
PAGE, BUY = "billing/credits/", "billing/credits/buy/"


def read(cast: Cast, person: Any, page: str = PAGE) -> str:
    return html.unescape(sign_in(person).get(cast.url(page)).content.decode())


def form(amount: str, **said: str) -> dict[str, str]:
    return {"amount": amount, "once": str(uuid.uuid4())} | said


def bought(cast: Cast) -> list[Invoice]:
    with bound(cast.acme.pk):
        return list(Invoice.objects.in_org(cast.acme).order_by("created_at"))


def finance(cast: Cast) -> Any:
    """A Member who is a Billing Viewer by a group."""
    person = make_person("Fiona Marsh")
    group = make_group(cast.acme, "Finance")
    make_group_role(group, Role.BILLING_VIEWER)
    make_seat(group, make_member(cast.acme, Role.MEMBER, person))
    return person


def test_an_owner_buys_credit_and_is_led_to_its_invoice(cast: Cast) -> None:
    client = sign_in(cast.alice)
    assert "Buy credit for Acme Robotics" in read(cast, cast.alice, BUY)
    response = client.post(cast.url(BUY), form("250"))
    (invoice,) = bought(cast)
    assert response["Location"] == cast.url(f"billing/invoices/{invoice.pk}/")
    assert (invoice.net, invoice.state) == (25_000, "open")
    page = read(cast, cast.alice)
    assert invoice.number in page
    assert "€250.00" in page
    assert balance(cast.acme) == 0


def test_a_double_submit_gives_one_top_up(cast: Cast) -> None:
    client, said = sign_in(cast.alice), form("250")
    first = client.post(cast.url(BUY), said)
    second = client.post(cast.url(BUY), said)
    assert first["Location"] == second["Location"]
    assert len(bought(cast)) == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Say how much"),
        ("0", "from €10.00 to €100,000.00"),
        ("-5", "not below zero"),
        ("\u22125", "not below zero"),
        ("9.99", "from €10.00"),
        ("100000.01", "to €100,000.00"),
        (str(10**15), "too much"),
        ("9" * 39, "too much"),
        ("9" * 400, "at most"),
        ("12.345", "2 decimals"),
        ("1,000", "in digits"),
        ("1e5", "in digits"),
        ("٢٥٠", "in digits"),
        ("<b>250</b>", "in digits"),
        ("NaN", "in digits"),
    ],
)
def test_an_odd_amount_is_an_error_at_its_field(cast: Cast, typed: str, sentence: str) -> None:
    response = sign_in(cast.alice).post(cast.url(BUY), form(typed))
    assert response.status_code == 422
    page = html.unescape(response.content.decode())
    assert sentence in page.partition('name="amount"')[2]
    assert "<b>250</b>" not in response.content.decode()
    assert bought(cast) == []


def test_zeros_at_the_end_and_the_sign_are_understood(cast: Cast) -> None:
    client = sign_in(cast.alice)
    for typed in ("250.00", "250.5", "€250", "0250", "250.500"):
        assert client.post(cast.url(BUY), form(typed)).status_code == 302, typed
    assert [each.net for each in bought(cast)] == [25_000, 25_050, 25_000, 25_000, 25_050]


def test_a_currency_without_minor_units_takes_whole_numbers(cast: Cast, settings: Any) -> None:
    settings.CURRENCY = "JPY"
    client = sign_in(cast.alice)
    refused = client.post(cast.url(BUY), form("2500.5"))
    assert "Write a whole number" in refused.content.decode()
    assert "JPY 1,000 to JPY 10,000,000" in html.unescape(refused.content.decode())
    client.post(cast.url(BUY), form("2500"))
    assert [each.net for each in bought(cast)] == [2_500]


def test_a_form_without_its_token_is_refused_and_buys_nothing(cast: Cast) -> None:
    for once in ("", "x", "1' OR 1=1"):
        response = sign_in(cast.alice).post(cast.url(BUY), form("250", once=once))
        assert response.status_code == 422
    assert bought(cast) == []


def test_the_preview_says_what_is_invoiced_and_does_nothing(cast: Cast) -> None:
    client = sign_in(cast.alice)
    said = form("250")
    page = client.post(cast.url(BUY) + "?preview=1", said, headers={"HX-Request": "true"})
    text = html.unescape(page.content.decode())
    assert "No tax now" in text
    assert "the invoices that it pays bear the tax" in text
    assert "+€250.00" in text
    without = client.post(cast.url(BUY), said | {"preview": "1"})
    assert (without.status_code, "No tax now" in without.content.decode()) == (200, True)
    assert bought(cast) == []


@pytest.mark.requirement("S3-064", "S3-066")
def test_who_sees_the_balance_and_who_buys(cast: Cast) -> None:
    give(cast.acme, 4_200)
    viewer = finance(cast)
    for person in (cast.alice, cast.adam, cast.vera, viewer):
        page = read(cast, person)
        assert "€42.00" in page
        assert (">Buy credit<" in page) is (person is cast.alice)
    for person in (cast.mia, cast.eddie, cast.oscar):
        assert sign_in(person).get(cast.url(PAGE)).status_code in (302, 404)
    for person in (cast.adam, cast.vera, cast.mia, cast.eddie, cast.oscar, viewer):
        client = sign_in(person)
        assert client.get(cast.url(BUY)).status_code in (302, 404)
        assert client.post(cast.url(BUY), form("250")).status_code in (302, 403, 404)
    assert bought(cast) == []


def test_a_member_reads_the_balance_where_the_policy_lets_them(cast: Cast) -> None:
    give(cast.acme, 4_200)
    with bound(cast.acme.pk):
        type(cast.acme).objects.filter(pk=cast.acme.pk).update(
            policies=[Policy.MEMBERS_READ_BILLING.value]
        )
    page = read(cast, cast.mia)
    assert "€42.00" in page
    assert ">Buy credit<" not in page


def test_entries_are_paged_and_lead_to_their_invoices(cast: Cast) -> None:
    for _ in range(30):
        give(cast.acme, 100)
    invoice = make_invoice(cast.acme, charge(1_000))
    page = read(cast, cast.alice)
    assert page.count('<th scope="row"') == 25
    assert cast.url(f"billing/invoices/{invoice.pk}/") in page
    assert "−€11.90" in page
    (older,) = re.findall(r'href="([^"]+\?page=[^"]+)"', page)
    second = sign_in(cast.alice).get(older).content.decode()
    assert second.count('<th scope="row"') == 6
    assert sign_in(cast.alice).get(cast.url(PAGE) + "?page=nonsense").status_code == 200


def test_where_nothing_is_issued_nothing_is_sold(cast: Cast, settings: Any) -> None:
    settings.ISSUER = settings.ISSUER | {"name": ""}
    page = read(cast, cast.alice)
    assert ">Buy credit<" not in page
    assert "This installation sells none" in page
    assert "no credit to buy here" in read(cast, cast.alice, BUY)
    assert sign_in(cast.alice).post(cast.url(BUY), form("250")).status_code == 422


def test_nothing_of_another_organization_shows(cast: Cast) -> None:
    give(cast.umbrella, 77_700)
    pay(make_invoice(cast.umbrella, kind="top_up"), 10_000)
    assert "€777.00" not in read(cast, cast.alice)
    assert sign_in(cast.alice).get(f"/o/{cast.umbrella.slug}/{PAGE}").status_code == 404
