"""The pages of invoices: who sees them, what they show, and that nothing crosses the wall."""

from __future__ import annotations

import csv
import datetime
import io
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit.events import Event
from billing.charges import Charge, usage_charge
from billing.models import Invoice
from billing.queries import invoices as queries
from billing.queries.invoices import upcoming
from billing.queries.metering import Metered
from config.money import NANO
from config.roles import PRESET_POLICIES, Policy, Preset, Role
from orgs.models import Organization
from orgs.tenancy import bound
from tests.billing.bills import (
    TODAY,
    charge,
    make_details,
    make_invoice,
    make_subscription,
    note,
    pay,
)
from tests.billing.test_credit_notes import credit
from tests.billing.test_invoices import drafted, events
from tests.factories import Cast, make_group, make_member, make_person, make_seat, sign_in
from tests.orgs.groups import said
from tests.projects.factories import make_group_role, make_project

pytestmark = pytest.mark.usefixtures("issuer")
SOON = datetime.date(2026, 11, 1)


def page(cast: Cast, rest: str = "") -> str:
    return cast.url(f"billing/invoices/{rest}")


def usage(*parts: tuple[Any, str, int]) -> Charge:
    said = [{"project": str(pk or ""), "name": name, "nano": nano} for pk, name, nano in parts]
    total = sum(nano for _, _, nano in parts)
    found = usage_charge(total, said, datetime.date(2026, 10, 1), SOON, "EUR")
    assert found is not None
    return found


def member_with(cast: Cast, role: Role) -> Client:
    """Somebody of this organization role, or a Member whose group carries it."""
    direct = role in (Role.OWNER, Role.ADMIN, Role.MEMBER, Role.VIEWER, Role.END_USER)
    person = make_person("Robin Vale")
    membership = make_member(cast.acme, role if direct else Role.END_USER, person)
    if not direct:
        group = make_group(cast.acme)
        make_seat(group, membership)
        make_group_role(group, role)
    return sign_in(person)


READERS = {Role.OWNER, Role.ADMIN, Role.VIEWER, Role.BILLING_VIEWER}
ROLES = (
    *(Role.OWNER, Role.ADMIN, Role.MEMBER, Role.VIEWER, Role.END_USER),
    *(Role.BILLING_VIEWER, Role.INSIGHTS_VIEWER),
)


@pytest.mark.requirement("S1-024")
@pytest.mark.requirement("S1-033")
@pytest.mark.requirement("S4-050")
@pytest.mark.parametrize("preset", list(Preset))
@pytest.mark.parametrize("role", ROLES)
def test_presets_decide_who_sees_invoices(cast: Cast, role: Role, preset: Preset) -> None:
    """A Member reads them where the preset says that members read billing: the fourth alone."""
    with bound(cast.acme.pk):
        policies = sorted(PRESET_POLICIES[preset])
        Organization.objects.filter(pk=cast.acme.pk).update(policies=policies)
    invoice, client = make_invoice(cast.acme), member_with(cast, role)
    sees = role in READERS or (role is Role.MEMBER and preset is Preset.S4)
    for rest in ("", f"{invoice.pk}/", f"{invoice.pk}/pdf/", "export/"):
        answer = client.get(page(cast, rest))
        assert (answer.status_code == 200) is sees, (rest, answer.status_code)
        if not sees:
            assert answer.status_code == 302


def test_policies_are_as_this_file_thinks() -> None:
    reads = {one for one in Preset if Policy.MEMBERS_READ_BILLING in PRESET_POLICIES[one]}
    assert reads == {Preset.S4}


def test_nobody_reads_what_another_organization_was_asked_for(cast: Cast) -> None:
    make_details(cast.umbrella)
    foreign, client = make_invoice(cast.umbrella), sign_in(cast.alice)
    for pk in (foreign.pk, uuid4()):
        for rest in (f"{pk}/", f"{pk}/pdf/", f"{pk}/xml/"):
            assert client.get(page(cast, rest)).status_code == 404
    assert foreign.number not in client.get(page(cast)).content.decode()
    assert sign_in(cast.oscar).get(page(cast, f"{foreign.pk}/")).status_code == 404


