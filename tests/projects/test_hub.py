"""The Hub: what stands there for whom, and that nobody reads anybody else's records."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from config.roles import Permission, Role
from projects.models import Execution, Project, Resource
from projects.queries.hub import hub_items, usable
from tests.factories import Cast, make_group, make_member, make_person, make_seat, sign_in
from tests.projects.factories import make_grant, make_group_role, make_project, make_resource
from tests.projects.resources import make_record, make_task, publish

YESTERDAY = timezone.now() - datetime.timedelta(days=1)


def published(cast: Cast, project: Project, kind: str = "agent", name: str = "") -> Resource:
    return publish(cast, make_resource(project, kind, name, description=f"About {name}"))


def found(cast: Cast, who: object, query: str = "") -> str:
    return sign_in(who).get(cast.url(f"hub/{query}")).content.decode()  # type: ignore[arg-type]


@pytest.mark.requirement("S2-091", "S2-092", "S2-101", "S2-116", "S2-117", "S2-121", "S2-095")
def test_an_end_user_finds_what_is_published_and_shared_and_nothing_else(cast: Cast) -> None:
    project = make_project(cast.acme)
    eddie, group = cast.member(cast.eddie), make_group(cast.acme)
    make_seat(group, eddie)
    direct = published(cast, project, "agent", "Direct")
    through = published(cast, project, "workflow", "Through")
    unshared = published(cast, project, "agent", "Unshared")
    ended = published(cast, project, "agent", "Ended")
    draft = make_resource(project, "agent", "Draft")
    tool = make_resource(project, "tool", "Wrench")
    make_grant(direct, eddie, Role.RESOURCE_USER)
    make_grant(through, group, Role.RESOURCE_USER)
    make_grant(ended, eddie, Role.RESOURCE_USER, expires_at=YESTERDAY)
    make_grant(draft, eddie, Role.RESOURCE_USER)
    make_grant(tool, eddie, Role.RESOURCE_ADMIN)
    html = found(cast, cast.eddie)
    assert "Direct" in html
    assert "Through" in html
    for name in ("Unshared", "Ended", "Draft", "Wrench"):
        assert name not in html
    client = sign_in(cast.eddie)
    for item, status in (
        (direct, 200),
        (through, 200),
        (unshared, 404),
        (ended, 404),
        (draft, 404),
        (tool, 404),
    ):
        assert client.get(cast.url(f"hub/{item.pk}/")).status_code == status
    page = client.get(cast.url(f"hub/{direct.pk}/")).content.decode()
    assert "You may chat with this agent." in page
    assert str(direct.pk) in page
    assert "configuration" not in page.lower()


def test_withdrawing_takes_it_from_the_hub_at_once(cast: Cast) -> None:
    project = make_project(cast.acme)
    agent = published(cast, project, name="Clerk")
    make_grant(agent, cast.member(cast.eddie), Role.RESOURCE_USER)
    assert "Clerk" in found(cast, cast.eddie)
    sign_in(cast.alice).post(cast.url(f"resources/{agent.pk}/withdraw/"), {"reason": ""})
    assert "Clerk" not in found(cast, cast.eddie)
    assert sign_in(cast.eddie).get(cast.url(f"hub/{agent.pk}/")).status_code == 404


@pytest.mark.requirement("S2-045", "S2-046", "S2-078", "S2-079")
def test_others_find_what_their_roles_let_them_use(cast: Cast) -> None:
    own, viewed, other = (make_project(cast.acme) for _ in range(3))
    mia = cast.member(cast.mia)
    make_grant(own, mia, Role.PROJECT_MEMBER)
    make_grant(viewed, mia, Role.PROJECT_VIEWER)
    for project, name in ((own, "Own"), (viewed, "Viewed"), (other, "Other")):
        published(cast, project, "agent", name)
    shared = published(cast, other, "workflow", "Shared")
    make_grant(shared, mia, Role.RESOURCE_USER)
    html = found(cast, cast.mia)
    assert "Own" in html
    assert "Shared" in html
    assert "About Viewed" not in html
    assert "About Other" not in html
    for name in ("Own", "Viewed", "Other", "Shared"):
        assert f"About {name}" in found(cast, cast.alice)
    assert "About" not in found(cast, cast.adam)
    assert sign_in(cast.vera).get(cast.url("hub/")).status_code == 302


@pytest.mark.requirement("S2-116", "S2-117")
def test_the_hub_lists_exactly_what_access_allows(cast: Cast) -> None:
    """The list and the decision are two ways to one answer, for every way of holding a role."""
    workspaced = make_project(cast.acme)
    archived = make_project(cast.acme)
    projects = [workspaced, make_project(cast.acme), archived]
    items = [
        published(cast, project, kind)
        for project in projects
        for kind in ("agent", "workflow")
        for _ in range(3)
    ]
    group = make_group(cast.acme)
    people = [cast.alice, cast.adam, cast.mia, cast.eddie, make_person(), make_person()]
    for person in people[4:]:
        cast.members[person.email] = make_member(cast.acme, Role.MEMBER, person)
    for person in (cast.mia, cast.eddie, people[4]):
        make_seat(group, cast.member(person))
    make_grant(projects[0], group, Role.PROJECT_MEMBER)
    make_grant(projects[1], cast.member(people[5]), Role.PROJECT_OWNER)
    make_grant(projects[1], cast.member(cast.adam), Role.PROJECT_MEMBER, expires_at=YESTERDAY)
    make_grant(items[7], group, Role.RESOURCE_ADMIN)
    make_grant(items[8], cast.member(cast.eddie), Role.RESOURCE_USER)
    make_grant(items[9], cast.member(cast.adam), Role.RESOURCE_USER)
    make_group_role(group, Role.PROJECTS_ADMIN)
    sign_in(cast.alice).post(
        cast.url(f"projects/{archived.pk}/archive/"), {"confirm": archived.name, "reason": "Done"}
    )
    uses = {"agent": Permission.AGENTS_CHAT, "workflow": Permission.WORKFLOWS_EXECUTE}
    for person in people:
        access = cast.access(person)
        listed = set(hub_items(access).values_list("pk", flat=True))
        rows = Resource.objects.in_org(cast.acme).select_related("project")
        allowed = {row.pk for row in rows if access.can(uses[row.kind], row)}
        if person is cast.eddie:
            # What a group gives in a project is none of an End User's (S2-090).
            allowed = {items[7].pk, items[8].pk}
        assert listed == allowed, person
        both = {row.pk for kind in uses for row in usable(access, kind)}
        assert both == listed


def test_search_and_kinds_narrow_it(cast: Cast) -> None:
    project = make_project(cast.acme)
    published(cast, project, "agent", "Clerk")
    published(cast, project, "workflow", "Billing run")
    for query, has, lacks in (
        ("?q=cler", "Clerk", "Billing run"),
        ("?kind=workflow", "Billing run", "About Clerk"),
        ("?kind=tool", "Clerk", "Wrench"),
        ("?q=%00zz", "Nothing matches.", "Clerk"),
    ):
        html = found(cast, cast.alice, query)
        assert has in html
        assert lacks not in html
    part = sign_in(cast.alice).get(cast.url("hub/?q=cler"), headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()


@pytest.mark.requirement("S2-128", "S2-129")
def test_no_organization_finds_anothers(cast: Cast) -> None:
    agent = published(cast, make_project(cast.acme), name="Clerk")
    oscar = sign_in(cast.oscar)
    assert "Clerk" not in oscar.get(cast.url("hub/", cast.umbrella)).content.decode()
    assert oscar.get(cast.url(f"hub/{agent.pk}/", cast.umbrella)).status_code == 404
    assert oscar.get(cast.url(f"hub/{agent.pk}/")).status_code == 404


@pytest.mark.requirement("S2-094")
def test_records_are_ones_own_alone(cast: Cast) -> None:
    agent = published(cast, make_project(cast.acme), name="Clerk")
    eddie, mia = cast.member(cast.eddie), cast.member(cast.mia)
    make_grant(agent, eddie, Role.RESOURCE_USER)
    make_grant(agent, mia, Role.RESOURCE_USER)
    make_record(eddie, agent, kind=Execution.Kind.CONVERSATION, summary="About Eddie’s leave")
    make_record(mia, agent, kind=Execution.Kind.CONVERSATION, summary="About Mia’s pay")
    for page in ("hub/history/", f"hub/{agent.pk}/"):
        html = sign_in(cast.eddie).get(cast.url(page)).content.decode()
        assert "Eddie’s leave" in html
        assert "Mia’s pay" not in html
    assert "Eddie" not in sign_in(cast.alice).get(cast.url("hub/history/")).content.decode()


@pytest.mark.requirement("S2-090", "S2-097", "S2-099", "S2-100")
@pytest.mark.parametrize(
    "page",
    [
        *("", "members/", "groups/", "workspaces/", "projects/", "projects/new/", "runners/"),
        *("automations/", "settings/", "audit/", "runners/new/", "workspaces/new/"),
    ],
)
def test_an_end_user_is_led_back_to_the_hub(cast: Cast, page: str) -> None:
    response = sign_in(cast.eddie).get(cast.url(page))
    assert response.status_code in (302, 404)
    if response.status_code == 302:
        assert response["Location"].endswith(cast.url("hub/"))


@pytest.mark.requirement("S2-090", "S2-100", "S2-098")
def test_an_end_user_opens_no_page_of_what_is_shared_with_them(cast: Cast) -> None:
    project = make_project(cast.acme)
    agent = published(cast, project, name="Clerk")
    make_grant(agent, cast.member(cast.eddie), Role.RESOURCE_ADMIN)
    eddie = sign_in(cast.eddie)
    for page in ("", "change/", "versions/", "history/", "access/", "delete/", "publish/"):
        assert eddie.get(cast.url(f"resources/{agent.pk}/{page}")).status_code == 404
    for page in ("", "resources/", "settings/", "secrets/", "access/"):
        assert eddie.get(cast.url(f"projects/{project.pk}/{page}")).status_code == 404
    html = eddie.get(cast.url("hub/")).content.decode()
    for label in ("Hub", "Inbox", "Permissions", "Docs"):
        assert label in html
    for route in ("members/", "projects/", "runners/", "automations/", "workspaces/"):
        assert f'href="{cast.url(route)}"' not in html


def test_who_is_in_a_project_through_a_group_works_there_whatever_their_role(cast: Cast) -> None:
    """No rule takes away what a role gives: whoever puts an End User there is told beforehand."""
    project, group = make_project(cast.acme), make_group(cast.acme)
    agent = published(cast, project, name="Clerk")
    make_seat(group, cast.member(cast.eddie))
    make_grant(project, group, Role.PROJECT_MEMBER)
    eddie = sign_in(cast.eddie)
    assert eddie.get(cast.url(f"projects/{project.pk}/")).status_code == 200
    assert eddie.get(cast.url(f"resources/{agent.pk}/change/")).status_code == 200


@pytest.mark.requirement("S2-093")
def test_tasks_that_wait_stand_on_top_what_is_due_first(cast: Cast) -> None:
    project = make_project(cast.acme)
    agent = published(cast, project, "workflow", "Onboarding")
    eddie = cast.member(cast.eddie)
    make_grant(agent, eddie, Role.RESOURCE_USER)
    later = timezone.now() + datetime.timedelta(days=3)
    make_task(cast, project, eddie, "Whenever", resource=agent)
    make_task(cast, project, eddie, "By Friday", resource=agent, due_at=later)
    make_task(cast, project, cast.member(cast.alice), "For Alice")
    html = found(cast, cast.eddie)
    assert html.index("By Friday") < html.index("Whenever")
    assert "For Alice" not in html
