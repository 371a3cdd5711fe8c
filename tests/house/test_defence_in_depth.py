"""Several walls, each of which holds when the one before it is gone; and what stays outside."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from audit.models import Event as Entry
from config.roles import Permission, Role
from orgs.models import Membership
from orgs.tenancy import bound
from projects.actions import providers
from projects.models import Call, Execution, ModelProvider
from tests.factories import Cast, sign_in
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform, make_key, make_limit

pytestmark = pytest.mark.django_db

TOKEN = "sk-live-0123456789abcdef"
ACCOUNT = {"name": "Main", "provider": "anthropic", "url": "", "serves": [], "is_enabled": True}


@pytest.mark.requirement("S2-169")
def test_what_one_wall_lets_through_the_next_one_stops(cast: Cast) -> None:
    """Roles, row security, sealing, networks and the log, each tried by itself."""
    made = providers.provider_create(token=TOKEN, said=ACCOUNT, actor=cast.access(cast.alice))
    page = reverse("provider_change", args=[cast.acme.slug, made.pk])

    assert sign_in(cast.mia).get(page).status_code == 302, "the role stops a member"
    with bound(cast.acme.id):
        assert Entry.objects.filter(outcome="denied").count() == 1, "and the log has the attempt"

    with bound(cast.umbrella.id):
        assert not ModelProvider.objects.filter(pk=made.pk).exists(), "no filter, and no row"

    with bound(cast.acme.id), connection.cursor() as cursor:
        cursor.execute("SELECT t::text FROM projects_modelprovider t")
        row = cursor.fetchall()[0][0]
    assert TOKEN.encode().hex() not in row, "and who reads the row reads no token"

    project = make_project(cast.acme, "Atlas")
    holder = cast.member(cast.mia)
    make_grant(project, holder, Role.PROJECT_MEMBER)
    key, text = make_key(project, holder)
    make_limit(key, allowed_networks=["10.0.0.0/8"])
    platform = Platform(cast.acme, "decide")
    assert platform.verify(text, ip="203.0.113.9").json()["decision"] is False, "nor from outside"
    assert platform.verify(text, ip="10.1.2.3").json()["decision"] is True
    with bound(cast.acme.id):
        assert Call.objects.in_org(cast.acme.id).filter(reason="network").count() == 1
        Membership.objects.in_org(cast.acme.id).filter(pk=holder.pk).delete()
    assert platform.verify(text, ip="10.1.2.3").status_code == 401, "and with who left goes the key"


@pytest.mark.requirement("S1-049")
def test_what_is_allowed_is_decided_here_and_done_elsewhere(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(cast.acme, "Atlas")
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    _, text = make_key(project, cast.member(cast.mia))
    platform = Platform(cast.acme, "decide", "record")

    def nowhere(*args: Any, **options: Any) -> None:
        raise AssertionError("a decision went out to somebody")

    monkeypatch.setattr(socket.socket, "connect", nowhere)
    allowed = platform.verify(text, action=Permission.WORKFLOWS_EXECUTE.value).json()
    assert allowed["decision"] is True
    with bound(cast.acme.id):
        assert not Execution.objects.exists(), "nothing runs until the platform says that it did"
