"""Whom invoices are for: what is taken, what is refused, and what the ledger keeps."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from billing.countries import COUNTRIES
from billing.forms.details import parse_recipients
from billing.models import BillingDetails
from billing.tax_ids import tax_id_clean
from orgs.tenancy import bound
from tests.billing.plans import entries
from tests.factories import Cast, sign_in
from tests.orgs.invitations import check_constraints

GOOD = {
    "legal_name": "Acme Robotics GmbH",
    "street": "Torstraße 201",
    "postcode": "10115",
    "city": "Berlin",
    "country": "DE",
    "tax_id": "DE 136 695 976",
    "purchase_order": "PO-4471",
    "recipients": "Finance@acme.example\n\nap@acme.example, finance@acme.example",
}


def details(cast: Cast) -> BillingDetails | None:
    with bound(cast.acme.id):
        return BillingDetails.objects.in_org(cast.acme).first()


def save(cast: Cast, **said: Any) -> Any:
    return sign_in(cast.alice).post(cast.url("billing/details/"), GOOD | said)


@pytest.mark.requirement("S4-049")
@pytest.mark.requirement("S1-047")
@pytest.mark.requirement("S1-057")
def test_details_are_kept_clean_and_recorded(cast: Cast) -> None:
    assert save(cast).status_code == 302
    held = details(cast)
    assert held is not None
    assert held.tax_id == "DE136695976"
    assert held.recipients == ["finance@acme.example", "ap@acme.example"]
    assert save(cast, city="Potsdam").status_code == 302
    first, second = entries(cast.acme, "billing_details.")
    assert json.loads(first.body)["changes"]["tax_id"] == [None, "DE136695976"]
    old, new = json.loads(second.body)["changes"]["address"]
    assert "10115 Berlin, Germany" in old
    assert "10115 Potsdam, Germany" in new
    # Addresses of people are words that can be erased, not facts that are hashed.
    assert "finance@acme.example" not in first.body
    check_constraints()


def test_saving_what_is_so_already_leaves_no_entry(cast: Cast) -> None:
    empty = dict.fromkeys(GOOD, "")
    assert save(cast, **empty).status_code == 302
    assert details(cast) is None
    save(cast)
    save(cast)
    assert len(entries(cast.acme, "billing_details.")) == 1
    check_constraints()


def test_of_two_tabs_the_second_is_told(cast: Cast) -> None:
    client, url = sign_in(cast.alice), cast.url("billing/details/")
    mark = client.get(url).context["mark"]
    assert client.post(url, GOOD | {"seen": mark}).status_code == 302
    stale = client.post(url, GOOD | {"seen": mark, "city": "Potsdam"})
    assert stale.status_code == 409
    assert "meanwhile" in stale.content.decode()
    held = details(cast)
    assert held is not None
    assert held.city == "Berlin"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("legal_name", "Acme\u202eevil", "U+202E"),
        ("legal_name", "Acme\0", "U+0000"),
        ("legal_name", "x" * 101, "at most 100"),
        ("street", "x" * 100_000, "at most 200"),
        ("city", "Ber\u200blin", "U+200B"),
        ("country", "XX", "Choose a country of the list"),
        ("country", "", "Choose the country that gave this number"),
        ("tax_id", "DE136695977", "check digit"),
        ("tax_id", "DE1366959", "longer or shorter"),
        ("tax_id", "DE13669597X", "not written like"),
        ("tax_id", "<b>", "letters and digits"),
        ("purchase_order", "PO\x1b[31m", "U+001B"),
        ("recipients", "nobody", "“nobody”"),
        ("recipients", "аna@acme.example", "look-alike"),
        ("recipients", "\n".join(f"a{n}@x.example" for n in range(11)), "these are 11"),
        ("recipients", "a@x.example " * 5000, "at most 10"),
    ],
)
def test_bad_input_is_refused_with_its_mend(cast: Cast, field: str, value: str, words: str) -> None:
    answer = save(cast, **{field: value})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert details(cast) is None


@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
def test_only_owners_change_them(cast: Cast, who: str) -> None:
    answer = sign_in(getattr(cast, who)).post(cast.url("billing/details/"), GOOD)
    assert answer.status_code == 302
    assert details(cast) is None


@pytest.mark.parametrize(
    ("typed", "country", "kept"),
    [
        ("", "", ""),
        ("136695976", "DE", "DE136695976"),
        ("fr 40 303 265 045", "FR", "FR40303265045"),
        ("EL 094259216", "GR", "EL094259216"),
        ("ATU 13585627", "AT", "ATU13585627"),
        ("GB 980 7806 84", "GB", "GB980780684"),
        ("CHE-107.787.577 IVA", "CH", "CHE107787577IVA"),
        ("12-3456789", "US", "12-3456789"),
    ],
)
def test_tax_ids_are_kept_as_their_country_writes_them(typed: str, country: str, kept: str) -> None:
    assert tax_id_clean(typed, country) == kept


@pytest.mark.parametrize("country", sorted(COUNTRIES))
def test_every_country_answers_whatever_is_typed(country: str) -> None:
    for typed in ("1", "ABC", "0" * 40, "A1 B2-C3", "9" * 15, "--", "№12"):
        try:
            assert len(tax_id_clean(typed, country)) <= 40
        except ValidationError as error:
            assert str(error.code).startswith("tax_id_")


def test_countries_are_those_of_the_standard() -> None:
    assert len(COUNTRIES) == 249
    assert all(len(code) == 2 and code.isupper() for code in COUNTRIES)


def test_recipients_are_each_once_in_their_order() -> None:
    said = "B@x.example; a@x.example\r\nb@x.example"
    assert parse_recipients(said) == ["b@x.example", "a@x.example"]


def test_bank_transfer_shows_where_to_pay_and_offers_nothing(cast: Cast, settings: Any) -> None:
    settings.ISSUER = {**settings.ISSUER, "name": "Fernhill", "iban": "DE89370400440532013000"}
    settings.STRIPE_API_KEY = ""
    client, url = sign_in(cast.alice), cast.url("billing/method/")
    said = client.get(url).content.decode()
    assert "DE89370400440532013000" in said
    assert client.post(url).status_code == 422
    assert entries(cast.acme, "payment_page.") == []
