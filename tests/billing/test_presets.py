"""Presets decide who sees invoices and costs: each page × each role, cell by cell.

What is expected comes from the tests' own copy of the rule book (`tests/house/*.csv`), not from
the one that the product reads.
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.events import Event
from billing.models import Invoice, Subscription
from config.roles import GROUP_ROLES, Role
from orgs.models import Organization
from orgs.tenancy import bound
from projects.models import Project
from tests.billing.bills import note
from tests.billing.counted import count
from tests.factories import Cast, make_group, make_member, make_seat, sign_in
from tests.house.books import keep_books, sold
from tests.projects.factories import make_group_role, make_project
from tests.projects.keys import make_key

pytestmark = pytest.mark.django_db

HOUSE = Path(__file__).parents[1] / "house"
NANO = 10**9
# A sum that stands nowhere else: usage of this month.
SPENT = 4_321 * NANO + 12 * NANO // 100
SHOWN = "$4,321.12"
PRESETS = ("S1", "S2", "S3", "S4")

Roles = tuple[str, ...]
# An organization role alone, or one of a group beside the least there is: an End User's. And as
# people come who do finance: a Member in a group.
EVERYBODY: tuple[Roles, ...] = (
    *(("owner",), ("admin",), ("member",), ("viewer",), ("end_user",)),
    *(("end_user", role.value) for role in GROUP_ROLES),
    ("member", "billing_viewer"),
)


@cache
def _rule_book() -> list[dict[str, str]]:
    with (HOUSE / "permissions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def policies_of(preset: str) -> frozenset[str]:
    with (HOUSE / "policies.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(row["policy"] for row in csv.DictReader(file) if row[preset] == "on")


def granted(roles: Roles, policies: frozenset[str]) -> frozenset[str]:
    """The permissions that these roles hold together, as the table says."""

    def yes(cell: str) -> bool:
        return cell == "yes" or cell.removeprefix("policy:") in policies

    rows = _rule_book()
    return frozenset(row["permission"] for row in rows if any(yes(row[role]) for role in roles))


@dataclass(frozen=True, kw_only=True)
class Scene:
    cast: Cast
    project: Project
    invoice: Invoice
    subscription: Subscription

    def pages(self) -> dict[str, tuple[str, str]]:
        """Each page under billing, usage and insights, and the permission it takes."""
        one = f"billing/invoices/{self.invoice.pk}/"
        return {
            "billing/": ("billing page", "billing.view"),
            "billing/plans/": ("plans", "billing.view"),
            "billing/credits/": ("credit", "billing.view"),
            "billing/invoices/": ("invoices", "billing.view_invoices"),
            one: ("an invoice", "billing.view_invoices"),
            f"{one}pdf/": ("its PDF", "billing.view_invoices"),
            f"{one}xml/": ("its XML", "billing.view_invoices"),
            "billing/invoices/export/": ("export of invoices", "billing.view_invoices"),
            "billing/budgets/": ("budgets", "billing.view_costs"),
            "usage/": ("usage", "billing.view_usage"),
            "usage/export/": ("export of usage", "billing.export_usage"),
            "insights/": ("insights", "insights.view"),
            f"insights/{self.project.pk}/": ("insights of a project", "insights.view"),
            "insights/projects/": ("turning insights on", "insights.enable"),
            "billing/change/": ("changing the plan", "billing.change_plan"),
            "billing/cancel/": ("canceling", "billing.change_plan"),
            "billing/details/": ("billing details", "billing.edit_details"),
            "billing/method/": ("payment method", "billing.manage_payment_methods"),
            "billing/credits/buy/": ("buying credit", "billing.buy_credits"),
            f"billing/budgets/project/{self.project.pk}/": ("a budget", "billing.manage_budgets"),
        }


@pytest.fixture
def scene(cast: Cast) -> Scene:
    project = make_project(cast.acme, "Order intake")
    alice = cast.member(cast.alice)
    key, _ = make_key(project, alice)
    books = keep_books(project, key, make_group(cast.acme), alice)
    day = timezone.localdate()
    # What keeping the books counted this month is taken off, so that the month is this sum.
    counted = sum(7 * NANO for days in (0, 1) if (day.day - days) > 0)
    count(cast.acme, {"day": day, "project": project, "model": "dear", "cost": SPENT - counted})
    return Scene(cast=cast, project=project, invoice=books.invoice, subscription=books.subscription)


def choose(organization: Organization, policies: frozenset[str]) -> None:
    with bound(organization.pk):
        Organization.objects.filter(pk=organization.pk).update(policies=sorted(policies))
        note(organization, Event.ORGANIZATION_CHANGED, {"name": (None, None)})


def person_of(cast: Cast, roles: Roles) -> User:
    first, *carried = roles
    member = make_member(cast.acme, Role(first))
    for role in carried:
        group = make_group(cast.acme)
        make_group_role(group, Role(role))
        make_seat(group, member)
    assert member.person is not None
    return member.person


def opens(response: HttpResponseBase) -> bool:
    """Whether the page is there, or whoever asks is sent home with the reason."""
    if response.streaming:
        return True
    is_refused = getattr(response.wsgi_request, "refusal", None) is not None  # type: ignore[attr-defined]
    assert (response.status_code == 200) != is_refused, (response.status_code, response)
    return not is_refused


def main_of(response: Any) -> str:
    return str(response.content.decode()).split("<main", 1)[1]


@pytest.mark.requirement(
    *("S1-015", "S1-016", "S1-024", "S1-033", "S2-031", "S3-051", "S3-052", "S3-053", "S3-059"),
    *("S3-060", "S3-062", "S3-063", "S3-064", "S3-065", "S3-066", "S4-004", "S4-041", "S4-042"),
    *("S4-047", "S4-048", "S4-049", "S4-050"),
)
@pytest.mark.parametrize("preset", PRESETS)
@sold()
def test_each_page_opens_to_whom_the_preset_says(scene: Scene, preset: str) -> None:
    policies = policies_of(preset)
    choose(scene.cast.acme, policies)
    wrong = []
    for roles in EVERYBODY:
        held, client = granted(roles, policies), sign_in(person_of(scene.cast, roles))
        for page, (words, permission) in scene.pages().items():
            is_open = opens(client.get(scene.cast.url(page)))
            if is_open != (permission in held):
                wrong.append((roles, words, "open" if is_open else "shut"))
    assert wrong == []


@pytest.mark.requirement("S1-034", "S2-031", "S4-042", "S1-024")
@pytest.mark.parametrize("preset", PRESETS)
@sold()
def test_money_is_shown_to_whom_the_preset_says(scene: Scene, preset: str) -> None:
    policies = policies_of(preset)
    choose(scene.cast.acme, policies)
    wrong = []
    for roles in EVERYBODY:
        held, client = granted(roles, policies), sign_in(person_of(scene.cast, roles))
        for words, place in MONEY.items():
            seen = place(client, scene.cast, held)
            if seen is not None and seen != ("billing.view_costs" in held):
                wrong.append((roles, words, "shown" if seen else "withheld"))
    assert wrong == []


Place = Callable[[Client, Cast, frozenset[str]], bool | None]


def _of_usage(client: Client, cast: Cast, held: frozenset[str]) -> bool | None:
    if "billing.view_usage" not in held:
        return None
    text = main_of(client.get(cast.url("usage/?by=model")))
    has_columns = "sort=cost" in text or "measure=cost" in text
    assert has_columns == (SHOWN in text)
    return SHOWN in text


def _of_billing(client: Client, cast: Cast, held: frozenset[str]) -> bool | None:
    if "billing.view" not in held:
        return None
    return SHOWN in main_of(client.get(cast.url("billing/")))


def _of_dashboard(client: Client, cast: Cast, held: frozenset[str]) -> bool | None:
    if "org.view_dashboard" not in held:
        return None
    text = main_of(client.get(cast.url()))
    assert ("Requests this month" in text) == (
        "billing.view_usage" in held and "billing.view_costs" not in held
    )
    assert ("Billing status" in text) == ("org.view_team_sections" in held)
    return SHOWN in text


def _of_export(client: Client, cast: Cast, held: frozenset[str]) -> bool | None:
    if "billing.export_usage" not in held:
        return None
    response = client.get(cast.url("usage/export/?format=csv"))
    # Read to its end: a file that is left half read would keep its transaction open.
    header = b"".join(response).split(b"\n")[0]
    return b"cost" in header


def _of_budgets(client: Client, cast: Cast, held: frozenset[str]) -> bool | None:
    if "billing.view_costs" not in held:
        return None
    return SHOWN in main_of(client.get(cast.url("billing/budgets/")))


MONEY: dict[str, Place] = {
    "usage": _of_usage,
    "billing page": _of_billing,
    "dashboard": _of_dashboard,
    "export": _of_export,
    "budgets": _of_budgets,
}


@pytest.mark.requirement("S4-042", "S4-047", "S4-050")
@sold()
def test_invoices_without_costs_name_no_usage_of_the_month(scene: Scene) -> None:
    """No preset has this mixture, and an organization may choose it."""
    choose(scene.cast.acme, frozenset({"members_read_billing"}))
    client = sign_in(scene.cast.mia)
    for page in ("billing/", "billing/invoices/", "usage/", ""):
        text = main_of(client.get(scene.cast.url(page)))
        assert SHOWN not in text, page
        assert "4,3" not in text, page
    assert client.get(scene.cast.url("billing/budgets/")).status_code == 302


@pytest.mark.requirement(
    *("S3-062", "S3-063", "S3-064", "S3-065", "S3-066", "S3-072", "S4-019", "S4-048", "S4-049")
)
@pytest.mark.parametrize("roles", [("end_user", "billing_viewer"), ("member", "billing_viewer")])
@sold()
def test_whoever_reads_billing_changes_nothing_of_it(scene: Scene, roles: Roles) -> None:
    """What they send is refused, is in the log, and no control of theirs leads there."""
    cast = scene.cast
    client = sign_in(person_of(cast, roles))
    deeds = {
        "billing/change/": {"plan": "team", "seats": "100"},
        "billing/cancel/": {},
        "billing/resume/": {},
        "billing/details/": {"legal_name": "Mine"},
        "billing/method/": {},
        "billing/credits/buy/": {"amount": "250"},
        f"billing/budgets/project/{scene.project.pk}/": {"budget": "1", "window": "month"},
        f"insights/{scene.project.pk}/disable/": {},
    }
    before = _standing(scene)
    for page, said in deeds.items():
        response = client.post(cast.url(page), said)
        assert not opens(response), page
        assert client.get(response["Location"]).status_code == 200
    assert _standing(scene) == before
    shown = [
        main_of(client.get(cast.url(page)))
        for page in (
            "billing/",
            "billing/invoices/",
            "billing/credits/",
            "usage/",
            "billing/plans/",
        )
    ]
    found = [
        (page, number)
        for page, number in itertools.product(deeds, range(5))
        if page in shown[number]
    ]
    assert found == []
    assert "You may read billing" in shown[0]
    assert "Alice Marlow" in shown[0]


def _standing(scene: Scene) -> list[Any]:
    with bound(scene.cast.acme.id):
        names = ("Subscription", "Term", "BillingDetails", "CreditEntry", "Invoice")
        models = [apps.get_model("billing", name) for name in names]
        models += [apps.get_model("projects", name) for name in ("Limit", "ProjectInsights")]
        return [list(model.objects.order_by("pk").values()) for model in models]
