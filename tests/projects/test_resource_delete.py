"""Deleting a resource: what is said before, what goes with it, and who may."""

from __future__ import annotations

import pytest

from config.roles import Role
from orgs.tenancy import bound
from projects.models import Execution, Resource, ResourceGrant, ResourceVersion
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.projects.factories import make_grant, make_group_role, make_project, make_resource
from tests.projects.resources import AGENT_CONFIGURATION, ledger_of, make_record


def left(cast: Cast, resource: Resource) -> int:
    with bound(cast.acme.pk):
        return Resource.objects.filter(pk=resource.pk).count()


@pytest.mark.requirement("S2-041", "S2-057")
def test_it_says_what_goes_and_takes_the_name_typed(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    tool = make_resource(project, "tool", "Ledger search", configuration={"url": "https://x"})
    make_resource(project, configuration=AGENT_CONFIGURATION | {"tools": [str(tool.pk)]})
    make_grant(tool, cast.member(cast.vera), Role.RESOURCE_USER)
    make_record(cast.member(cast.mia), tool)
    mia, page = sign_in(cast.mia), cast.url(f"resources/{tool.pk}/delete/")
    html = mia.get(page).content.decode()
    assert "1 person and 0 groups lose it" in html
    assert "Named by others" in html
    refused = mia.post(page, {"confirm": "Ledger"})
    assert refused.status_code == 422
    assert left(cast, tool) == 1
    response = mia.post(page, {"confirm": "Ledger search", "reason": "Replaced"})
    assert response["Location"] == cast.url(f"projects/{project.pk}/resources/")
    assert left(cast, tool) == 0
    (entry,) = ledger_of(cast.acme, "resource.deleted")
    assert entry.changes["configuration"] == [{"url": "https://x"}, None]
    assert entry.reason == "Replaced"
    with bound(cast.acme.pk):
        assert not ResourceGrant.objects.filter(content_object_id=tool.pk).exists()
        assert not ResourceVersion.objects.filter(resource_id=tool.pk).exists()
        assert Execution.objects.filter(resource_id=None).count() == 1
    assert mia.post(page, {"confirm": "Ledger search"}).status_code == 404


@pytest.mark.requirement("S3-026")
def test_a_runner_goes_by_who_may_delete_runners(cast: Cast) -> None:
    runner = make_resource(cast.acme, "runner", "Hall 4")
    page = cast.url(f"resources/{runner.pk}/delete/")
    assert sign_in(cast.mia).post(page, {"confirm": "Hall 4"}).status_code == 404
    make_grant(runner, cast.member(cast.vera), Role.RESOURCE_ADMIN)
    assert sign_in(cast.vera).post(page, {"confirm": "Hall 4"}).status_code == 302
    assert left(cast, runner) == 1
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, Role.RUNNERS_ADMIN)
    response = sign_in(cast.mia).post(page, {"confirm": "Hall 4"})
    assert response["Location"] == cast.url("runners/")
    assert left(cast, runner) == 0


def test_an_agent_goes_on_after_its_tool_is_gone(cast: Cast) -> None:
    project = make_project(cast.acme)
    tool = make_resource(project, "tool", "Ledger search")
    agent = make_resource(project, configuration=AGENT_CONFIGURATION | {"tools": [str(tool.pk)]})
    alice = sign_in(cast.alice)
    alice.post(cast.url(f"resources/{tool.pk}/delete/"), {"confirm": "Ledger search"})
    assert "One that is deleted" in alice.get(cast.url(f"resources/{agent.pk}/")).content.decode()
    assert alice.get(cast.url(f"resources/{agent.pk}/change/")).status_code == 200
