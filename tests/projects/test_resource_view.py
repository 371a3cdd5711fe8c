"""What a project holds, and the pages of one resource: lists, versions, history, and what they cost."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.roles import Role
from orgs.tenancy import bound
from projects.models import Resource
from tests.factories import TEST, Cast, sign_in
from tests.projects.factories import make_grant, make_project, make_resource
from tests.projects.resources import AGENT_CONFIGURATION, make_record, make_task, publish

# Three of them are the frame of every page: session, person, binding.
MOST_QUERIES = 9


def queries_of(client: Client, page: str) -> int:
    client.get(page)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(page).status_code == 200
    return sum("SAVEPOINT" not in query["sql"] for query in captured)


@pytest.mark.requirement("S2-080", "S2-083", "S2-119")
def test_members_build_in_the_studio_and_viewers_read(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER)
    make_resource(project, "agent", "Clerk")
    page = cast.url(f"projects/{project.pk}/resources/")
    for who, builds in ((cast.alice, True), (cast.mia, True), (cast.vera, False)):
        html = sign_in(who).get(page).content.decode()
        assert "Clerk" in html
        assert ("Studio" in html, "New agent" in html) == (builds, builds)
    assert sign_in(cast.eddie).get(page).status_code == 404
    assert sign_in(cast.adam).get(page).status_code == 404
    assert sign_in(cast.sam).get(page).status_code == 404


def test_the_list_is_searched_by_name_and_kind(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_resource(project, "agent", "Clerk")
    make_resource(project, "tool", "Search")
    make_resource(make_project(cast.acme), "agent", "Elsewhere")
    alice = sign_in(cast.alice)
    page = cast.url(f"projects/{project.pk}/resources/")
    for query, found, missing in (
        ("", ["Clerk", "Search"], ["Elsewhere"]),
        ("?kind=tool", ["Search"], ["Clerk"]),
        ("?q=cle", ["Clerk"], ["Search"]),
        ("?q=%00&kind=x&page=x", ["Clerk", "Search"], []),
        ("?q=nothing", ["Nothing matches."], ["Clerk"]),
    ):
        html = alice.get(page + query, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in html
        for name in found:
            assert name in html
        for name in missing:
            assert f"<bdi>{name}</bdi>" not in html


def test_markup_in_a_name_is_shown_as_it_was_typed(cast: Cast) -> None:
    project = make_project(cast.acme)
    bad = "<script>alert(1)</script>"
    configuration = AGENT_CONFIGURATION | {"instructions": bad, "model": bad}
    agent = make_resource(project, name=bad, description=bad, configuration=configuration)
    alice = sign_in(cast.alice)
    for page in ("", "change/", "versions/", "history/", "delete/", "publish/"):
        assert bad not in alice.get(cast.url(f"resources/{agent.pk}/{page}")).content.decode()
    assert bad not in alice.get(cast.url(f"projects/{project.pk}/resources/")).content.decode()


def test_the_history_is_for_who_may_read_it_newest_first(cast: Cast) -> None:
    project = make_project(cast.acme)
    agent, other = make_resource(project), make_resource(project)
    mia = cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER)
    make_grant(project, cast.member(cast.vera), Role.PROJECT_VIEWER)
    now = timezone.now()
    for number in range(3):
        make_record(
            mia,
            agent,
            summary=f"Run {number}",
            started_at=now + datetime.timedelta(minutes=number),
            finished_at=now + datetime.timedelta(minutes=2 * number, seconds=4),
        )
    make_record(mia, other, summary="Of another")
    page = cast.url(f"resources/{agent.pk}/history/")
    html = sign_in(cast.mia).get(page).content.decode()
    assert html.index("Run 2") < html.index("Run 1") < html.index("Run 0")
    assert "2 min 4 s" in html
    assert "Of another" not in html
    assert sign_in(cast.vera).get(page).status_code == 302
    assert (
        ">History<"
        not in sign_in(cast.vera).get(cast.url(f"resources/{agent.pk}/")).content.decode()
    )


@pytest.mark.parametrize(
    "odd", [{}, {"model": 7, "tools": "x", "future": ["a", None]}, {"steps": 1}]
)
def test_a_configuration_that_no_form_made_is_still_shown(cast: Cast, odd: dict[str, Any]) -> None:
    project = make_project(cast.acme)
    agent = make_resource(project, configuration=odd)
    alice = sign_in(cast.alice)
    for page in ("", "change/", "versions/"):
        assert alice.get(cast.url(f"resources/{agent.pk}/{page}")).status_code == 200


@pytest.mark.parametrize("who", ["alice", "mia"])
def test_pages_cost_the_same_however_much_they_hold(cast: Cast, who: str) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    tools = [make_resource(project, "tool") for _ in range(2)]
    agent = make_resource(
        project, configuration=AGENT_CONFIGURATION | {"tools": [str(tools[0].pk)]}
    )
    client = sign_in(getattr(cast, who))
    client.post(cast.url(f"resources/{agent.pk}/publish/"), {"reason": ""})
    pages = [
        cast.url(f"projects/{project.pk}/resources/"),
        *(cast.url(f"resources/{agent.pk}/{page}") for page in ("", "change/", "versions/")),
        cast.url(f"resources/{agent.pk}/history/"),
        cast.url("hub/"),
        cast.url(f"hub/{agent.pk}/"),
        cast.url("hub/history/"),
    ]
    before = [queries_of(client, page) for page in pages]
    for _ in range(12):
        make_resource(project, "tool")
        item = make_resource(project)
        make_record(cast.member(getattr(cast, who)), agent)
        make_task(cast, project, cast.member(getattr(cast, who)))
    publish(cast, item)
    assert [queries_of(client, page) for page in pages] == before
    assert max(before) <= MOST_QUERIES, before


def test_a_project_of_2579_resources_is_paged(cast: Cast) -> None:
    project = make_project(cast.acme)
    with bound(cast.acme.pk):
        rows = [
            Resource(
                organization_id=cast.acme.pk, project=project, kind="tool", name=f"Tool {n:04}"
            )
            for n in range(2_579)
        ]
        Resource.objects.bulk_create(rows)
        from audit import ledger
        from audit.events import Event
        from audit.ledger import Target

        ledger.record(
            Event.PROJECT_ARCHIVED,
            organization=cast.acme.pk,
            actor=TEST,
            target=Target("project", project.pk, project.name),
            changes={"state": (None, None)},
        )
    alice = sign_in(cast.alice)
    html = alice.get(cast.url(f"projects/{project.pk}/resources/")).content.decode()
    assert html.count("<tr>") == 51
    form = alice.get(cast.url(f"projects/{project.pk}/resources/new/agent/")).content.decode()
    assert form.count('name="tools"') == 300
