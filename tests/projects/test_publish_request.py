"""Asking that an agent be published, which a Project Owner decides."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from config.roles import Role
from orgs.tenancy import bound
from projects.actions.requests import publish_request
from projects.models import Project, Resource
from tests.factories import Cast, make_member, make_person
from tests.projects.factories import make_grant, make_project, make_resource
from tests.projects.requests import actions_of, approve, code_of, only_request, page, post, told


@pytest.fixture
def project(cast: Cast) -> Project:
    found = make_project(cast.acme, "Order intake")
    make_grant(found, cast.member(cast.mia), Role.PROJECT_MEMBER)
    return found


@pytest.fixture
def owner(cast: Cast, project: Project):  # type: ignore[no-untyped-def]
    person = make_person("Leila Haddad")
    cast.members[person.email] = make_member(cast.acme, Role.MEMBER, person)
    make_grant(project, cast.members[person.email], Role.PROJECT_OWNER)
    return person


@pytest.mark.requirement("S2-087")
@pytest.mark.requirement("S2-088")
@pytest.mark.requirement("S2-125")
def test_a_project_member_asks_and_the_project_owner_publishes(
    cast: Cast, project: Project, owner
) -> None:
    agent = make_resource(project, "agent", "Order bot")
    refused = post(cast, cast.mia, f"resources/{agent.pk}/publish/")
    assert refused.status_code in (302, 403)
    assert (
        post(cast, cast.mia, f"resources/{agent.pk}/ask/", {"reason": "Ready"}).status_code == 302
    )
    asked = only_request(cast)
    assert told(cast, owner) == ["Mia Castellano asks for publishing Order bot to the Hub."]
    response = post(cast, owner, f"requests/{asked.pk}/approve/", {"answer": "Well done"})
    assert response.status_code == 302
    with bound(cast.acme.id):
        agent = Resource.objects.in_org(cast.acme).get(pk=agent.pk)
    assert agent.is_published
    assert agent.published_by_id == cast.member(owner).pk
    assert actions_of(cast)[-2:] == ["resource.published", "request.approved"]


@pytest.mark.requirement("S2-088")
def test_a_project_owner_declines(cast: Cast, project: Project, owner) -> None:
    agent = make_resource(project, "agent", "Order bot")
    asked = publish_request(resource=agent, reason="Ready", actor=cast.access(cast.mia))
    assert post(cast, owner, f"requests/{asked.pk}/refuse/", {"answer": ""}).status_code == 422
    assert (
        post(cast, owner, f"requests/{asked.pk}/refuse/", {"answer": "Not yet"}).status_code == 302
    )
    with bound(cast.acme.id):
        assert not Resource.objects.in_org(cast.acme).get(pk=agent.pk).is_published


def test_who_owns_another_project_neither_sees_nor_decides(cast: Cast, project: Project) -> None:
    agent = make_resource(project, "agent")
    asked = publish_request(resource=agent, reason="Ready", actor=cast.access(cast.mia))
    stranger = make_person("Ned Other")
    cast.members[stranger.email] = make_member(cast.acme, Role.MEMBER, stranger)
    make_grant(make_project(cast.acme), cast.members[stranger.email], Role.PROJECT_OWNER)
    for path in ("", "approve/", "refuse/", "withdraw/"):
        assert page(cast, stranger, f"requests/{asked.pk}/{path}").status_code == 404
    assert post(cast, stranger, f"requests/{asked.pk}/approve/").status_code == 404


def test_an_archived_project_publishes_nothing_but_may_refuse(
    cast: Cast, project: Project, owner
) -> None:
    agent = make_resource(project, "agent")
    asked = publish_request(resource=agent, reason="Ready", actor=cast.access(cast.mia))
    with bound(cast.acme.id):
        from audit import ledger
        from audit.events import Event
        from projects.actions.shares import target_of
        from tests.factories import TEST

        Project.objects.in_org(cast.acme).filter(pk=project.pk).update(state="archived")
        ledger.record(
            Event.PROJECT_ARCHIVED,
            organization=cast.acme.id,
            actor=TEST,
            target=target_of(project),
            changes={"state": ("active", "archived")},
        )
    response = post(cast, owner, f"requests/{asked.pk}/approve/")
    assert response.status_code == 422
    assert "archived" in response.content.decode() or "may not" in response.content.decode()
    assert post(cast, owner, f"requests/{asked.pk}/refuse/", {"answer": "Over"}).status_code == 302


def test_what_is_deleted_takes_its_requests_along(cast: Cast, project: Project, owner) -> None:
    agent = make_resource(project, "agent")
    asked = publish_request(resource=agent, reason="Ready", actor=cast.access(cast.mia))
    from projects.actions.resources import resource_delete

    resource_delete(resource=agent, actor=cast.access(cast.alice))
    assert page(cast, owner, f"requests/{asked.pk}/").status_code == 404
    with pytest.raises(ValidationError) as gone:
        approve(cast, owner, asked)
    assert code_of(gone.value) == "gone"


def test_only_what_is_used_directly_is_asked_for(cast: Cast, project: Project) -> None:
    tool = make_resource(project, "tool")
    response = post(cast, cast.mia, f"resources/{tool.pk}/ask/", {"reason": "Ready"})
    assert response.status_code == 422
    published = make_resource(project, "agent", published_at=project.created_at)
    response = post(cast, cast.mia, f"resources/{published.pk}/ask/", {"reason": "Ready"})
    assert response.status_code == 422
    assert "in the Hub already" in response.content.decode()


def test_a_foreign_or_unseen_agent_is_not_there(cast: Cast, project: Project) -> None:
    foreign = make_resource(make_project(cast.umbrella), "agent")
    unseen = make_resource(make_project(cast.acme), "agent")
    for agent in (foreign, unseen):
        assert page(cast, cast.mia, f"resources/{agent.pk}/ask/").status_code == 404
