"""The pages of budgets: who reads, who sets, whose names are withheld, and what a form would stop."""

from __future__ import annotations

import html
import uuid
from typing import Any

import pytest
from django.test import Client

from billing.periods import today_here
from config.money import NANO
from config.roles import Policy, Role
from orgs.tenancy import bound
from projects.allowance import Allowance
from projects.models import Limit
from tests.billing.counted import count
from tests.factories import Cast, make_group, make_member, make_person, make_seat, sign_in
from tests.projects.calls import Caller, build_clock
from tests.projects.factories import make_grant, make_group_role, make_project
from tests.projects.keys import make_key, make_limit
from tests.projects.parts import newest

pytestmark = pytest.mark.django_db
PAGE = "billing/budgets/"
SAID = {"budget": "100", "window": "month", "zone": "Europe/Berlin"}


@pytest.fixture(scope="module", autouse=True)
def _clock(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        build_clock()


def read(cast: Cast, person: Any, asking: str = "") -> str:
    return html.unescape(sign_in(person).get(cast.url(PAGE) + asking).content.decode())


def of(cast: Cast) -> list[Allowance]:
    with bound(cast.acme.pk):
        return [Allowance.of(row) for row in Limit.objects.in_org(cast.acme).order_by("pk")]


class Spending:
    """A key of Mia's, charged to a project and a cost centre."""

    def __init__(self, cast: Cast, project: str = "Order intake", group: str = "Assembly") -> None:
        self.project, self.group = make_project(cast.acme, project), make_group(cast.acme, group)
        mia = cast.member(cast.mia)
        make_grant(self.project, mia, Role.PROJECT_MEMBER)
        self.key, self.text = make_key(self.project, mia, cost_centre=self.group)
        self.caller = Caller(cast.acme)

    def spend(self, amount: int) -> None:
        status, reason, call = self.caller.verify(self.text)
        assert status == "allowed", reason
        assert self.caller.use(call, amount) == "settled"


def finance(cast: Cast) -> Any:
    person, group = make_person("Fiona Marsh"), make_group(cast.acme, "Finance")
    make_group_role(group, Role.BILLING_VIEWER)
    make_seat(group, make_member(cast.acme, Role.MEMBER, person))
    return person


def policies(cast: Cast, *on: Policy) -> None:
    with bound(cast.acme.pk):
        rows = type(cast.acme).objects.filter(pk=cast.acme.pk)
        rows.update(policies=[policy.value for policy in on])


def row_of(page: str, name: str) -> str:
    return page.partition(f"<bdi>{name}</bdi>")[2].partition("</tr>")[0]


def test_a_budget_is_shown_with_what_is_spent_of_it_in_words(cast: Cast) -> None:
    spending = Spending(cast)
    for subject in (spending.project, spending.group, cast.acme):
        make_limit(subject, budget=100 * NANO)
    spending.spend(50 * NANO)
    assert "50 %" in row_of(read(cast, cast.alice), "Assembly")
    spending.spend(45 * NANO)
    near = row_of(read(cast, cast.alice), "Assembly")
    assert "95 %, nearly spent" in near
    assert "$95.00" in near
    assert "of $100.00 a month" in near
    assert 'low="90000000000" high="99999999999"' in near
    assert "</span> 100 %" in near
    spending.spend(5 * NANO)
    page = read(cast, cast.alice, "?layer=project")
    assert "Spent: calls are refused" in row_of(page, "Order intake")
    assert "were sent</span>" in row_of(page, "Order intake")
    assert page.count("Spent: calls are refused") == 2, "the organization's own is above"


def test_what_cost_something_is_listed_without_a_budget_and_what_did_not_is_not(cast: Cast) -> None:
    spending, idle = Spending(cast), make_group(cast.acme, "Idle")
    count(
        cast.acme,
        {"day": today_here(), "project": spending.project, "group": spending.group, "cost": NANO},
    )
    page = read(cast, cast.alice)
    assert "$1.00 this month" in row_of(page, "Assembly")
    assert "No budget" in row_of(page, "Assembly")
    assert idle.name not in page.partition('id="list"')[2]
    assert "<bdi>Idle</bdi>" in read(cast, cast.alice, "?show=all")
    assert "<bdi>Order intake</bdi>" in read(cast, cast.alice, "?layer=project&q=ORDER")
    assert "Nothing of this name." in read(cast, cast.alice, "?q=nothing-like-it")


def test_names_that_one_may_not_know_are_withheld_and_their_sum_is_told(cast: Cast) -> None:
    spending = Spending(cast, project="Moonshot", group="Plan B")
    with bound(cast.acme.pk):
        type(spending.group).objects.filter(pk=spending.group.pk).update(secret=True)
    row = {"project": spending.project, "group": spending.group, "cost": 7 * NANO}
    count(cast.acme, {"day": today_here(), **row})
    viewer = finance(cast)
    for asking, name in (("", "Plan B"), ("?layer=project", "Moonshot")):
        assert name in read(cast, cast.alice, asking)
        for person in (cast.vera, viewer):
            page = read(cast, person, asking)
            assert name not in page
            assert "$7.00 together" in page
            assert name not in read(cast, person, asking.replace("?", "?q=" + name[:4] + "&"))


@pytest.mark.requirement("S3-065", "S3-066", "S3-072")
def test_who_reads_budgets_and_who_sets_them(cast: Cast) -> None:
    group = make_group(cast.acme, "Assembly")
    make_limit(group, budget=100 * NANO)
    viewer = finance(cast)
    policies(cast)
    for person in (cast.alice, cast.adam, cast.vera, viewer):
        page = read(cast, person)
        assert "<bdi>Assembly</bdi>" in page
        assert ("Change the budget of Assembly" in page) is (person is cast.alice)
    for person in (cast.mia, cast.eddie, cast.oscar):
        assert sign_in(person).get(cast.url(PAGE)).status_code in (302, 404)
    for person in (cast.adam, cast.vera, cast.mia, cast.eddie, cast.oscar, viewer):
        client = sign_in(person)
        for place in (f"group/{group.pk}/", f"organization/{cast.acme.pk}/"):
            for answer in (
                client.get(cast.url(PAGE + place)),
                client.post(cast.url(PAGE + place), SAID),
            ):
                assert answer.status_code in (302, 404)
    (said,) = of(cast)
    assert said.budget == 100 * NANO


def test_a_member_reads_them_where_the_policy_shows_costs(cast: Cast) -> None:
    make_limit(make_group(cast.acme, "Assembly"), budget=NANO)
    policies(cast, Policy.MEMBERS_READ_COSTS)
    page = read(cast, cast.mia)
    assert "<bdi>Assembly</bdi>" in page
    assert "budget_set" not in page
    assert "Set a budget" not in page


@pytest.mark.parametrize("layer", ["organization", "group", "project"])
def test_an_owner_sets_a_budget_and_the_other_limits_stay(cast: Cast, layer: str) -> None:
    spending = Spending(cast)
    subject = {"organization": cast.acme, "group": spending.group, "project": spending.project}[
        layer
    ]
    make_limit(subject, rpm=60, allowed_models=["model-a"])
    page = cast.url(f"{PAGE}{layer}/{subject.pk}/")
    client = sign_in(cast.alice)
    shown = html.unescape(client.get(page).content.decode())
    assert "It binds 1 live key" in shown
    seen = shown.partition('name="seen" value="')[2].partition('"')[0]
    response = client.post(page, SAID | {"seen": seen})
    assert response["Location"].startswith(cast.url(PAGE))
    (said,) = of(cast)
    assert (said.budget, said.rpm, said.models) == (100 * NANO, 60, ("model-a",))
    assert newest(cast).action == "limit.changed"
    client.post(page, {"budget": ""})
    (said,) = of(cast)
    assert (said.budget, said.rpm) == (None, 60)


def test_a_list_that_is_not_approved_any_more_does_not_stand_in_the_way(cast: Cast) -> None:
    group = make_group(cast.acme)
    make_limit(group, allowed_models=["model-a"])
    make_limit(cast.acme, allowed_models=["model-b"])
    response = sign_in(cast.alice).post(cast.url(f"{PAGE}group/{group.pk}/"), SAID)
    assert response.status_code == 302


def test_what_is_spent_already_is_said_before_it_stops_everything(cast: Cast) -> None:
    spending = Spending(cast)
    spending.spend(150 * NANO)
    page = cast.url(f"{PAGE}group/{spending.group.pk}/")
    client = sign_in(cast.alice)
    preview = client.post(page + "?preview=1", SAID, headers={"HX-Request": "true"})
    text = html.unescape(preview.content.decode())
    assert "$150.00 is spent in this month already" in text
    assert "every key that is charged to it stops at once" in text
    first = client.post(page, SAID)
    assert first.status_code == 200
    assert of(cast) == []
    text = first.content.decode()
    warned = text.partition('name="warned" value="')[2].partition('"')[0]
    assert "Save all the same" in text
    assert client.post(page, SAID | {"warned": warned}).status_code == 302
    assert len(of(cast)) == 1


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"budget": "0"}, "0 would stop every call"),
        ({"budget": "-5"}, "not below zero"),
        ({"budget": str(10**15)}, "more than can be counted"),
        ({"budget": "1.0000000001"}, "at most 9 digits"),
        ({"budget": "12,50"}, "digits"),
        ({"budget": "<script>"}, "digits"),
        ({"window": "year"}, "Choose hour, day, week or month."),
        ({"zone": "Europe/Atlantis"}, "Choose a time zone"),
    ],
)
def test_an_odd_budget_is_an_error_at_its_field(cast: Cast, typed: Any, sentence: str) -> None:
    page = cast.url(f"{PAGE}organization/{cast.acme.pk}/")
    response = sign_in(cast.alice).post(page, SAID | typed)
    assert response.status_code == 422
    assert sentence in html.unescape(response.content.decode())
    assert "<script>" not in response.content.decode().partition("<main")[2]
    assert of(cast) == []