def test_draft_is_nobodys_business(cast: Cast) -> None:
    with bound(cast.acme.pk):
        draft = drafted(cast.acme)
    client = sign_in(cast.alice)
    for rest in (f"{draft.pk}/", f"{draft.pk}/pdf/", f"{draft.pk}/xml/"):
        assert client.get(page(cast, rest)).status_code == 404
    assert "No invoices yet" in said(client.get(page(cast)))


@pytest.mark.requirement("S1-063")
def test_list_tells_states_in_words_and_narrows_by_its_address(cast: Cast) -> None:
    long_ago = datetime.date(2025, 2, 1)
    overdue = make_invoice(cast.acme, on=long_ago)
    paid = make_invoice(cast.acme)
    pay(paid, paid.gross)
    void = make_invoice(cast.acme)
    note = credit(void)
    open_one = make_invoice(cast.acme, on=datetime.date(2099, 1, 1))
    client = sign_in(cast.vera)
    shown = said(client.get(page(cast)))
    for words in ("Overdue since 15 Feb", "Paid 1 Nov", "Void", "Given back", "Open, due 15 Jan"):
        assert words in shown
    for query, expected in (
        ("?year=2025", {overdue}),
        ("?state=paid", {paid}),
        ("?state=void", {void}),
        ("?state=open", {overdue, open_one}),
        ("?state=overdue", {overdue}),
        ("?state=credit_note", {note}),
        ("?year=2026&state=paid", {paid}),
        ("?year=1999&state=nonsense", {overdue, paid, void, note, open_one}),
    ):
        found = client.get(page(cast, query)).context["invoices"]
        assert {one.pk for one in found} == {one.pk for one in expected}, query


def test_list_has_pages(cast: Cast) -> None:
    numbers = [make_invoice(cast.acme).number for _ in range(28)]
    client = sign_in(cast.alice)
    first = client.get(page(cast))
    second = client.get(first.context["older_url"])
    found = [one.number for answer in (first, second) for one in answer.context["invoices"]]
    assert found == numbers[::-1]
    assert len(first.context["invoices"]) == 25
    assert client.get(page(cast, "?page=nonsense")).status_code == 200


def test_page_asks_as_often_however_many_there_are(cast: Cast) -> None:
    client = sign_in(cast.alice)
    invoice = make_invoice(cast.acme)
    many = make_invoice(cast.acme, *[charge(100 + n, f"Line {n}") for n in range(40)])
    for _ in range(10):
        make_invoice(cast.acme)
    client.get(page(cast))
    counts = []
    for rest in ("", f"{invoice.pk}/", f"{many.pk}/"):
        with CaptureQueriesContext(connection) as captured:
            client.get(page(cast, rest))
        counts.append(len(captured))
    assert counts[1] == counts[2]
    assert max(counts) <= 16, counts


def test_invoice_reads_as_the_document_does(cast: Cast) -> None:
    make_details(cast.acme, country="DE", tax_id="", purchase_order="PO 4711")
    invoice = make_invoice(cast.acme, charge(10_001, "Team, 4 seats"))
    shown = said(sign_in(cast.alice).get(page(cast, f"{invoice.pk}/")))
    for words in (
        invoice.number,
        "Acme Robotics SAS",
        "Fernhill Platforms GmbH",
        "Team, 4 seats",
        "€100.01",
        "Tax, 19 %",
        "€119.01",
        "PO 4711",
        "DE89 3704 0044 0532 0130 00",
    ):
        assert words in shown


def test_reverse_charge_is_said(cast: Cast) -> None:
    make_details(cast.acme)
    invoice = make_invoice(cast.acme)
    assert "Reverse charge" in said(sign_in(cast.alice).get(page(cast, f"{invoice.pk}/")))


