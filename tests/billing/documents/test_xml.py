"""The XML says what the paper says, escapes what people typed, and is the same every time."""

from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing.documents.paper import Paper
from billing.documents.rules import PaperError
from billing.documents.text import amount, clean, clean_lines, number
from billing.documents.xml import EN_16931, XRECHNUNG, invoice_xml
from billing.documents.xml_tree import NAMESPACES
from tests.billing.documents.cases import BUYER, CASES, HOSTILE, line, paper

AGREEMENT = ".//ram:ApplicableHeaderTradeAgreement"
SETTLEMENT = ".//ram:ApplicableHeaderTradeSettlement"
SUMS = f"{SETTLEMENT}/ram:SpecifiedTradeSettlementHeaderMonetarySummation"


def parsed(one: Paper) -> ElementTree.Element:
    return ElementTree.fromstring(invoice_xml(one))  # noqa: S314 (our own document)


def text(tree: ElementTree.Element, path: str) -> str | None:
    return tree.findtext(path, namespaces=NAMESPACES)


def texts(tree: ElementTree.Element, path: str) -> list[str | None]:
    return [found.text for found in tree.iterfind(path, NAMESPACES)]


@pytest.mark.parametrize("name", CASES)
def test_the_sums_are_the_papers(name: str) -> None:
    one, tree = CASES[name], parsed(CASES[name])
    said = {
        "LineTotalAmount": one.net, "TaxBasisTotalAmount": one.net, "TaxTotalAmount": one.tax,
        "GrandTotalAmount": one.gross, "DuePayableAmount": one.due,
    }  # fmt: skip
    for tag, minor in said.items():
        assert text(tree, f"{SUMS}/ram:{tag}") == amount(minor, one.exponent)
    lines = texts(tree, ".//ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount")
    assert sum(Decimal(net or "x") for net in lines) == Decimal(amount(one.net, one.exponent))
    assert len(lines) == len(one.lines)


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_empty_and_nothing_changes(name: str) -> None:
    written = invoice_xml(CASES[name])
    assert written == invoice_xml(CASES[name])
    for element in ElementTree.fromstring(written).iter():  # noqa: S314
        assert len(element) or (element.text or "").strip(), element.tag


def test_a_credit_note_names_its_kind_and_what_it_corrects() -> None:
    tree = parsed(CASES["credit note"])
    assert text(tree, "rsm:ExchangedDocument/ram:TypeCode") == "381"
    assert (
        text(tree, f"{SETTLEMENT}/ram:InvoiceReferencedDocument/ram:IssuerAssignedID")
        == "BW-2026-00217"
    )
    assert text(tree, f"{SETTLEMENT}/ram:InvoiceReferencedDocument//*") == "BW-2026-00217"
    assert "IBANID" not in invoice_xml(CASES["credit note"]).decode()


def test_outside_of_the_tax_no_vat_number_is_named() -> None:
    written = invoice_xml(CASES["not subject, VAT numbers known"]).decode()
    assert 'schemeID="VA"' not in written
    assert "HRB 100001" in written
    assert written.count("RateApplicablePercent") == 2  # Of the sum alone.


def test_a_seller_with_nothing_but_a_vat_number_is_told_by_it_outside_of_the_tax() -> None:
    tree = parsed(CASES["not subject to tax"])
    assert text(tree, f"{AGREEMENT}/ram:SellerTradeParty/ram:ID") == "DE123456789"


def test_a_foreign_tax_number_stands_for_the_registration() -> None:
    tree = parsed(CASES["export"])
    buyer = f"{AGREEMENT}/ram:BuyerTradeParty"
    assert text(tree, f"{buyer}/ram:SpecifiedLegalOrganization/ram:ID") == "12-3456789"
    assert text(tree, f"{buyer}/ram:SpecifiedTaxRegistration/ram:ID") is None


def test_reference_order_and_payment() -> None:
    tree = parsed(replace(CASES["standard rate"], buyer_reference="Dept 7"))
    assert text(tree, f"{AGREEMENT}/ram:BuyerReference") == "Dept 7"
    assert (
        text(tree, f"{AGREEMENT}/ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID")
        == "PO-88121"
    )
    assert text(tree, f"{SETTLEMENT}/ram:PaymentReference") == "BW-2026-00217"
    assert text(tree, f"{SETTLEMENT}//ram:IBANID") == "DE89370400440532013000"
    assert text(tree, f"{SETTLEMENT}//ram:DueDateDateTime/udt:DateTimeString") == "20261115"
    bare = invoice_xml(CASES["buyer without anything"]).decode()
    assert "BuyerReference" not in bare
    assert "BuyerOrderReferencedDocument" not in bare


def test_the_profile_is_what_was_asked_for() -> None:
    path = ".//ram:GuidelineSpecifiedDocumentContextParameter/ram:ID"
    assert text(parsed(CASES["two rates"]), path) == EN_16931
    tree = ElementTree.fromstring(invoice_xml(CASES["two rates"], profile=XRECHNUNG))  # noqa: S314
    assert text(tree, path) == XRECHNUNG


def test_markup_in_a_name_stays_text() -> None:
    tree = parsed(CASES["hostile names"])
    name = text(tree, f"{AGREEMENT}/ram:BuyerTradeParty/ram:Name") or ""
    assert name.startswith("<script>alert('&amp;')</script> [31m]]> RETNE")
    assert not set("\x00\x1b\u202e\u202c\ufffe") & set(name)


def test_a_paper_that_breaks_rules_is_refused() -> None:
    with pytest.raises(PaperError):
        invoice_xml(replace(CASES["two rates"], due=1))


@given(st.text(min_size=1, max_size=80).filter(clean))
@settings(max_examples=120, deadline=None)
def test_any_name_comes_back_as_it_was_cleaned(name: str) -> None:
    tree = parsed(paper(line(name, "1", "unit", "1"), buyer=replace(BUYER, name=name), note=name))
    assert text(tree, f"{AGREEMENT}/ram:BuyerTradeParty/ram:Name") == clean(name)
    assert text(tree, ".//ram:SpecifiedTradeProduct/ram:Name") == clean_lines(name)[0]


def test_cleaning() -> None:
    assert clean("  a\t\r\nb\x00\u200b ") == "a b\u200b"
    assert clean_lines("a\x85 \u2028b\r\rc") == ["a", "b", "c"]
    assert clean("e\u0301") == "é"
    assert clean(HOSTILE.name) == clean(clean(HOSTILE.name))


@pytest.mark.parametrize(
    ("value", "written"),
    [("42", "42"), ("2.500", "2.5"), ("1E+3", "1000"), ("3.75E-7", "0.000000375"), ("-0.0", "0"), ("100", "100")],
)  # fmt: skip
def test_numbers_are_plain(value: str, written: str) -> None:
    assert number(Decimal(value)) == written


@pytest.mark.parametrize(("minor", "exponent", "written"), [(5, 2, "0.05"), (-5, 2, "-0.05"), (0, 2, "0.00"), (141280, 2, "1412.80"), (7, 0, "7")])  # fmt: skip
def test_amounts_have_the_currencys_decimals(minor: int, exponent: int, written: str) -> None:
    assert amount(minor, exponent) == written
