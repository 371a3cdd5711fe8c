"""`manage.py invoices`: months, payments and credit notes by the operator."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.actions import month
from billing.models import Invoice
from billing.queries.metering import Metered
from orgs.models import Organization
from orgs.tenancy import bound
from tests.billing.bills import make_details, make_invoice, make_subscription
from tests.factories import make_organization, make_person

pytestmark = pytest.mark.usefixtures("issuer", "committed")


@pytest.fixture
def house() -> Organization:
    house = make_organization(make_person(), "Counted")
    make_details(house, country="DE", tax_id="")
    return house


def run(*said: str) -> str:
    out = io.StringIO()
    call_command("invoices", *said, stdout=out)
    return out.getvalue()


def again(invoice: Invoice) -> Invoice:
    with bound(invoice.organization_id):
        return Invoice.objects.in_org(invoice.organization_id).get(pk=invoice.pk)


def test_transfer_is_recorded_by_the_number(house: Organization) -> None:
    invoice = make_invoice(house)
    said = run(
        "paid", invoice.number, "--amount", "19.00", "--reference", "A1", "--on", "2026-11-05"
    )
    assert "€100.00 to pay" in said
    run("paid", invoice.number, "--amount", "100", "--reference", "A2")
    assert again(invoice).state == "paid"


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "more than nothing"),
        ("-1", "more than nothing"),
        ("1000000000000000", "more than the €119.00"),
        ("19.001", "is no amount of EUR"),
        ("1,50", "is no amount of EUR"),
        ("nan", "is no amount of EUR"),
        ("Infinity", "is no amount of EUR"),
        ("", "is no amount of EUR"),
    ],
)
def test_amounts_that_are_refused(house: Organization, amount: str, words: str) -> None:
    invoice = make_invoice(house)
    with pytest.raises(CommandError, match=words):
        run("paid", invoice.number, f"--amount={amount}", "--reference", "A1")
    assert again(invoice).paid == 0


def test_same_reference_is_told(house: Organization) -> None:
    invoice = make_invoice(house)
    run("paid", invoice.number, "--amount", "19.00", "--reference", "A1")
    with pytest.raises(CommandError, match=r"A1 was recorded for .* before"):
        run("paid", invoice.number, "--amount", "19.00", "--reference", "A1")


def test_number_that_is_none_is_told() -> None:
    with pytest.raises(CommandError, match="No invoice has the number INV-1"):
        run("paid", "INV-1", "--amount", "1", "--reference", "x")
    with pytest.raises(CommandError, match="No organization has the address nowhere"):
        run("list", "--org", "nowhere")


def test_invoice_is_taken_back_in_part_and_as_a_whole(house: Organization) -> None:
    invoice = make_invoice(house)
    said = run("credit", invoice.number, "--net", "40", "--reason", "Agreed by telephone")
    assert "Credit note" in said
    assert again(invoice).due == 7_140
    run("void", invoice.number, "--reason", "Not theirs")
    assert again(invoice).state == "void"
    with pytest.raises(CommandError, match="only an open invoice becomes void"):
        run("void", invoice.number, "--reason", "Again")


def test_list_and_export(house: Organization, tmp_path: Path) -> None:
    invoice = make_invoice(house)
    assert invoice.number in run("list", "--org", house.slug)
    assert run("list", "--org", house.slug, "--year", "1999") == ""
    assert invoice.number in run("export", "--org", house.slug, "--year", "2026")
    path = tmp_path / "year.csv"
    run("export", "--org", house.slug, "--year", "2026", "--output", str(path))
    assert path.read_text().startswith("number,kind")
    with pytest.raises(CommandError, match="cannot be written"):
        run("export", "--org", house.slug, "--year", "2026", "--output", str(tmp_path))


def test_run_invoices_and_reminds(house: Organization, monkeypatch: Any) -> None:
    monkeypatch.setattr(month, "metered", lambda *said: Metered(total=0, projects={}))
    monkeypatch.setattr(month, "is_counted", lambda end: True)
    monkeypatch.setattr(month, "_catch_up", lambda: None)
    make_subscription(house)
    said = run("run", "--on", "2026-11-01")
    assert "Team and usage, October 2026" in said
    assert " issued, " in said
    run("run", "--on", "2026-11-16")
    with bound(house.pk):
        assert Invoice.objects.in_org(house.pk).get().reminders == 1
