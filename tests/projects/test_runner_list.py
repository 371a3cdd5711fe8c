"""Runners and automations: who sees which, and what the lists say (S3-023, S3-024, S3-044)."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from config.roles import Role
from orgs.tenancy import bound
from projects.models import Resource
from tests.factories import Cast, make_group, make_member, make_seat, sign_in
from tests.projects.factories import make_grant, make_group_role, make_resource
from tests.projects.parts import make_class, make_execution, newest

ROOMS = [
    ("runner", "runners/", Role.RUNNERS_ADMIN),
    ("automation", "automations/", Role.AUTOMATIONS_ADMIN),
]
RUNNER = {
    "name": "Harbour",
    "description": "",
    "provider": "self-hosted",
    "region": "",
    "capacity": "10",
    "labels": "",
}


def admin_of(cast: Cast, role: Role) -> None:
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, role)


@pytest.mark.requirement("S3-023", "S3-044")
@pytest.mark.parametrize(("kind", "path", "role"), ROOMS)
def test_an_owner_and_the_groups_admin_see_all(
    cast: Cast, kind: str, path: str, role: Role
) -> None:
    make_resource(cast.acme, kind, "Harbour")
    make_resource(cast.umbrella, kind, "Zanzibar")
    admin_of(cast, role)
    for person in (cast.alice, cast.mia):
        body = sign_in(person).get(cast.url(path)).content.decode()
        assert "Harbour" in body
        assert "Zanzibar" not in body
        assert f"New {kind}" in body
        assert "Shared with" in body


@pytest.mark.requirement("S3-023", "S3-044")
@pytest.mark.parametrize(("kind", "path", "role"), ROOMS)
def test_a_member_sees_what_is_shared_alone(cast: Cast, kind: str, path: str, role: Role) -> None:
    make_resource(cast.acme, kind, "Zanzibar")
    shared = make_resource(cast.acme, kind, "Harbour")
    client = sign_in(cast.mia)
    assert f"No {kind} is shared with you." in client.get(cast.url(path)).content.decode()
    make_grant(shared, cast.member(cast.mia), Role.RESOURCE_USER)
    body = client.get(cast.url(path)).content.decode()
    assert "Harbour" in body
    assert "Zanzibar" not in body
    assert f"New {kind}" not in body
    assert "Shared with" not in body


@pytest.mark.requirement("S3-024")
def test_a_runners_admin_creates_a_runner(cast: Cast) -> None:
    admin_of(cast, Role.RUNNERS_ADMIN)
    response = sign_in(cast.mia).post(cast.url("runners/new/"), RUNNER)
    assert response.status_code == 302
    with bound(cast.acme.id):
        (runner,) = Resource.objects.in_org(cast.acme).filter(kind="runner")
    assert (runner.name, runner.project_id) == ("Harbour", None)
    assert newest(cast).action == "resource.created"


@pytest.mark.requirement("S3-024", "S3-045")
@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
@pytest.mark.parametrize("path", ["runners/new/", "automations/new/"])
def test_nobody_else_creates_one(cast: Cast, who: str, path: str) -> None:
    client = sign_in(getattr(cast, who))
    assert client.get(cast.url(path)).status_code == 302
    assert client.post(cast.url(path), RUNNER).status_code == 302
    with bound(cast.acme.id):
        assert not Resource.objects.in_org(cast.acme).exists()


@pytest.mark.requirement("S3-045")
def test_an_automations_admin_creates_an_automation(cast: Cast) -> None:
    admin_of(cast, Role.AUTOMATIONS_ADMIN)
    runner = make_resource(cast.acme, "runner")
    make_grant(runner, cast.member(cast.mia), Role.RESOURCE_USER)
    form = {
        "name": "Nightly",
        "trigger": "schedule",
        "schedule": "0 3 * * 1-5",
        "command": "make test",
        "runner": str(runner.pk),
        "timeout": "60",
    }
    response = sign_in(cast.mia).post(cast.url("automations/new/"), form)
    assert response.status_code == 302
    body = sign_in(cast.mia).get(cast.url("automations/")).content.decode()
    assert "At 03:00 on Monday to Friday (UTC)" in body
    assert runner.name in body


@pytest.mark.requirement("S3-050")
def test_an_automations_admin_finds_no_webhook_to_manage(cast: Cast) -> None:
    admin_of(cast, Role.AUTOMATIONS_ADMIN)
    client = sign_in(cast.mia)
    for path in ("automations/", "automations/new/", "automations/history/"):
        assert "ebhook" not in client.get(cast.url(path)).content.decode()


def test_the_row_tells_place_classes_last_log_and_shares(cast: Cast) -> None:
    runner = make_resource(
        cast.acme,
        "runner",
        "Harbour",
        configuration={"provider": "aws", "region": "eu-central-1", "capacity": 1200},
    )
    make_class(cast, "Small", runner=runner)
    make_execution(cast.acme, runner, kind="log", state="failed")
    make_grant(runner, cast.member(cast.mia), Role.RESOURCE_USER)
    make_grant(runner, make_group(cast.acme), Role.RESOURCE_ADMIN)
    body = sign_in(cast.alice).get(cast.url("runners/")).content.decode()
    for words in ("AWS eu-central-1", "1,200 at once", "Small", "just now", "Failed"):
        assert words in body
    assert ">2<span" in body.replace("\n", "").replace("  ", "").replace("</svg>2", ">2")


@pytest.mark.parametrize("configuration", [{}, {"provider": 7, "capacity": "x"}, {"trigger": []}])
@pytest.mark.parametrize(("kind", "path", "role"), ROOMS)
def test_a_configuration_of_another_time_is_no_failure(
    cast: Cast, kind: str, path: str, role: Role, configuration: dict[str, object]
) -> None:
    make_resource(cast.acme, kind, "Harbour", configuration=configuration)
    assert "Harbour" in sign_in(cast.alice).get(cast.url(path)).content.decode()


@pytest.mark.parametrize(("kind", "path", "role"), ROOMS)
def test_the_number_of_queries_does_not_grow(cast: Cast, kind: str, path: str, role: Role) -> None:
    client, counts = sign_in(cast.alice), []
    for number in (2, 30):
        for _ in range(number):
            place = make_resource(cast.acme, kind)
            make_execution(cast.acme, place)
            make_grant(place, make_member(cast.acme), Role.RESOURCE_USER)
        client.get(cast.url(path))
        with CaptureQueriesContext(connection) as queries:
            client.get(cast.url(path))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_each_tab_is_shown_to_who_may_open_it(cast: Cast) -> None:
    body = sign_in(cast.alice).get(cast.url("runners/")).content.decode()
    for tab in ("Environment classes", "Integrations", "Logs"):
        assert f">{tab}</a>" in body
    body = sign_in(cast.adam).get(cast.url("runners/")).content.decode()
    assert ">Integrations</a>" not in body
