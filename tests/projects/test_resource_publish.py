"""Publishing to the Hub and withdrawing: who may, what may, and what it does at once."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from config.roles import Role
from projects.actions.resources import publish, resource_publish, resource_withdraw
from projects.models import Resource
from tests.factories import Cast, sign_in
from tests.projects.factories import make_grant, make_project, make_resource
from tests.projects.resources import kept, ledger_of


def url(cast: Cast, resource: Resource, deed: str = "publish") -> str:
    return cast.url(f"resources/{resource.pk}/{deed}/")


@pytest.mark.parametrize("who", ["alice", "mia"])
@pytest.mark.parametrize("kind", ["agent", "workflow"])
@pytest.mark.requirement("S2-068", "S2-125")
def test_an_owner_and_the_projects_owner_publish(cast: Cast, who: str, kind: str) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    resource = make_resource(project, kind)
    client = sign_in(getattr(cast, who))
    assert client.get(url(cast, resource)).status_code == 200
    assert client.post(url(cast, resource), {"reason": "Tested"}).status_code == 302
    assert kept(resource).published_by_id == cast.member(getattr(cast, who)).pk
    (entry,) = ledger_of(cast.acme, "resource.published")
    assert (entry.changes["state"], entry.reason) == (["draft", "published"], "Tested")
    twice = client.post(url(cast, resource), {"reason": ""})
    assert twice.status_code == 422
    assert "is in the Hub already." in twice.content.decode()
    assert client.post(url(cast, resource, "withdraw"), {"reason": ""}).status_code == 302
    assert not kept(resource).is_published
    assert client.post(url(cast, resource, "withdraw"), {"reason": ""}).status_code == 422


@pytest.mark.requirement("S2-087")
def test_a_project_member_asks_and_does_not_publish(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    agent = make_resource(project)
    mia = sign_in(cast.mia)
    html = mia.get(cast.url(f"resources/{agent.pk}/")).content.decode()
    assert "Ask to publish" in html
    assert url(cast, agent) not in html
    assert mia.post(url(cast, agent), {"reason": ""}).status_code == 302
    assert not kept(agent).is_published
    assert len(ledger_of(cast.acme, "resource.published", "denied")) == 1
    with pytest.raises(ValidationError, match="You may not"):
        resource_publish(resource=agent, actor=cast.access(cast.mia))
    with pytest.raises(ValidationError, match="You may not"):
        resource_withdraw(resource=agent, actor=cast.access(cast.mia))


@pytest.mark.parametrize("role", [Role.RESOURCE_ADMIN, Role.RESOURCE_USER])
def test_who_has_one_agent_alone_neither_publishes_nor_asks(cast: Cast, role: Role) -> None:
    agent = make_resource(make_project(cast.acme))
    make_grant(agent, cast.member(cast.mia), role)
    mia = sign_in(cast.mia)
    html = mia.get(cast.url(f"resources/{agent.pk}/")).content.decode()
    assert "Ask to publish" not in html
    assert url(cast, agent) not in html
    assert mia.post(url(cast, agent), {"reason": ""}).status_code == 302
    assert not kept(agent).is_published


@pytest.mark.parametrize("kind", ["tool", "knowledge_base", "runner", "automation"])
def test_only_what_people_use_goes_into_the_hub(cast: Cast, kind: str) -> None:
    where = cast.acme if kind in ("runner", "automation") else make_project(cast.acme)
    resource = make_resource(where, kind)
    response = sign_in(cast.alice).post(url(cast, resource), {"reason": ""})
    assert response.status_code == 422
    assert "are not used directly" in response.content.decode()


def test_an_approval_publishes_in_the_name_of_who_approved(cast: Cast) -> None:
    agent = make_resource(make_project(cast.acme))
    publish(resource=agent, actor=cast.access(cast.adam))
    assert kept(agent).published_by_id == cast.member(cast.adam).pk


def test_nothing_of_an_archived_project_is_published(cast: Cast) -> None:
    agent = make_resource(make_project(cast.acme, state="archived"))
    assert sign_in(cast.alice).post(url(cast, agent), {"reason": ""}).status_code == 302
    with pytest.raises(ValidationError, match="is archived"):
        publish(resource=agent, actor=cast.access(cast.alice))
