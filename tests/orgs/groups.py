"""What the tests of groups share: the table as a person sees it, and the ledger's newest entry."""

from __future__ import annotations

import re

from django.test import Client

from audit.models import Event
from config.roles import Role
from orgs.models import Group, GroupRole, Organization
from orgs.tenancy import bound
from tests.factories import Cast

HTMX = {"HX-Request": "true"}


def toggle(client: Client, cast: Cast, group: Group, role: Role | str, on: str, **data: str):
    """Tick or untick, as the page does it with JavaScript."""
    url = cast.url(f"groups/{group.pk}/roles/{role}/")
    return client.post(url, {"on": on, **data}, headers=HTMX)


def undo(client: Client, cast: Cast, group: Group, role: Role, token: str):
    url = cast.url(f"groups/{group.pk}/roles/{role}/undo/")
    return client.post(url, {"token": token}, headers=HTMX)


def token_in(response) -> str:
    """The undo that a page offers; empty when it offers none."""
    found = re.search(r'name="token" value="([^"]+)"', response.content.decode())
    return found.group(1) if found else ""


def said(response) -> str:
    """What the page tells, on one line."""
    text = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(text.split())


def carried(group: Group) -> list[Role]:
    with bound(group.organization_id):
        rows = GroupRole.objects.filter(group=group).live()
        return sorted((row.role for row in rows), key=list(Role).index)


def rows_of(group: Group) -> list[dict[str, object]]:
    """The group's role rows to the letter, expired ones too."""
    with bound(group.organization_id):
        return list(GroupRole.objects.filter(group=group).order_by("id").values())


def newest(cast: Cast) -> Event:
    with bound(cast.acme.id):
        event = Event.objects.filter(organization_id=cast.acme.id).order_by("-sequence").first()
    assert event
    return event


def without_plan(organization: Organization) -> None:
    """The plan of this organization leaves organization roles out."""
    with bound(organization.id):
        Organization.objects.filter(pk=organization.pk).update(entitlements=[])
