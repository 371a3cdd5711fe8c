"""A key as the subject of a decision: its holder's rights, within what the key is for."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone
from uuid6 import uuid7

from config.roles import Permission, Role
from orgs.models import Membership
from orgs.tenancy import bound
from projects.models import Key, Project
from tests.factories import Cast
from tests.projects.api.asking import ask
from tests.projects.factories import (
    make_grant,
    make_project,
    make_resource,
)
from tests.projects.keys import Platform, make_account, make_key

pytestmark = pytest.mark.django_db
P = Permission


@pytest.fixture
def platform(cast: Cast) -> Platform:
    return Platform(cast.acme, "decide")


@pytest.fixture
def project(cast: Cast) -> Project:
    return make_project(cast.acme, "Order intake")


@pytest.mark.requirement("S2-140")
@pytest.mark.requirement("S2-145")
@pytest.mark.requirement("S2-146")
def test_a_key_does_what_its_holder_may_within_its_scope(
    cast: Cast, platform: Platform, project: Project
) -> None:
    mia = cast.member(cast.mia)
    make_grant(project, mia, Role.PROJECT_MEMBER)
    key, _ = make_key(project, mia, chats=False)

    def asks(action: str, where: Any = project) -> dict[str, Any]:
        return ask(platform, key, action, where, who_type="key")

    assert asks(P.WORKFLOWS_EXECUTE)["decision"] is True
    chat = asks(P.AGENTS_CHAT)
    assert (chat["decision"], chat["context"]["reason"]) == (False, "scope")
    assert chat["context"]["change"][0]["scope"] == "chat"
    # What the holder may do, and no key ever.
    assert asks(P.AGENTS_CREATE)["context"]["reason"] == "scope"
    elsewhere = make_project(cast.acme)
    make_grant(elsewhere, mia, Role.PROJECT_OWNER)
    assert asks(P.WORKFLOWS_EXECUTE, elsewhere)["context"]["reason"] == "other_project"
    assert asks(P.WORKFLOWS_EXECUTE, uuid7())["context"]["reason"] == "other_project"


@pytest.mark.requirement("S2-141")
def test_a_key_ends_with_its_holders_rights_and_its_own(
    cast: Cast, platform: Platform, project: Project
) -> None:
    mia = cast.member(cast.mia)
    grant = make_grant(project, mia, Role.PROJECT_MEMBER)
    key, _ = make_key(cast.acme, mia)

    def reason() -> str:
        said = ask(platform, key, P.WORKFLOWS_EXECUTE, project, who_type="key")
        return str(said["context"]["reason"])

    assert reason() == "role"
    with bound(cast.acme.pk):
        type(grant).objects.filter(pk=grant.pk).delete()
    assert reason() == "permission"
    make_grant(project, mia, Role.PROJECT_MEMBER)
    yesterday = timezone.now() - datetime.timedelta(days=1)
    with bound(cast.acme.pk):
        Membership.objects.in_org(cast.acme.pk).filter(pk=mia.pk).update(expires_at=yesterday)
    assert reason() == "holder_inactive"
    with bound(cast.acme.pk):
        Key.objects.in_org(cast.acme.pk).filter(pk=key.pk).update(expires_at=yesterday)
    assert reason() == "expired"


def test_an_unknown_key_is_refused_as_one_that_may_not(
    cast: Cast, platform: Platform, project: Project
) -> None:
    with bound(cast.umbrella.pk):
        oscar = Membership.objects.in_org(cast.umbrella.pk).get()
    theirs, _ = make_key(cast.umbrella, oscar)
    own, _ = make_key(cast.acme, cast.member(cast.vera))
    said = [
        ask(platform, key, action, project, who_type="key")
        for action in (P.WORKFLOWS_EXECUTE, P.AGENTS_CREATE)
        for key in (own, theirs, uuid7(), "bw_live_")
    ]
    assert all(one == said[0] for one in said[:4])
    assert all(one == said[4] for one in said[4:])
    assert not any(one["decision"] for one in said)


def test_a_service_account_holds_its_projects(
    cast: Cast, platform: Platform, project: Project
) -> None:
    account = make_account(cast.acme, projects=(project,))
    key, _ = make_key(cast.acme, account)
    agent = make_resource(project)
    assert ask(platform, key, P.AGENTS_CHAT, project, who_type="key")["decision"]
    assert ask(platform, key, P.AGENTS_CHAT, agent, who_type="key", what_type="resource")[
        "decision"
    ]
    other = make_project(cast.acme)
    assert not ask(platform, key, P.AGENTS_CHAT, other, who_type="key")["decision"]