def test_of_two_tabs_the_second_is_told(cast: Cast) -> None:
    page = cast.url(f"{PAGE}organization/{cast.acme.pk}/")
    client = sign_in(cast.alice)
    seen = client.get(page).content.decode().partition('name="seen" value="')[2].partition('"')[0]
    assert client.post(page, SAID | {"seen": seen}).status_code == 302
    second = client.post(page, SAID | {"seen": seen, "budget": "7"})
    assert second.status_code == 422
    assert "Somebody changed these limits meanwhile" in second.content.decode()


def test_what_is_of_another_organization_or_layer_is_not_found(cast: Cast) -> None:
    group, project = make_group(cast.acme), make_project(cast.acme)
    key, _ = make_key(project, cast.member(cast.mia))
    places = [
        f"group/{make_group(cast.umbrella).pk}/",
        f"project/{make_project(cast.umbrella).pk}/",
        f"project/{make_project(cast.acme, state='deleted').pk}/",
        f"organization/{cast.umbrella.pk}/",
        f"group/{project.pk}/",
        f"project/{group.pk}/",
        f"organization/{group.pk}/",
        f"creator/{cast.member(cast.mia).pk}/",
        f"key/{key.pk}/",
        f"plan/{cast.acme.pk}/",
        f"nonsense/{cast.acme.pk}/",
        f"group/{uuid.uuid4()}/",
    ]
    client = sign_in(cast.alice)
    for place in places:
        assert client.get(cast.url(PAGE + place)).status_code == 404, place
        assert client.post(cast.url(PAGE + place), SAID).status_code == 404, place
    assert of(cast) == []


