"""The printed page: what it says, that it always comes, and that it is the same every time."""

import re
from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from billing.documents import pdf_words as words
from billing.documents.paper import Paper, Payment
from billing.documents.pdf import invoice_pdf
from billing.documents.pdf_fonts import MISSING, printable
from billing.documents.sepa import payment_code
from billing.documents.xml import invoice_xml
from tests.billing.documents.cases import BUYER, CASES, SELLER, line, paper


def read(one: Paper, xml: bytes | None = None) -> PdfReader:
    return PdfReader(BytesIO(invoice_pdf(one, xml)))


def text_of(one: Paper) -> str:
    return "\n".join(page.extract_text() for page in read(one).pages)


def test_an_invoice_says_what_the_paper_says() -> None:
    said = text_of(CASES["two rates"])
    for word in (
        "Invoice BW-2026-00217", "1–31 October 2026", "Nordlicht Daten AG", "PO-88121", "42 seats", "1,218.00",
        "VAT 19% on 1,218.00", "231.42", "VAT 7% on 74.70", "EUR 1,529.35", "Payable by 15 November 2026",
        "DE89 3704 0044 0532 0130 00", "Tax number DE 123 456 789", "HRB 100001", "Page 1 of 1", "Thank you.",
    ):  # fmt: skip
        assert word in said, word


def test_a_credit_note_asks_for_no_money() -> None:
    said = text_of(CASES["credit note, reverse charge"])
    assert "Credit note BW-2026-C0003" in said
    assert "corrects invoice BW-2026-00217 of 1 November 2026" in said
    assert "Reverse charge: the customer is liable for the tax." in said
    assert "Amount credited" in said
    assert "Account holder" not in said
    assert "Payable" not in said


def test_yen_have_no_decimals_and_no_sepa_code() -> None:
    assert "JPY 217,887" in text_of(CASES["yen"])
    assert payment_code(CASES["yen"]) is None


def test_every_page_has_its_head_foot_and_number() -> None:
    pages = [page.extract_text() for page in read(CASES["200 lines"]).pages]
    assert len(pages) > 5
    for place, said in enumerate(pages, start=1):
        assert f"Page {place} of {len(pages)}" in said
        assert "Bailiwick Console GmbH" in said
        assert "Description" in said or place == len(pages)
        assert "BW-2026-00217" in said
    together = "\n".join(pages)
    assert [f"Project {place:03d}" in together for place in range(200)] == [True] * 200


@pytest.mark.parametrize("name", ["two rates", "hostile names", "200 lines"])
def test_the_same_paper_is_the_same_file(name: str) -> None:
    xml = invoice_xml(CASES[name])
    assert invoice_pdf(CASES[name], xml) == invoice_pdf(CASES[name], xml)


def test_the_xml_is_inside_as_factur_x_wants_it() -> None:
    xml = invoice_xml(CASES["reverse charge"])
    found = read(CASES["reverse charge"], xml)
    assert found.attachments["factur-x.xml"] == [xml]
    root = found.root_object
    (file,) = root["/AF"]
    assert file.get_object()["/AFRelationship"] == "/Alternative"
    about = root["/Metadata"].get_data().decode()
    assert "<fx:ConformanceLevel>EN 16931</fx:ConformanceLevel>" in about
    assert "<pdfaid:part>3</pdfaid:part>" in about
    assert "2026-11-01T00:00:00+00:00" in about
    assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"


def test_without_xml_it_promises_none() -> None:
    found = read(CASES["standard rate"])
    assert not found.attachments
    assert "fx:" not in found.root_object["/Metadata"].get_data().decode()


@pytest.mark.parametrize("name", ["standard rate", "hostile names"])
def test_every_font_is_embedded(name: str) -> None:
    for page in read(CASES[name]).pages:
        for font in page["/Resources"]["/Font"].values():
            (inner,) = font["/DescendantFonts"]
            assert {"/FontFile2", "/FontFile3"} & inner.get_object()["/FontDescriptor"].keys()
            assert "/ToUnicode" in font


