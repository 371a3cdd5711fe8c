"""Changing and deleting runners and automations: the groups' admins may (S3-025, S3-046)."""

from __future__ import annotations

import pytest

from audit.models import Outcome
from config.roles import Role
from orgs.tenancy import bound
from projects.models import Resource
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.projects.factories import make_grant, make_group_role, make_resource
from tests.projects.parts import newest

RUNNER = {"provider": "self-hosted", "region": "", "capacity": "12", "labels": ""}
AUTOMATION = {"trigger": "manual", "command": "make test", "timeout": "5"}
ROOMS = [
    ("runner", RUNNER, Role.RUNNERS_ADMIN, Role.AUTOMATIONS_ADMIN),
    ("automation", AUTOMATION, Role.AUTOMATIONS_ADMIN, Role.RUNNERS_ADMIN),
]


def seat_mia(cast: Cast, role: Role) -> None:
    group = make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, role)


def now(thing: Resource) -> Resource | None:
    with bound(thing.organization_id):
        found: Resource | None = Resource.objects.filter(pk=thing.pk).first()
    return found


def form_of(cast: Cast, thing: Resource, fields: dict[str, str]) -> dict[str, str]:
    """What the form of a change sends; an automation's command runs on a runner."""
    runner = (
        {} if thing.kind == "runner" else {"runner": str(make_resource(cast.acme, "runner").pk)}
    )
    return fields | runner | {"name": "Anew", "description": "", "base": str(thing.version)}


@pytest.mark.requirement("S3-025", "S3-046")
@pytest.mark.parametrize(("kind", "fields", "role", "_other"), ROOMS)
def test_the_groups_admin_changes_one(
    cast: Cast, kind: str, fields: dict[str, str], role: Role, _other: Role
) -> None:
    seat_mia(cast, role)
    if kind == "automation":
        seat_mia(cast, Role.RUNNERS_ADMIN)
    thing = make_resource(cast.acme, kind)
    url = cast.url(f"resources/{thing.pk}/change/")
    assert sign_in(cast.mia).post(url, form_of(cast, thing, fields)).status_code == 302
    changed = now(thing)
    assert changed is not None
    assert (changed.name, changed.version) == ("Anew", 2)
    assert newest(cast).action == "resource.changed"


@pytest.mark.requirement("S3-026", "S3-047")
@pytest.mark.parametrize(("kind", "fields", "role", "_other"), ROOMS)
def test_the_groups_admin_and_an_owner_delete_one(
    cast: Cast, kind: str, fields: dict[str, str], role: Role, _other: Role
) -> None:
    seat_mia(cast, role)
    for person in (cast.mia, cast.alice):
        thing = make_resource(cast.acme, kind)
        url = cast.url(f"resources/{thing.pk}/delete/")
        assert sign_in(person).post(url, {"confirm": thing.name}).status_code == 302
        assert now(thing) is None
        assert newest(cast).action == "resource.deleted"


@pytest.mark.requirement("S3-025", "S3-026", "S3-046", "S3-047")
@pytest.mark.parametrize(("kind", "fields", "_role", "other"), ROOMS)
def test_the_admin_of_the_others_does_not_find_it(
    cast: Cast, kind: str, fields: dict[str, str], _role: Role, other: Role
) -> None:
    seat_mia(cast, other)
    thing = make_resource(cast.acme, kind)
    client = sign_in(cast.mia)
    for page, sent in (
        ("change", form_of(cast, thing, fields)),
        ("delete", {"confirm": thing.name}),
    ):
        url = cast.url(f"resources/{thing.pk}/{page}/")
        assert client.get(url).status_code == 404
        assert client.post(url, sent).status_code == 404
    assert now(thing) == thing


@pytest.mark.requirement("S3-025", "S3-026", "S3-046", "S3-047")
@pytest.mark.parametrize(("kind", "fields", "_role", "_other"), ROOMS)
def test_whom_it_is_shared_with_to_use_it_changes_nothing(
    cast: Cast, kind: str, fields: dict[str, str], _role: Role, _other: Role
) -> None:
    thing = make_resource(cast.acme, kind)
    make_grant(thing, cast.member(cast.mia), Role.RESOURCE_USER)
    client = sign_in(cast.mia)
    for page, sent in (
        ("change", form_of(cast, thing, fields)),
        ("delete", {"confirm": thing.name}),
    ):
        assert client.post(cast.url(f"resources/{thing.pk}/{page}/"), sent).status_code == 302
        assert newest(cast).outcome == Outcome.DENIED
    assert now(thing) == thing
