"""Making a resource: who may, in which project, and what a typed form lets through."""

from __future__ import annotations

import pytest
from django.test import Client

from config.roles import Role
from orgs.tenancy import bound
from projects.kinds import KINDS
from projects.models import Project, Resource, ResourceVersion
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.projects.factories import make_grant, make_group_role, make_project, make_resource
from tests.projects.keys import make_limit
from tests.projects.resources import entries, kept, ledger_of

IN_A_PROJECT = ["agent", "workflow", "tool", "knowledge_base"]
OF_THE_ORGANIZATION = ["runner", "automation"]


def url(cast: Cast, project: Project, kind: str) -> str:
    return cast.url(f"projects/{project.pk}/resources/new/{kind.replace('_', '-')}/")


def made(cast: Cast) -> list[Resource]:
    with bound(cast.acme.pk):
        return list(Resource.objects.in_org(cast.acme).order_by("created_at"))


def member_of(cast: Cast, role: Role = Role.PROJECT_MEMBER) -> tuple[Project, Client]:
    project = make_project(cast.acme, "Order intake")
    make_grant(project, cast.member(cast.mia), role)
    return project, sign_in(cast.mia)


@pytest.mark.parametrize("role", [Role.PROJECT_MEMBER, Role.PROJECT_OWNER])
@pytest.mark.parametrize("kind", IN_A_PROJECT)
@pytest.mark.requirement(
    *("S2-041", "S2-042", "S2-043", "S2-044", "S2-057", "S2-074", "S2-075", "S2-076", "S2-077"),
    *("S2-112", "S2-113", "S2-114", "S2-115"),
)
def test_a_member_of_the_project_makes_one_of_each_kind(cast: Cast, role: Role, kind: str) -> None:
    project, mia = member_of(cast, role)
    form = entries(kind, name="First")
    assert mia.get(url(cast, project, kind)).status_code == 200
    response = mia.post(url(cast, project, kind), form)
    (resource,) = made(cast)
    assert response["Location"] == cast.url(f"resources/{resource.pk}/")
    assert (resource.kind, resource.name, resource.version) == (kind, "First", 1)
    assert set(resource.configuration) == set(KINDS[kind].form.configured())
    with bound(cast.acme.pk):
        version = ResourceVersion.objects.get(resource=resource)
    assert (version.number, version.configuration) == (1, resource.configuration)
    (entry,) = ledger_of(cast.acme, "resource.created")
    assert entry.changes["configuration"] == [None, resource.configuration]
    assert entry.changes["project"] == [None, "Order intake"]
    assert mia.get(response["Location"]).status_code == 200


@pytest.mark.parametrize("who", ["alice", "adam", "vera"])
def test_an_owner_makes_one_anywhere_and_nobody_else_outside_the_project(
    cast: Cast, who: str
) -> None:
    project = make_project(cast.acme)
    response = sign_in(getattr(cast, who)).post(url(cast, project, "agent"), entries())
    assert response.status_code == (302 if who == "alice" else 404)
    assert len(made(cast)) == (1 if who == "alice" else 0)


@pytest.mark.parametrize("kind", IN_A_PROJECT)
@pytest.mark.requirement("S2-098", "S2-097", "S2-083", "S2-119")
def test_a_viewer_and_an_end_user_make_nothing(cast: Cast, kind: str) -> None:
    project, vera = make_project(cast.acme), cast.member(cast.vera)
    make_grant(project, vera, Role.PROJECT_VIEWER)
    response = sign_in(cast.vera).post(url(cast, project, kind), entries(kind))
    assert response["Location"] == cast.url()
    assert sign_in(cast.eddie).post(url(cast, project, kind), entries(kind)).status_code == 404
    assert made(cast) == []


@pytest.mark.parametrize("kind", OF_THE_ORGANIZATION)
@pytest.mark.requirement("S3-024")
def test_an_owner_and_the_group_for_it_make_runners_and_automations(cast: Cast, kind: str) -> None:
    page = cast.url(f"{kind}s/new/")
    runner = make_resource(cast.acme, "runner", "Hall 4")
    form = entries(kind, runner=str(runner.pk))
    assert sign_in(cast.mia).post(page, form).status_code == 302
    assert len(made(cast)) == 1
    assert sign_in(cast.alice).post(page, form).status_code == 302
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    roles = (Role.RUNNERS_ADMIN, Role.AUTOMATIONS_ADMIN)
    for role in roles:
        make_group_role(group, role)
    assert sign_in(cast.mia).post(page, form | {"name": "Second"}).status_code == 302
    assert [row.project_id for row in made(cast)] == [None, None, None]


def test_two_of_one_kind_and_name_are_refused_and_another_project_may_have_it(
    cast: Cast,
) -> None:
    project, mia = member_of(cast)
    form = entries(name="Buchung Ä")
    mia.post(url(cast, project, "agent"), form)
    response = mia.post(url(cast, project, "agent"), form)
    assert response.status_code == 422
    assert "An agent with this name exists in Order intake." in response.content.decode()
    assert (
        mia.post(url(cast, project, "workflow"), entries("workflow", name="Buchung Ä")).status_code
        == 302
    )
    other = make_project(cast.acme)
    make_grant(other, cast.member(cast.mia), Role.PROJECT_MEMBER)
    assert mia.post(url(cast, other, "agent"), form).status_code == 302


