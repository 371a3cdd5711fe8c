"""Which tax an invoice bears, by the countries and numbers of both sides."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.charges import Charge
from billing.tax import Treatment, rate_of, tax_of, taxed, treatment, voucher

GERMANY = {"country": "DE", "tax_id": "DE136695976", "rate": "19"}
SWISS = {"country": "CH", "tax_id": "CHE-100.155.212 MWST", "rate": "8.1"}


def charge(net: int) -> Charge:
    return Charge(
        kind="other",
        text="Something",
        quantity=Decimal(1),
        unit="C62",
        price=Decimal(net).scaleb(-2),
        net=net,
    )


@pytest.mark.parametrize(
    ("seller", "buyer", "category", "rate"),
    [
        (GERMANY, {"country": "DE", "tax_id": "DE136695976"}, "S", "19"),
        (GERMANY, {"country": "DE"}, "S", "19"),
        (GERMANY, {"country": "", "tax_id": ""}, "S", "19"),
        (GERMANY, {"country": "FR", "tax_id": "FR 40 303 265 045"}, "AE", "0"),
        (GERMANY, {"country": "GR", "tax_id": "EL 094259216"}, "AE", "0"),
        (GERMANY, {"country": "FR", "tax_id": ""}, "S", "19"),
        (GERMANY, {"country": "FR", "tax_id": "FR00000000000"}, "S", "19"),
        # A number of another country than the one it is in proves nothing.
        (GERMANY, {"country": "FR", "tax_id": "ATU13585627"}, "S", "19"),
        (GERMANY, {"country": "US", "tax_id": "12-3456789"}, "G", "0"),
        (GERMANY, {"country": "GB", "tax_id": "GB980780684"}, "G", "0"),
        (GERMANY | {"tax_id": "12/345/67890"}, {"country": "US"}, "O", "0"),
        (GERMANY | {"rate": "0"}, {"country": "DE"}, "E", "0"),
        (GERMANY | {"rate": "0"}, {"country": "FR"}, "E", "0"),
        (GERMANY | {"rate": "0"}, {"country": "FR", "tax_id": "FR40303265045"}, "AE", "0"),
        (GERMANY | {"rate": "0", "tax_id": ""}, {"country": "DE"}, "O", "0"),
        (SWISS, {"country": "CH"}, "S", "8.1"),
        (SWISS, {"country": "DE", "tax_id": "DE136695976"}, "O", "0"),
        ({"country": "US", "tax_id": "", "rate": "0"}, {"country": "US"}, "O", "0"),
        ({"country": "", "tax_id": "", "rate": ""}, {"country": ""}, "O", "0"),
    ],
)
def test_treatment(seller: dict, buyer: dict, category: str, rate: str) -> None:
    found = treatment(seller, buyer)
    assert (found.category, found.rate) == (category, Decimal(rate))
    assert bool(found.reason) == (category != "S")


def test_reverse_charge_says_so() -> None:
    found = treatment(GERMANY, {"country": "FR", "tax_id": "FR40303265045"})
    assert found.code == "VATEX-EU-AE"
    assert found.reason.startswith("Reverse charge")


def test_credit_is_a_voucher() -> None:
    assert voucher(GERMANY).category == "E"
    assert voucher({"country": "US", "tax_id": ""}).category == "O"


@pytest.mark.parametrize("rate", ["-1", "100", "x", "NaN", "Infinity", "19.999", "1e5"])
def test_rate_that_is_none_is_refused(rate: str) -> None:
    with pytest.raises(ValueError, match="TAX_RATE"):
        rate_of({"rate": rate})


def test_tax_is_of_the_sum_and_not_of_each_line() -> None:
    """Three times 0.03 bear 0.02 of tax; each alone would bear 0.01 and make 0.03."""
    net, tax, gross, parts = taxed([charge(3)] * 3, Treatment("S", Decimal(19)))
    assert (net, tax, gross) == (9, 2, 11)
    assert [(part["net"], part["tax"]) for part in parts] == [(9, 2)]


@given(st.lists(st.integers(0, 10**12), max_size=9), st.decimals(0, "99.99", places=2))
def test_tax_is_half_up_of_the_sum(nets: list[int], rate: Decimal) -> None:
    net, tax, gross, _ = taxed(map(charge, nets), Treatment("S", rate))
    assert net == sum(nets)
    assert gross == net + tax
    exact = Fraction(net) * Fraction(rate) / 100
    assert Fraction(-1, 2) < tax - exact <= Fraction(1, 2)


def test_half_a_cent_of_tax_goes_up() -> None:
    assert tax_of(50, Decimal(19)) == 10
    assert tax_of(150, Decimal(1)) == 2
