"""The self-test finds nothing here, and finds what is planted."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from audit.models import Event as Entry
from config.gate import doors, lock_of
from orgs.isolation import walk
from orgs.models import Organization
from tests.factories import Cast
from tests.house.furniture import furnish

pytestmark = pytest.mark.django_db


def check(cast: Cast) -> str:
    said = io.StringIO()
    try:
        call_command("isolation_check", org=cast.acme.slug, stdout=said, no_color=True)
    except CommandError as error:
        said.write(str(error))
    return said.getvalue()


@pytest.mark.requirement("S2-127", "S2-132", "S2-017")
def test_no_route_tells_an_outsider_what_exists(cast: Cast) -> None:
    furnish(cast.acme)
    organizations = Organization.objects.count()
    entries = Entry.objects.count()
    said = check(cast)
    assert "Nobody outside can tell what exists" in said, said
    untried = said.partition("is there: ")[2].strip().split(", ")
    inside = [d for p, d in doors() if p.startswith("/o/") and lock_of(d.callback)]
    assert len([name for name in untried if name]) < len(inside) / 10, untried
    assert (Organization.objects.count(), Entry.objects.count()) == (organizations, entries)


def test_a_door_that_says_where_a_foreign_thing_is_is_found(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = furnish(cast.acme).project
    asked = walk._ask

    def leaky(client: walk.Caller, method: str, address: str) -> walk.Answer:
        answer = asked(client, method, address)
        if address.endswith(f"/projects/{project.pk}/") and answer.status == 404:
            return walk.Answer(403, answer.says, "", answer.statements, answer.seconds)
        return answer

    monkeypatch.setattr(walk, "_ask", leaky)
    said = check(cast)
    assert "GET project_view" in said
    assert "status 403, not 404" in said
