"""Credit notes: never more than was invoiced, to the cent, and nothing rewritten."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from billing.actions.credit_notes import credit_note_issue
from billing.documents.rules import broken_rules
from billing.models import Invoice
from billing.queries.papers import paper_of
from orgs.tenancy import bound
from tests.billing.bills import TODAY, charge, make_details, make_invoice, pay
from tests.billing.test_payments import again, balance
from tests.factories import TEST, Cast

pytestmark = pytest.mark.usefixtures("issuer")


def credit(invoice: Invoice, net: int | None = None, reason: str = "Charged in error") -> Invoice:
    with bound(invoice.organization_id):
        return credit_note_issue(invoice=invoice, reason=reason, actor=TEST, net=net, today=TODAY)


@pytest.mark.requirement("S1-057")
def test_open_invoice_that_is_taken_back_is_void(cast: Cast, settings: Any) -> None:
    make_details(cast.acme, country="DE", tax_id="")
    invoice = make_invoice(cast.acme, charge(10_001), charge(2))
    note = credit(invoice)
    assert note.number == f"{settings.INVOICE_PREFIX}-2026-000002"
    assert (note.kind, note.state, note.corrects_id) == ("credit_note", "paid", invoice.pk)
    assert (note.net, note.tax, note.gross) == (invoice.net, invoice.tax, invoice.gross)
    assert (again(invoice).state, again(invoice).due) == ("void", 0)
    assert balance(cast.acme) == 0
    with bound(cast.acme.pk):
        paper = paper_of(again_with_lines(note))
        assert broken_rules(paper) == []
        assert (paper.preceding_number, len(paper.lines)) == (invoice.number, 2)


def again_with_lines(note: Invoice) -> Invoice:
    return Invoice.objects.in_org(note.organization_id).select_related("corrects").get(pk=note.pk)


def test_part_of_an_open_invoice_is_offset(cast: Cast) -> None:
    invoice = make_invoice(cast.acme)
    credit(invoice, 4_000)
    assert (again(invoice).state, again(invoice).due) == ("open", 11_900 - 4_760)
    pay(invoice, 7_140)
    assert again(invoice).state == "paid"
    assert balance(cast.acme) == 0


def test_paid_invoice_gives_credit_back(cast: Cast) -> None:
    invoice = make_invoice(cast.acme)
    pay(invoice, 11_900)
    note = credit(invoice, 4_000)
    assert note.gross == balance(cast.acme) == 4_760
    assert again(invoice).state == "paid"


def test_half_paid_invoice_is_offset_first_and_the_rest_is_credit(cast: Cast) -> None:
    invoice = make_invoice(cast.acme)
    pay(invoice, 5_000)
    credit(invoice)
    assert (again(invoice).state, again(invoice).due) == ("void", 0)
    assert balance(cast.acme) == 5_000


def test_credit_of_a_large_invoice_is_given_back_whole(cast: Cast) -> None:
    invoice = make_invoice(cast.acme, charge(90_000_000))
    pay(invoice, invoice.gross)
    credit(invoice)
    assert balance(cast.acme) == invoice.gross


@pytest.mark.parametrize(
    ("net", "code"), [(0, "amount"), (-1, "amount"), (10_001, "too_much"), (10**15, "too_much")]
)
def test_amounts_that_are_refused(cast: Cast, net: int, code: str) -> None:
    invoice = make_invoice(cast.acme)
    with pytest.raises(ValidationError) as refused:
        credit(invoice, net)
    assert refused.value.code == code
    assert again(invoice).state == "open"


def test_all_notes_together_are_never_more(cast: Cast) -> None:
    invoice = make_invoice(cast.acme)
    credit(invoice, 6_000)
    with pytest.raises(ValidationError, match=r"more than the €40\.00"):
        credit(invoice, 4_001)
    credit(invoice, 4_000)
    with pytest.raises(ValidationError, match="is void"):
        credit(invoice, 1)


def test_reason_is_said(cast: Cast) -> None:
    with pytest.raises(ValidationError) as refused:
        credit(make_invoice(cast.acme), reason="  ")
    assert refused.value.code == "reason"


def test_credit_note_is_neither_paid_nor_taken_back(cast: Cast) -> None:
    note = credit(make_invoice(cast.acme))
    for deed in (credit, lambda note: pay(note, 1)):
        with pytest.raises(ValidationError) as refused:
            deed(note)
        assert refused.value.code == "state"


def test_credit_that_was_bought_and_paid_is_not_taken_back(cast: Cast) -> None:
    top_up = make_invoice(cast.acme, charge(25_000, kind="credit"), kind="top_up")
    pay(top_up, 25_000)
    with pytest.raises(ValidationError, match="by hand"):
        credit(top_up)
    unpaid = make_invoice(cast.acme, charge(25_000, kind="credit"), kind="top_up")
    credit(unpaid)
    assert again(unpaid).state == "void"
    assert balance(cast.acme) == 25_000


@hypothesis_settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.integers(1, 99), min_size=1, max_size=4))
def test_parts_give_back_the_whole_to_the_cent(cast: Cast, parts: list[int]) -> None:
    """Whatever the parts are, the taxes of all notes together are the tax of the invoice."""
    invoice = make_invoice(cast.acme, charge(sum(parts)))
    notes = [credit(invoice, part) for part in parts]
    assert sum(note.gross for note in notes) == invoice.gross
    assert again(invoice).state == "void"
    with bound(cast.acme.pk):
        for note in notes:
            assert [broken for broken in broken_rules(paper_of(note)) if "BR-CO-17" in broken] == []
