"""Who sees usage, costs and the export: each role under each preset, cell by cell; and names."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from billing.actions.plans import plan_write
from billing.plans import plan_of
from billing.queries import metering
from billing.views import usage as views
from config.roles import PRESET_POLICIES, Policy, Preset, Role
from orgs.models import Organization
from orgs.tenancy import bound
from projects.policies import ProjectPolicy
from tests.billing.counted import count
from tests.factories import TEST, Cast, make_group, make_member, make_seat, sign_in
from tests.projects.factories import make_grant, make_group_role, make_project
from tests.projects.keys import make_key

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 11, 19)
NANO = 10**9
S1, S2, S3, S4 = Preset


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "today_here", lambda: TODAY)


@pytest.fixture
def spent(cast: Cast) -> Cast:
    count(
        cast.acme,
        {
            "day": TODAY,
            "model": "dear",
            "calls": 1,
            "tokens_in": 5,
            "cost": 77 * NANO + 110 * NANO // 1000,
        },
        {"day": TODAY, "model": "busy", "calls": 9, "tokens_in": 1, "cost": 1 * NANO},
    )
    return cast


def choose(organization: Organization, policies: frozenset[Policy]) -> None:
    with bound(organization.pk):
        rows = Organization.objects.filter(pk=organization.pk)
        rows.update(policies=sorted(policy.value for policy in policies))
        _recorded(organization)


# Role: does it see usage, and under which presets costs; may it export?
CELLS: dict[Role, tuple[bool, set[Preset], bool]] = {
    Role.OWNER: (True, {S1, S2, S3, S4}, True),
    Role.ADMIN: (True, {S1, S2, S3, S4}, True),
    Role.MEMBER: (True, {S1, S4}, False),
    Role.VIEWER: (True, {S1, S2, S3, S4}, False),
    Role.END_USER: (False, set(), False),
    Role.BILLING_VIEWER: (True, {S1, S2, S3, S4}, True),
    Role.INSIGHTS_VIEWER: (True, set(), False),
    Role.AUDIT_LOG_READER: (False, set(), False),
}


@pytest.mark.requirement("S1-034", "S1-019", "S2-031", "S3-060", "S3-061", "S4-042")
@pytest.mark.parametrize("preset", Preset)
@pytest.mark.parametrize("role", CELLS)
def test_each_role_sees_its_cells(spent: Cast, role: Role, preset: Preset) -> None:
    cast = spent
    choose(cast.acme, PRESET_POLICIES[preset])
    person = _who(cast, role)
    usage, costs, exports = CELLS[role]
    response = sign_in(person).get(cast.url("usage/?by=model"))
    assert response.status_code == (200 if usage else 302)
    if not usage:
        return
    text = response.content.decode()
    sees = preset in costs
    assert ("$77.11" in text) is sees
    assert ("Forecast" in text) is False  # One day is not enough to go by.
    assert ("measure=cost" in text) is sees
    assert ("sort=cost" in text) is sees
    if not sees:
        assert "$" not in text.split("<main", 1)[1].split("</main>", 1)[0]
    assert ("usage/export/" in text) is exports
    assert ("You may not export usage reports" in text) is not exports


def _who(cast: Cast, role: Role) -> Any:
    named = {
        Role.OWNER: cast.alice,
        Role.ADMIN: cast.adam,
        Role.MEMBER: cast.mia,
        Role.VIEWER: cast.vera,
        Role.END_USER: cast.eddie,
    }
    if role in named:
        return named[role]
    # Carried by a group: an End User has nothing else to see it by.
    member = make_member(cast.acme, Role.END_USER)
    group = make_group(cast.acme)
    make_group_role(group, role)
    make_seat(group, member)
    return member.person


@pytest.mark.requirement("S1-034")
def test_who_sees_no_costs_gets_no_order_by_them(spent: Cast) -> None:
    choose(spent.acme, frozenset())
    text = sign_in(spent.mia).get(spent.url("usage/?by=model&sort=cost&measure=cost"))
    body = text.content.decode().split("usage-table", 1)[1]
    assert body.index("busy") < body.index("dear")
    assert "there is no such choice here" in text.content.decode()


@pytest.mark.requirement("S3-061")
def test_the_plan_is_the_second_gate_of_the_export(spent: Cast) -> None:
    with bound(spent.acme.pk):
        plan_write(Organization.objects.get(pk=spent.acme.pk), plan_of("free"))
        _recorded(spent.acme)
    text = sign_in(spent.alice).get(spent.url("usage/")).content.decode()
    assert "usage/export/" not in text
    assert "Your role allows it; the Free plan does not include it" in text


def _recorded(organization: Organization) -> None:
    ledger.record(
        Event.ORGANIZATION_CHANGED,
        organization=organization.pk,
        actor=TEST,
        target=Target("organization", organization.pk, organization.name),
        changes={"name": (None, None)},
    )


@pytest.mark.requirement("S2-054")
def test_projects_that_one_does_not_see_are_one_line_without_names(cast: Cast) -> None:
    mine, *others = (
        make_project(cast.acme, f"Project {word}") for word in ("Mine", "Merger", "Layoffs")
    )
    make_grant(mine, cast.member(cast.mia), Role.PROJECT_MEMBER)
    count(
        cast.acme,
        *({"day": TODAY, "project": one, "calls": 2, "cost": NANO} for one in (mine, *others)),
    )
    text = sign_in(cast.mia).get(cast.url("usage/")).content.decode()
    assert "Project Mine" in text
    assert "Merger" not in text
    assert "Layoffs" not in text
    assert text.count("Projects you do not see") >= 1
    for one in others:
        assert str(one.pk) not in text
    # An id that is known tells nothing either.
    text = sign_in(cast.mia).get(cast.url(f"usage/?project={others[0].pk}")).content.decode()
    assert "Not found" in text
    assert "Merger" not in text
    assert "Nothing counted" in text
    assert "Project Merger" in sign_in(cast.alice).get(cast.url("usage/")).content.decode()


def test_a_secret_group_has_no_name_but_to_those_in_it(cast: Cast) -> None:
    group = make_group(cast.acme, "Board matters", secret=True)
    count(cast.acme, {"day": TODAY, "group": group, "calls": 2, "cost": NANO})
    page = cast.url("usage/?by=group")
    text = sign_in(cast.adam).get(page).content.decode()
    assert "Board matters" not in text
    assert "A group you do not see" in text
    make_seat(group, cast.member(cast.adam))
    assert "Board matters" in sign_in(cast.adam).get(page).content.decode()


def test_a_personal_key_is_its_creators_own(cast: Cast) -> None:
    project = make_project(cast.acme, policies=[ProjectPolicy.PERSONAL_KEYS.value])
    for person in (cast.mia, cast.vera):
        make_grant(project, cast.member(person), Role.PROJECT_MEMBER)
    key, _ = make_key(project, cast.member(cast.mia), "Mia tries things", kind="personal")
    count(cast.acme, {"day": TODAY, "key": key, "project": project, "calls": 2, "cost": NANO})
    page = cast.url("usage/?by=key")
    for person, sees in (
        (cast.mia, True),
        (cast.alice, True),
        (cast.adam, True),
        (cast.vera, False),
    ):
        text = sign_in(person).get(page).content.decode()
        assert ("Mia tries things" in text) is sees
        assert ("A key you do not see" in text) is not sees


def test_keys_of_projects_that_one_does_not_see_have_no_names(cast: Cast) -> None:
    project = make_project(cast.acme, "Merger")
    key, _ = make_key(project, cast.member(cast.alice), "Merger bot")
    house, _ = make_key(cast.acme, cast.member(cast.alice), "House bot")
    count(
        cast.acme, *({"day": TODAY, "key": one, "calls": 2, "cost": NANO} for one in (key, house))
    )
    text = sign_in(cast.mia).get(cast.url("usage/?by=key")).content.decode()
    assert "House bot" in text
    assert "Merger" not in text
    assert str(key.pk) not in text


def test_people_have_no_names_for_who_sees_no_members(cast: Cast) -> None:
    person = _who(cast, Role.BILLING_VIEWER)
    count(cast.acme, {"day": TODAY, "person": cast.member(cast.mia), "calls": 2, "cost": NANO})
    text = sign_in(person).get(cast.url("usage/?by=person")).content.decode()
    assert cast.mia.name not in text
    assert "A person you do not see" in text


# Whose costs of a project: who holds what there.
@pytest.mark.requirement("S2-067", "S2-048")
def test_costs_of_a_project_are_its_owners(cast: Cast) -> None:
    project = make_project(cast.acme, "Order intake")
    other = make_project(cast.acme, "Something else")
    key, _ = make_key(project, cast.member(cast.alice), "ETL")
    elsewhere, _ = make_key(other, cast.member(cast.alice), "Elsewhere")
    count(
        cast.acme,
        {"day": TODAY, "project": project, "key": key, "calls": 3, "cost": 5 * NANO},
        {"day": TODAY, "project": other, "key": elsewhere, "calls": 4, "cost": 9 * NANO},
    )
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_MEMBER)
    page = cast.url(f"projects/{project.pk}/costs/")
    for person in (cast.mia, cast.alice):
        response = sign_in(person).get(f"{page}?by=key")
        assert response.status_code == 200
        text = response.content.decode()
        assert "ETL" in text
        assert "Elsewhere" not in text
        assert "$5.00" in text
        assert f'href="{page}"' in text  # The tab.
    member = sign_in(cast.vera)
    assert member.get(page).status_code == 302
    assert f'href="{page}"' not in member.get(cast.url(f"projects/{project.pk}/")).content.decode()
    assert sign_in(cast.adam).get(page).status_code == 404
    assert sign_in(cast.oscar).get(page).status_code == 404


def test_a_project_page_is_not_widened_by_its_address(cast: Cast) -> None:
    project, other = make_project(cast.acme), make_project(cast.acme)
    count(
        cast.acme,
        {"day": TODAY, "project": project, "calls": 3, "cost": 5 * NANO},
        {"day": TODAY, "project": other, "calls": 4, "cost": 9 * NANO},
    )
    client = sign_in(cast.alice)
    for query in (f"project={other.pk}", "by=project", "by=group", "project=(none)"):
        text = client.get(cast.url(f"projects/{project.pk}/costs/?{query}")).content.decode()
        assert "$5.00" in text
        assert "$9.00" not in text


@pytest.mark.requirement("S1-013")
@pytest.mark.parametrize("who", ["alice", "mia", "eddie"])
def test_everyone_sees_their_own_footprint(
    cast: Cast, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metering, "today_here", lambda: TODAY)
    choose(cast.acme, frozenset())
    person = getattr(cast, who)
    count(
        cast.acme,
        {
            "day": TODAY,
            "person": cast.member(person),
            "calls": 31,
            "tokens_in": 7,
            "cost": 5 * NANO,
        },
        {"day": TODAY, "person": cast.member(cast.vera), "calls": 900, "cost": 800 * NANO},
        {
            "day": TODAY - datetime.timedelta(days=40),
            "person": cast.member(person),
            "calls": 1,
            "cost": NANO,
        },
    )
    text = sign_in(person).get(cast.url("members/access/")).content.decode()
    assert "<dd>31</dd>" in text
    assert "$5.00" in text
    assert ("usage/?person=" in text) is (who != "eddie")
