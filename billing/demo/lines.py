"""What each organization of the demo pays, as data. Months are counted back from the present one.

All names are invented; what was used comes from the demo's request log.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Paid:
    """What became of the invoice of a month: days after its issue, and how."""

    after: int | None = None
    reference: str = ""
    given_back: int = 0
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class TopUp:
    """Credit that was bought so many days ago; `paid_after` is None where it waits."""

    amount: int
    ago: int
    paid_after: int | None = None


@dataclass(frozen=True, kw_only=True)
class Account:
    """`seats` by months ago and day, the first being the start; `paid` the oldest month first."""

    plan: str
    buyer: dict[str, str] = field(default_factory=dict)
    recipients: tuple[str, ...] = ()
    by: str = ""
    seats: tuple[tuple[int, int, int], ...] = ()
    paid: tuple[Paid, ...] = ()
    top_ups: tuple[TopUp, ...] = ()


ACCOUNTS: dict[str, Account] = {
    "Acme Robotics": Account(
        plan="enterprise",
        by="Alice Marlow",
        buyer={
            "legal_name": "Acme Robotics GmbH",
            "street": "Speicherstraße 12",
            "postcode": "28195",
            "city": "Bremen",
            "country": "DE",
            "tax_id": "DE294000009",
            "purchase_order": "PO-4711",
        },
        recipients=("finance@acme.example", "accounts.payable@acme.example"),
        seats=((5, 12, 48), (2, 9, 60)),
        paid=(
            Paid(after=9, reference="Acme 06/1"),
            Paid(after=12, reference="Acme 07/1"),
            Paid(
                after=8,
                reference="Acme 08/1",
                given_back=126_00,
                reason="Three seats were charged after these people had left",
            ),
            Paid(after=13, reference="Acme 09/1"),
            Paid(after=10, reference="Acme 10/1"),
        ),
        top_ups=(TopUp(amount=500_00, ago=96, paid_after=4), TopUp(amount=1_000_00, ago=20)),
    ),
    "Umbrella Logistics": Account(plan="free"),
    "Larkfield Press": Account(
        plan="team",
        by="Harriet Penhallam",
        buyer={
            "legal_name": "Larkfield Press BV",
            "street": "Drukpersstraat 4",
            "postcode": "9000",
            "city": "Gent",
            "country": "BE",
            "tax_id": "BE0431200038",
        },
        seats=((3, 5, 8), (2, 1, 10)),
        paid=(Paid(after=11, reference="Larkfield june"), Paid(), Paid()),
    ),
}