def test_many_scripts_are_shown_and_the_rest_is_a_box() -> None:
    for name in (
        "Київ ул.",
        "Αθήνα",
        "Nguyễn",
        "株式会社",
        "주식회사",
        "شركة",
        "חברה",
        "บริษัท",
        "कंपनी",
        "თბილისი",
        "−€",
    ):
        assert printable(name) == name
    assert printable("𝕏 ﷺ🦊ꙮ") == "X " + printable("ﷺ") + MISSING * 2
    assert printable("\U0001f469\u200d\U0001f4bb\ufe0f").startswith(MISSING)


def test_the_librarys_page_alias_in_a_name_is_a_name() -> None:
    assert "{nb} GmbH" in text_of(
        paper(line("{nb}", "1", "unit", "1"), buyer=replace(BUYER, name="{nb} GmbH"))
    )


@given(st.text(max_size=120), st.text(max_size=300))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_text_stops_the_page(short: str, long: str) -> None:
    one = paper(
        line(long or " ", "-1", "unit", "1"), note=long, purchase_order=short, buyer_reference=long, number=short,
        buyer=replace(BUYER, name=long, street=long, city=short, country=short, tax_id=short),
        seller=replace(SELLER, name=short, street=long, registration=long),
        payment=Payment(iban=short, bic=short, account_name=long, reference=short),
    )  # fmt: skip
    assert invoice_pdf(one).startswith(b"%PDF-")


def test_figures_of_no_sense_still_print() -> None:
    one = paper(line("x" * 500, "1" * 27 + ".123456789", "thousand", "9" * 27 + ".987654321"))
    assert invoice_pdf(one).startswith(b"%PDF-")
    assert invoice_pdf(replace(one, lines=(), tax_sums=())).startswith(b"%PDF-")


def test_the_payment_code_is_epc069_12() -> None:
    code = payment_code(CASES["standard rate"])
    assert code is not None
    assert code.decode().split("\n") == [
        "BCD", "002", "1", "SCT", "COBADEFFXXX", "Bailiwick Console GmbH", "DE89370400440532013000", "EUR1887.01",
        "", "", "BW-2026-00217",
    ]  # fmt: skip
    for name in (
        "credit note",
        "export",
        "prepaid in full",
        "nothing to pay",
        "below zero",
        "huge",
    ):
        assert payment_code(CASES[name]) is None, name
    wide = Payment(iban="DE89370400440532013000", account_name="株" * 200, reference="式" * 200)
    assert payment_code(replace(CASES["standard rate"], payment=wide)) is None


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ((2026, 10, 1), (2026, 10, 31), "1–31 October 2026"), ((2026, 9, 30), (2026, 10, 1), "30 September – 1 October 2026"),
        ((2025, 12, 1), (2026, 1, 31), "1 December 2025 – 31 January 2026"), ((2026, 2, 3), (2026, 2, 3), "3 February 2026"),
        (None, (2026, 2, 3), "to 3 February 2026"), ((2026, 2, 3), None, "from 3 February 2026"), (None, None, ""),
    ],
)  # fmt: skip
def test_periods_in_words(
    start: tuple[int, int, int] | None, end: tuple[int, int, int] | None, said: str
) -> None:
    from datetime import date

    assert words.period(start and date(*start), end and date(*end)) == said


def test_figures_in_words() -> None:
    assert words.grouped("-1234567.80") == "−1,234,567.80"
    assert words.price(line("A", "1", "unit", "29"), CASES["two rates"]) == "29.00"
    assert words.price(line("A", "1", "unit", "0.000003750"), CASES["two rates"]) == "0.00000375"
    assert words.unit(line("A", "1", "seat", "1")) == "seat"
    assert re.fullmatch(r"(\w{4} )+\w{2}", words.spaced("DE89370400440532013000"))