def test_names_cannot_become_markup(cast: Cast) -> None:
    group = make_group(cast.acme, "<img src=x onerror=alert(1)>")
    make_limit(group, budget=NANO)
    for page in (PAGE, f"{PAGE}group/{group.pk}/", ""):
        assert "<img src=x" not in sign_in(cast.alice).get(cast.url(page)).content.decode()


def test_odd_questions_are_answered(cast: Cast) -> None:
    make_limit(make_group(cast.acme), budget=NANO)
    client: Client = sign_in(cast.alice)
    for asking in (
        "?layer=creator",
        "?layer=%00",
        "?q=%00",
        "?q=" + "x" * 5000,
        "?page=nonsense",
        "?show=all&page=e30",
        "?layer=project&layer=group",
    ):
        assert client.get(cast.url(PAGE) + asking).status_code == 200, asking


def test_pages_go_on_where_the_last_one_ended(cast: Cast) -> None:
    for number in range(30):
        make_limit(make_group(cast.acme, f"Crew {number:02}"), budget=NANO)
    client = sign_in(cast.alice)
    first = client.get(cast.url(PAGE))
    assert [row.subject.name for row in first.context["rows"]][-1] == "Crew 24"
    second = client.get(first.context["older_url"], headers={"HX-Request": "true"})
    assert second.context["rows"][0].subject.name == "Crew 25"
    assert "<html" not in second.content.decode()
