"""The pages of limits: what they show, to whom, and what they ask before saving."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from config.money import NANO
from config.roles import Role
from orgs.tenancy import bound
from projects.allowance import Allowance
from projects.models import Key, Limit
from projects.queries.limits import limits_of
from tests.factories import Cast, body_of, make_group, make_member, sign_in
from tests.projects.calls import Caller, build_clock
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import make_key, make_limit
from tests.projects.parts import newest

pytestmark = pytest.mark.django_db

FORM = {"budget": "12.50", "window": "day", "zone": "Europe/Berlin", "rpm": "60"}


@pytest.fixture(scope="module", autouse=True)
def _clock(django_db_setup: None, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        build_clock()


@pytest.fixture
def key(cast: Cast) -> Key:
    return make_key(make_project(cast.acme), cast.member(cast.mia), "Nightly build")[0]


def of(organization: Any) -> list[Allowance]:
    with bound(organization.pk):
        return [Allowance.of(row) for row in Limit.objects.in_org(organization).order_by("pk")]


def test_an_admin_sets_the_limits_of_a_key(cast: Cast, key: Key) -> None:
    page = cast.url(f"keys/{key.pk}/policy/")
    client = sign_in(cast.adam)
    assert "Nightly build" in body_of(client.get(page))
    response = client.post(page, FORM | {"networks": "10.2.0.0/16\n203.0.113.9"})
    assert response["Location"] == cast.url(f"keys/{key.pk}/")
    (said,) = of(cast.acme)
    assert said.budget == 12_500_000_000
    assert said.networks == ("10.2.0.0/16", "203.0.113.9")
    assert newest(cast).action == "key.policy_changed"


def test_the_form_shows_what_holds(cast: Cast, key: Key) -> None:
    make_limit(key, budget=12_500_000_000, window="day", zone="Asia/Kathmandu", allowed_tasks=[])
    page = body_of(sign_in(cast.alice).get(cast.url(f"keys/{key.pk}/policy/")))
    assert 'value="12.50"' in page
    assert '<option value="Asia/Kathmandu" selected>' in page
    assert ">\n-</textarea>" in page


@pytest.mark.requirement("S1-031")
@pytest.mark.parametrize("who", ["mia", "vera", "eddie", "oscar"])
def test_nobody_else_sets_limits(cast: Cast, key: Key, who: str) -> None:
    client = sign_in(getattr(cast, who))
    for page in (
        f"keys/{key.pk}/policy/",
        "settings/limits/",
        f"settings/limits/organization/{cast.acme.pk}/",
    ):
        for response in (client.get(cast.url(page)), client.post(cast.url(page), FORM)):
            assert response.status_code in (302, 404)
    assert of(cast.acme) == []


def test_what_is_of_another_organization_is_not_found(cast: Cast) -> None:
    theirs, _ = make_key(make_project(cast.umbrella), _oscar(cast))
    places = [
        f"keys/{theirs.pk}/policy/",
        f"settings/limits/project/{theirs.project_id}/",
        f"settings/limits/creator/{theirs.creator_id}/",
        f"settings/limits/group/{make_group(cast.umbrella).pk}/",
        f"settings/limits/organization/{cast.umbrella.pk}/",
        f"settings/limits/organization/{uuid.uuid4()}/",
        f"settings/limits/plan/{cast.acme.pk}/",
        f"settings/limits/key/{theirs.pk}/",
        f"settings/limits/nonsense/{cast.acme.pk}/",
    ]
    client = sign_in(cast.alice)
    for place in places:
        assert client.get(cast.url(place)).status_code == 404, place
        assert client.post(cast.url(place), FORM).status_code == 404, place


def _oscar(cast: Cast) -> Any:
    with bound(cast.umbrella.pk):
        return cast.umbrella.memberships.get()


@pytest.mark.parametrize("layer", ["organization", "group", "project", "creator"])
def test_each_layer_has_a_page(cast: Cast, layer: str) -> None:
    subject = {
        "organization": cast.acme,
        "group": make_group(cast.acme),
        "project": make_project(cast.acme),
        "creator": cast.member(cast.mia),
    }[layer]
    page = cast.url(f"settings/limits/{layer}/{subject.pk}/")
    assert subject.name in body_of(sign_in(cast.alice).get(page))
    response = sign_in(cast.alice).post(page, FORM)
    assert response["Location"].startswith(cast.url("settings/limits/"))
    (said,) = of(cast.acme)
    assert (said.budget, said.rpm) == (12_500_000_000, 60)


@pytest.mark.requirement("S3-065", "S3-066")
@pytest.mark.parametrize("layer", ["organization", "group", "project"])
def test_an_admin_sees_the_budget_of_a_team_shown_off(cast: Cast, layer: str) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.adam), Role.PROJECT_MEMBER)
    subjects = {"organization": cast.acme, "group": make_group(cast.acme), "project": project}
    make_limit(subjects[layer], budget=12_500_000_000, zone="Asia/Kathmandu")
    page = cast.url(f"settings/limits/{layer}/{subjects[layer].pk}/")
    client = sign_in(cast.adam)
    shown = body_of(client.get(page))
    assert "Owners set the budget, under Billing." in shown
    for name in ("budget", "window", "zone"):
        control = shown.partition(f'name="{name}"')[2].partition(">")[0]
        assert " disabled" in control
    # As a browser sends it: what is shown off is left out.
    assert client.post(page, {"rpm": "60"}).status_code == 302
    (said,) = of(cast.acme)
    assert (said.budget, said.zone, said.rpm) == (12_500_000_000, "Asia/Kathmandu", 60)
    for sent in ({"budget": "99"}, {"budget": ""}, {"window": "day"}, {"zone": "UTC"}):
        refused = client.post(page, {"rpm": "70"} | sent)
        assert refused.status_code == 422
        assert "You may not change this budget. Owners may." in body_of(refused)
        assert of(cast.acme) == [said]


def test_an_admin_is_not_told_of_a_project_that_they_do_not_see(cast: Cast) -> None:
    hidden = make_project(cast.acme, "Moonshot")
    make_limit(hidden, rpm=5)
    client = sign_in(cast.adam)
    page = body_of(client.get(cast.url("settings/limits/?layer=project&show=all")))
    assert "Moonshot" not in page
    assert "1 more project that you do not see has limits" in page
    assert client.get(cast.url(f"settings/limits/project/{hidden.pk}/")).status_code == 404
    key, _ = make_key(hidden, cast.member(cast.alice))
    page = body_of(client.get(cast.url(f"keys/{key.pk}/policy/")))
    assert "Moonshot" not in page
    assert "A project you do not see" in page
    assert "Moonshot" in body_of(sign_in(cast.alice).get(cast.url(f"keys/{key.pk}/policy/")))


@pytest.mark.requirement("S1-021")
def test_the_organization_approves_tasks_and_models(cast: Cast, key: Key) -> None:
    client = sign_in(cast.alice)
    client.post(
        cast.url(f"settings/limits/organization/{cast.acme.pk}/"),
        {"tasks": "summarise\nsort", "models": "model-a, model-b", "longest_days": "90"},
    )
    (said,) = of(cast.acme)
    assert (said.tasks, said.models) == (("sort", "summarise"), ("model-a", "model-b"))
    assert said.longest_days == 90
    page = cast.url(f"keys/{key.pk}/policy/")
    response = client.post(page, {"models": "model-b\nmodel-x", "tasks": "sing"})
    assert response.status_code == 422
    shown = body_of(response)
    assert "Take out: model-x." in shown
    assert "Take out: sing." in shown
    assert client.post(page, {"models": "model-b"}).status_code == 302


@pytest.mark.parametrize(
    ("field", "typed", "mend"),
    [
        ("budget", "-1", "not below zero"),
        ("budget", "NaN", "in digits"),
        ("budget", "1e309", "in digits"),
        ("budget", "1,000.50", "like 1000.50"),
        ("budget", "0", "Leave it empty for no budget"),
        ("budget", "1" + "0" * 15, "at most 1000000000.00"),
        ("budget", "0.0000000001", "at most 9 digits"),
        ("budget", "9" * 100_000, "at most 40 characters"),
        ("budget", "\uff11\uff12", "in digits"),
        ("rpm", "0", "whole number from 1 to 1,000,000"),
        ("rpm", "1.5", "whole number from 1"),
        ("rpm", "9" * 5000, "whole number from 1"),
        ("window", "decade", "hour, day, week or month"),
        ("zone", "Mars/Olympus", "time zone of the list"),
        ("networks", "10.2.0.4/16", "10.2.0.0/16 for all of it"),
        ("networks", "10.2.0.256", "is no network"),
        ("networks", "fe80::1%eth0", "without the part after %"),
        ("networks", "10.0.0.0/33", "is no network"),
        ("networks", "<script>", "is no network"),
        ("networks", " ".join(f"10.0.{n // 250}.{n % 250}" for n in range(1001)), "at most 1,000"),
        ("tasks", "\n".join(f"task {n}" for n in range(501)), "at most 500 lines"),
        ("tasks", "a\u202eb", "invisible characters"),
        ("models", "-\nmodel-a", "Take out the -"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    cast: Cast, key: Key, field: str, typed: str, mend: str
) -> None:
    response = sign_in(cast.alice).post(cast.url(f"keys/{key.pk}/policy/"), FORM | {field: typed})
    assert response.status_code == 422
    assert mend in str(response.context["form"].errors[field])
    assert of(cast.acme) == []


def test_who_would_be_shut_out_is_said_before_saving(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    key, text = make_key(project, cast.member(cast.mia))
    caller = Caller(cast.acme)
    for ip in ("10.2.0.4", "10.2.0.4", "10.3.0.9", "2001:db8::7"):
        assert caller.verify(text, ip=ip)[0] == "allowed"
    page, client = cast.url(f"keys/{key.pk}/policy/"), sign_in(cast.alice)
    said = {"networks": "10.3.0.0/16"}
    shown = body_of(client.post(f"{page}?preview=1", said, headers={"HX-Request": "true"}))
    warning = "2 of the 3 addresses of the last 7 days would be shut out: 10.2.0.4, 2001:db8::7."
    assert warning in shown
    # Without the preview the form itself says so first, and saves when it is sent again.
    unseen = client.post(page, said)
    assert unseen.status_code == 200
    assert warning in body_of(unseen)
    assert of(cast.acme) == []
    mark = unseen.context["outlook"].mark
    # Looked at another list than the one that is sent now: asked again.
    assert client.post(page, {"networks": "10.4.0.0/16", "warned": mark}).status_code == 200
    assert client.post(page, said | {"warned": mark}).status_code == 302
    assert [limit.networks for limit in of(cast.acme)] == [("10.3.0.0/16",)]
    assert caller.verify(text, ip="10.2.0.4")[:2] == ("refused", "network")


def test_a_budget_below_what_is_spent_says_until_when_the_key_stops(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    key, text = make_key(project, cast.member(cast.mia))
    caller = Caller(cast.acme)
    caller.use(caller.verify(text)[2], 7 * NANO)
    page, client = cast.url(f"keys/{key.pk}/policy/"), sign_in(cast.alice)
    shown = body_of(client.post(page, {"budget": "5", "window": "month"}))
    assert "$7.00 is spent in this month already, so the key stops at once, until 1 " in shown
    for layer, subject in (("project", project), ("creator", cast.member(cast.mia))):
        place = cast.url(f"settings/limits/{layer}/{subject.pk}/")
        assert "$7.00 is spent in this day already" in body_of(
            client.post(place, {"budget": "7", "window": "day"})
        )
        assert client.post(place, {"budget": "7.01"}).status_code == 302
    found = limits_of(key, cast.access(cast.alice))
    assert [each.state.spent for each in found.standings] == [7 * NANO, 7 * NANO]


def test_a_second_tab_that_comes_later_is_told(cast: Cast, key: Key) -> None:
    page = cast.url(f"keys/{key.pk}/policy/")
    client = sign_in(cast.alice)
    seen = Allowance().mark
    assert client.post(page, {"rpm": "5", "seen": seen}).status_code == 302
    late = client.post(page, {"rpm": "9", "seen": seen})
    assert late.status_code == 422
    assert "Somebody changed these limits meanwhile" in body_of(late)
    assert [said.rpm for said in of(cast.acme)] == [5]
    now = late.context["form"]["seen"].value()
    assert client.post(page, {"rpm": "9", "seen": now}).status_code == 302
    assert [said.rpm for said in of(cast.acme)] == [9]


def test_the_same_form_sent_twice_is_one_change(cast: Cast, key: Key) -> None:
    page, said = cast.url(f"keys/{key.pk}/policy/"), FORM | {"seen": Allowance().mark}
    client = sign_in(cast.alice)
    assert client.post(page, said).status_code == 302
    entry = newest(cast).sequence
    assert client.post(page, said).status_code == 302
    assert newest(cast).sequence == entry


def test_a_preview_changes_nothing(cast: Cast, key: Key) -> None:
    page = cast.url(f"keys/{key.pk}/policy/")
    before = newest(cast).sequence
    response = sign_in(cast.alice).post(f"{page}?preview=7", FORM, headers={"HX-Request": "true"})
    assert response.status_code == 200
    shown = body_of(response)
    assert "At most $12.50 a day, Europe/Berlin" in shown
    assert "Rehearsal: the last 7 days" in shown
    wrong = sign_in(cast.alice).post(f"{page}?preview=1", {"budget": "NaN"})
    assert wrong.status_code == 200
    assert newest(cast).sequence == before
    assert of(cast.acme) == []


def test_the_tightest_layer_is_named(cast: Cast, key: Key) -> None:
    make_limit(key, budget=10 * NANO, rpm=600)
    make_limit(cast.member(cast.mia), rpm=5)
    make_limit(cast.acme, budget=NANO)
    page = body_of(sign_in(cast.alice).get(cast.url(f"keys/{key.pk}/policy/")))
    assert "The budget of the key binds first" in page


def test_the_list_costs_the_same_however_many_there_are(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    for n in range(30):
        make_limit(make_group(cast.acme, f"Group {n:02d}"), budget=NANO * (n + 1), rpm=n + 1)
    client = sign_in(cast.alice)
    client.get(cast.url("settings/limits/"))
    with django_assert_max_num_queries(16):
        page = client.get(cast.url("settings/limits/"))
    shown = body_of(page)
    assert shown.count("Change the limits of") == 25
    older = client.get(page.context["older_url"])
    assert "Group 29" in body_of(older)


def test_hostile_names_and_addresses_break_nothing(cast: Cast) -> None:
    make_limit(make_group(cast.acme, "<script>alert(1)</script>"), rpm=1)
    client = sign_in(cast.alice)
    assert "<script>alert" not in body_of(client.get(cast.url("settings/limits/")))
    for asked in ("layer=x", "page=%00", "page=eyJ", "q=%00%25'", "show=all&q=" + "x" * 9000):
        assert client.get(cast.url(f"settings/limits/?{asked}")).status_code == 200


def test_everyone_can_be_found_to_add_limits_for(cast: Cast) -> None:
    make_member(cast.acme, Role.MEMBER, name="Zo\u00eb Brightwater")
    client = sign_in(cast.alice)
    found = client.get(cast.url("settings/limits/?layer=creator&show=all&q=zoe"))
    assert "Set limits for Zo\u00eb Brightwater" in body_of(found)
    none = client.get(cast.url("settings/limits/?layer=creator&q=zoe"))
    assert "Only those with limits were searched" in body_of(none)