def test_documents_come_under_the_number_of_the_invoice(cast: Cast) -> None:
    make_details(cast.acme)
    invoice, client = make_invoice(cast.acme), sign_in(cast.alice)
    pdf = client.get(page(cast, f"{invoice.pk}/pdf/"))
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf["Content-Disposition"] == f'attachment; filename="{invoice.number}.pdf"'
    assert pdf.content.startswith(b"%PDF")
    xml = client.get(page(cast, f"{invoice.pk}/xml/"))
    assert xml["Content-Disposition"] == f'attachment; filename="{invoice.number}.xml"'
    assert invoice.number.encode() in xml.content
    pay(invoice, 100)
    assert client.get(page(cast, f"{invoice.pk}/xml/")).content == xml.content


def test_prefix_of_numbers_need_not_be_tame(cast: Cast, settings: Any) -> None:
    settings.INVOICE_PREFIX = '../"Ä\r\n' + settings.INVOICE_PREFIX
    make_details(cast.acme)
    invoice = make_invoice(cast.acme)
    answer = sign_in(cast.alice).get(page(cast, f"{invoice.pk}/pdf/"))
    name = f"{settings.INVOICE_PREFIX.rpartition(chr(10))[2]}-2026-000001.pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'


def test_without_the_buyers_country_there_is_a_pdf_and_no_xml(cast: Cast) -> None:
    invoice, client = make_invoice(cast.acme), sign_in(cast.alice)
    shown = client.get(page(cast, f"{invoice.pk}/"))
    assert "No XML of this one" in said(shown)
    assert f"{invoice.pk}/xml/" not in shown.content.decode()
    answer = client.get(page(cast, f"{invoice.pk}/xml/"), follow=True)
    assert "There is no XML" in said(answer)
    assert client.get(page(cast, f"{invoice.pk}/pdf/")).content.startswith(b"%PDF")


@pytest.mark.requirement("S3-059")
def test_projects_that_one_does_not_see_are_not_named(cast: Cast) -> None:
    seen, hidden = make_project(cast.acme, "Order intake"), make_project(cast.acme, "Quiet plan")
    parts = [(seen.pk, "Order intake", 3 * NANO), (hidden.pk, "Quiet plan", 2 * NANO)]
    invoice = make_invoice(cast.acme, usage(*parts, (None, "In no project", NANO)))
    assert "Quiet plan" in said(sign_in(cast.alice).get(page(cast, f"{invoice.pk}/")))
    client = member_with(cast, Role.BILLING_VIEWER)
    shown = said(client.get(page(cast, f"{invoice.pk}/")))
    assert "Quiet plan" not in shown
    assert "Order intake" not in shown
    assert "2 projects you do not see" in shown
    assert "In no project" in shown
    assert b"Quiet plan" not in client.get(page(cast, f"{invoice.pk}/pdf/")).content


def test_hostile_names_are_shown_as_they_are(cast: Cast) -> None:
    name = "<script>alert(1)</script>"
    make_details(cast.acme, legal_name=name, street="‮egdirb", country="DE", tax_id="")
    invoice = make_invoice(cast.acme, charge(100, name), usage((None, name, NANO)), title=name)
    client = sign_in(cast.alice)
    for rest in ("", f"{invoice.pk}/"):
        body = client.get(page(cast, rest)).content.decode()
        assert name not in body
        assert "&lt;script&gt;" in body
    assert client.get(page(cast, f"{invoice.pk}/pdf/")).status_code == 200
    assert client.get(page(cast, f"{invoice.pk}/xml/")).status_code == 200