def test_nothing_is_made_in_an_archived_project_or_a_foreign_one(cast: Cast) -> None:
    archived = make_project(cast.acme, state="archived")
    foreign = make_project(cast.umbrella)
    deleted = make_project(cast.acme, state="deleted")
    alice = sign_in(cast.alice)
    assert alice.post(url(cast, archived, "agent"), entries()).status_code == 302
    assert alice.post(url(cast, foreign, "agent"), entries()).status_code == 404
    assert alice.post(url(cast, deleted, "agent"), entries()).status_code == 302
    assert made(cast) == []


@pytest.mark.requirement("S2-128", "S2-131")
def test_an_agent_names_tools_of_its_own_project_and_no_others(cast: Cast) -> None:
    project, mia = member_of(cast)
    other = make_project(cast.acme)
    own = make_resource(project, "tool", "Search")
    base = make_resource(project, "knowledge_base", "Manuals")
    beside = make_resource(other, "tool")
    foreign = make_resource(make_project(cast.umbrella), "tool")
    page = url(cast, project, "agent")
    html = mia.get(page).content.decode()
    assert str(own.pk) in html
    assert str(beside.pk) not in html
    for wrong in (beside.pk, foreign.pk, base.pk, "x", "' OR 1=1 --"):
        response = mia.post(page, entries(tools=[str(own.pk), str(wrong)]))
        assert response.status_code == 422
        assert "Choose tools of this project." in response.content.decode()
    mia.post(page, entries(tools=[str(own.pk)], knowledge_bases=[str(base.pk)]))
    agent = kept(made(cast)[-1])
    assert agent.configuration["tools"] == [str(own.pk)]
    assert agent.configuration["knowledge_bases"] == [str(base.pk)]
    shown = mia.get(cast.url(f"resources/{agent.pk}/")).content.decode()
    assert "Search" in shown
    assert "Manuals" in shown


def test_an_automation_runs_only_what_its_maker_may_run(cast: Cast) -> None:
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, Role.AUTOMATIONS_ADMIN)
    viewed, own = make_project(cast.acme), make_project(cast.acme)
    make_grant(viewed, cast.member(cast.mia), Role.PROJECT_VIEWER)
    make_grant(own, cast.member(cast.mia), Role.PROJECT_MEMBER)
    seen, mine = make_resource(viewed, "workflow"), make_resource(own, "workflow")
    page = cast.url("automations/new/")
    form = entries("automation", command=None)
    mia = sign_in(cast.mia)
    assert mia.post(page, form | {"workflow": str(seen.pk)}).status_code == 422
    hidden = make_resource(cast.acme, "runner")
    command = form | {"command": "make", "runner": str(hidden.pk)}
    assert mia.post(page, command).status_code == 422
    assert mia.post(page, form | {"workflow": str(mine.pk)}).status_code == 302


def test_what_was_not_asked_for_is_not_kept(cast: Cast) -> None:
    project, mia = member_of(cast)
    more = {"organization": str(cast.umbrella.pk), "version": "9", "published_at": "2026-01-01"}
    mia.post(url(cast, project, "agent"), entries(**more, admin="yes", configuration="{}"))
    (agent,) = made(cast)
    assert (agent.organization_id, agent.version, agent.published_at) == (cast.acme.pk, 1, None)
    assert set(agent.configuration) == set(KINDS["agent"].form.configured())


def test_hostile_entries_are_answered_with_words(cast: Cast) -> None:
    project, mia = member_of(cast)
    page = url(cast, project, "agent")
    for change in (
        {"instructions": "x" * 1_000_000},
        {"instructions": "a\x00b"},
        {"instructions": "safe\u202etxt"},
        {"instructions": "\U0001f600" * 100_000},
        {"name": "a\x1bb"},
        {"name": "x" * 101},
        {"temperature": "NaN"},
        {"temperature": "1e999"},
        {"temperature": "2.01"},
        {"temperature": "-0.1"},
        {"model": ""},
        {"model": "m" * 101},
        {"description": "x" * 501},
        {"base": "9" * 5_000, "name": ""},
    ):
        assert mia.post(page, entries(**change)).status_code == 422, change
    assert made(cast) == []
    htmx = mia.post(page, entries(model=""), headers={"HX-Request": "true"})
    assert htmx.status_code == 422
    assert "Name the model that answers." in htmx.content.decode()


@pytest.mark.requirement("S1-021", "S2-072")
def test_an_agent_uses_the_models_that_the_organization_approves(cast: Cast) -> None:
    """A Project Owner sets up no provider of their own: what there is, the organization chose."""
    project, mia = member_of(cast, Role.PROJECT_OWNER)
    make_limit(cast.acme, allowed_models=["north-large", "north-small"])
    page = url(cast, project, "agent")
    refused = mia.post(page, entries(model="elsewhere-xl"))
    assert refused.status_code == 422
    assert "It approves: north-large, north-small." in refused.content.decode()
    assert mia.post(page, entries(model="north-small")).status_code == 302
    (agent,) = made(cast)
    changed = {"name": agent.name, "base": "1", "note": "", "reason": "Larger"}
    change = cast.url(f"resources/{agent.pk}/change/")
    assert mia.post(change, entries(model="elsewhere-xl") | changed).status_code == 422
    for door in ("runners/integrations/", "runners/integrations/new/"):
        assert mia.get(cast.url(door)).status_code == 302, "integrations are not a Project Owner's"
