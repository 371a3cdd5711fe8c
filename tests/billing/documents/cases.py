"""Papers of every sort, by name: what the tests and the official rules are run over."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from billing.documents.paper import Line, Paper, Party, Payment
from billing.documents.sums import line_net, tax_sums, totals

SELLER = Party(
    name="Bailiwick Console GmbH",
    street="Gärtnerstraße 12\nHof, Aufgang B",
    city="Hamburg",
    postcode="20253",
    country="DE",
    tax_id="DE 123 456 789",
    registration="Amtsgericht Hamburg HRB 100001",
    email="billing@console.example",
    contact="Billing desk",
    phone="+49 40 555 01 00",
)
BUYER = Party(
    name="Meridian Labs B.V.",
    street="Keizersgracht 221",
    city="Amsterdam",
    postcode="1016 DV",
    country="NL",
    tax_id="NL001234567B01",
    identifier="C-1042",
    email="invoices@meridian.example",
    contact="Accounts payable",
)
GERMAN = replace(BUYER, name="Nordlicht Daten AG", street="Lange Reihe 7", city="Bremen",
                 postcode="28195", country="DE", tax_id="DE987654321")  # fmt: skip
PAYMENT = Payment(
    iban="DE89 3704 0044 0532 0130 00", bic="COBADEFFXXX", account_name="Bailiwick Console GmbH"
)
OCTOBER = {"period_start": date(2026, 10, 1), "period_end": date(2026, 10, 31)}
SEATS = ("Team plan\nSeats, 1 to 31 October 2026", "42", "seat", "29.00")
CALLS = ("Metered usage\nMillions of tokens, at cost", "118.42731", "million", "3.105")
# What a name may be when nobody looks: markup, controls, turned text, many scripts, no end.
HOSTILE = replace(
    GERMAN,
    name="<script>alert('&amp;')</script> \x00\x1b[31m]]> \u202eRETNE\u202c \ufffe " + "W" * 300,
    street="Nguyễn Ҝ. ул., 株式会社 주식회사\nشركة البيانات 12\nחברה בע״מ\nबैंक प्रा. लि.\n𝕏🦊",
    city="İzmir & Ωmega <b>",
    contact='"; DROP TABLE invoices; --',
    email="o'brien+<x>&@xn--bcher-kva.example",
)


def line(text: str, quantity: str, unit: Any, price: str, **said: Any) -> Line:
    exponent = said.pop("exponent", 2)
    given = {"position": 1, "tax_category": "S", "tax_rate": Decimal(19), **said}
    amount, each = Decimal(quantity), Decimal(price)
    net = line_net(amount, each, exponent)
    return Line(description=text, quantity=amount, unit=unit, unit_price=each, net=net, **given)


def paper(*lines: Line, prepaid: int = 0, reasons: Any = None, **said: Any) -> Paper:
    numbered = tuple(replace(one, position=place) for place, one in enumerate(lines, start=1))
    sums = tax_sums(numbered, reasons)
    given = {
        "number": "BW-2026-00217", "kind": "invoice", "issued_on": date(2026, 11, 1),
        "due_on": date(2026, 11, 15), "currency": "EUR", "exponent": 2, "seller": SELLER,
        "buyer": GERMAN, "purchase_order": "PO-88121", "payment": PAYMENT, **OCTOBER, **said,
    }  # fmt: skip
    return Paper(lines=numbered, tax_sums=sums, **totals(sums, prepaid=prepaid)._asdict(), **given)


def untaxed(category: str, buyer: Party, **said: Any) -> Paper:
    tax = {"tax_category": category, "tax_rate": Decimal(0)}
    return paper(line(*SEATS, **tax), line(*CALLS, **tax), buyer=buyer, **said)


ABROAD = replace(BUYER, name="Pacific Rim Inc.", city="Portland", region="OR", postcode="97201",
                 country="US", tax_id="12-3456789")  # fmt: skip
NOBODY = Party(name="Ada Example", country="DE")
PEPPOL = {"seller": replace(SELLER, address="DE123456789", address_scheme="9930"),
          "buyer": replace(BUYER, address="NL001234567B01", address_scheme="9944")}  # fmt: skip
TWO_RATES = (line(*SEATS), line("Handbook, printed", "3", "unit", "24.90", tax_rate=Decimal(7)))
CORRECTS = {"kind": "credit_note", "preceding_number": "BW-2026-00217",
            "preceding_issued_on": date(2026, 11, 1), "due_on": None, "number": "BW-2026-C0003"}  # fmt: skip
YEN = {"currency": "JPY", "exponent": 0}

CASES: dict[str, Paper] = {
    "standard rate": paper(line(*SEATS), line(*CALLS, **OCTOBER)),
    "two rates": paper(*TWO_RATES, note="Thank you.\nQuestions: billing@console.example"),
    "reverse charge": untaxed("AE", BUYER),
    "reverse charge, registration only": untaxed(
        "AE", replace(BUYER, tax_id="", registration="KvK 12345678")
    ),
    "export": untaxed("G", ABROAD, currency="USD"),
    "not subject to tax": untaxed("O", ABROAD, currency="USD", seller=replace(SELLER, registration="")),
    "not subject, VAT numbers known": untaxed("O", BUYER),
    "zero rated": untaxed("Z", ABROAD),
    "top-up, exempt": paper(
        line("Credit, 500 EUR", "1", "lump", "500", tax_category="E", tax_rate=Decimal(0)),
        kind="top_up", number="BW-2026-T0009", period_start=None, period_end=None, prepaid=50000,
    ),
    "top-up, not subject": paper(
        line("Credit, 500 EUR", "1", "lump", "500", tax_category="O", tax_rate=Decimal(0)),
        kind="top_up", period_start=None, period_end=None,
        reasons={"O": ("Multi-purpose voucher, not subject to tax when sold.", "VATEX-EU-O")},
    ),
    "credit note": paper(line("Team plan\n12 seats given back", "12", "seat", "29.00"), **CORRECTS),
    "credit note, reverse charge": untaxed("AE", BUYER, **CORRECTS),
    "prepaid in part": paper(line(*SEATS), prepaid=100_00),
    "prepaid in full": paper(line(*SEATS), prepaid=1449_42, due_on=None, payment=None),
    "yen": paper(line("Team plan", "42", "seat", "4300", exponent=0), line("Usage", "7.5", "million", "333", exponent=0), **YEN),
    "hostile names": paper(line("<b>&]]>\x07\n" + "株式会社 " * 400, "1", "unit", "1"), buyer=HOSTILE, note="\x00<&>\n" + "ß" * 900),
    "200 lines": paper(*(line(f"Project {n:03d}\nMetered usage", f"{n}.5", "million", "0.333333") for n in range(200))),
    "nothing to pay": paper(line("Free plan", "3", "seat", "0")),
    "proration": paper(line(*SEATS), line("Seats removed on 14 October", "-3", "seat", "16.838710")),
    "below zero": paper(line("Seats removed", "-3", "seat", "29")),
    "buyer without tax number": paper(line(*SEATS), buyer=NOBODY),
    "buyer without anything": paper(line(*SEATS), buyer=NOBODY, purchase_order="", payment=None),
    "no due date": paper(line(*SEATS), due_on=None),
    "national tax number": paper(line(*SEATS), seller=replace(SELLER, tax_id="42/123/45678", registration="")),
    "electronic addresses": paper(line(*SEATS), **PEPPOL),
    "huge": paper(line("Everything", "8000000", "seat", "999999.99")),
    "finest price": paper(line("Tokens", "123456789", "unit", "0.000000375")),
}  # fmt: skip