def test_year_is_exported_for_a_spreadsheet_and_recorded(cast: Cast) -> None:
    make_details(cast.acme, country="DE", tax_id="", purchase_order="=HYPERLINK(1)")
    invoice = make_invoice(cast.acme, title="+1 cell")
    make_invoice(cast.acme, on=datetime.date(2025, 3, 1))
    answer = sign_in(cast.vera).get(page(cast, "export/?year=2026"))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="{cast.acme.slug}-invoices-2026.csv"' in answer["Content-Disposition"]
    (row,) = csv.DictReader(io.StringIO(answer.content.decode()))
    assert row["number"] == invoice.number
    assert (row["net"], row["tax"], row["gross"]) == ("100.00", "19.00", "119.00")
    assert (row["purchase order"], row["for"]) == ("'=HYPERLINK(1)", "'+1 cell")
    (entry,) = events(cast.acme, Event.INVOICES_EXPORTED)
    assert '"entries": [null, 1]' in entry.body


@pytest.mark.parametrize("year", ["", "0000", "x", "99999", "²⁰²⁶", "0001"])
def test_year_that_is_none_is_this_one(cast: Cast, year: str) -> None:
    assert sign_in(cast.alice).get(page(cast, f"export/?year={year}")).status_code == 200


def test_empty_list_says_when_the_first_one_comes(cast: Cast) -> None:
    assert "No invoices yet" in said(sign_in(cast.alice).get(page(cast)))
    make_invoice(cast.acme)
    assert "No invoice is like this" in said(sign_in(cast.alice).get(page(cast, "?state=void")))


def test_next_invoice_is_seats_of_the_month_and_usage_so_far(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_subscription(cast.acme, seats=12, started_on=datetime.date(2026, 11, 10))
    asked = []

    def metered(organization: Any, start: datetime.date, end: datetime.date) -> Metered:
        asked.append((start, end))
        return Metered(total=3 * NANO, projects={})

    monkeypatch.setattr(queries, "metered", metered)
    with bound(cast.acme.pk):
        coming = upcoming(cast.acme.pk, datetime.date(2026, 11, 22))
    assert coming is not None
    assert asked == [(datetime.date(2026, 11, 10), datetime.date(2026, 11, 23))]
    assert [line.net for line in coming.lines] == [17640, 300]
    assert (coming.so_far, coming.forecast, coming.expected) == (17940, 0, 17940)
    assert coming.on == datetime.date(2026, 12, 1)


def test_without_a_subscription_nothing_comes(cast: Cast) -> None:
    with bound(cast.acme.pk):
        assert upcoming(cast.acme.pk, TODAY) is None


def test_nothing_is_changed_by_a_post(cast: Cast) -> None:
    invoice, client = make_invoice(cast.acme), sign_in(cast.alice)
    for rest in ("", f"{invoice.pk}/", f"{invoice.pk}/pdf/", f"{invoice.pk}/xml/", "export/"):
        assert client.post(page(cast, rest)).status_code == 405
    with bound(cast.acme.pk):
        assert Invoice.objects.in_org(cast.acme.pk).count() == 1


def test_what_stripe_issued_has_its_document_there(cast: Cast) -> None:
    client, answers = sign_in(cast.alice), []
    for url in ("https://invoice.stripe.com/i/1", "javascript:alert(1)"):
        with bound(cast.acme.pk):
            row = Invoice.objects.create(
                organization_id=cast.acme.pk,
                kind="invoice",
                state="open",
                number=uuid4().hex,
                cause=uuid4().hex,
                currency="EUR",
                issued_on=TODAY,
                due_on=TODAY,
                provider="stripe",
                provider_url=url,
                taxes=[{"category": "S", "rate": "0", "net": 0, "tax": 0}],
            )
            note(cast.acme, Event.INVOICE_SENT, {"to": (None, "")})
        assert client.get(page(cast, f"{row.pk}/")).status_code == 200
        answers.append(client.get(page(cast, f"{row.pk}/pdf/")))
    assert answers[0]["Location"] == "https://invoice.stripe.com/i/1"
    assert answers[1].status_code == 404
