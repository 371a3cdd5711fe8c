"""Where a key is tried: a project of an organization, a member of both, and the platform beside."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from config.roles import Role
from orgs.models import Organization
from tests.factories import make_group, make_member, make_organization, make_person
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import Platform, make_key


class Room:
    """A key that stands under five layers. Without an organization, in one of its own."""

    def __init__(self, organization: Organization | None = None) -> None:
        self.org = organization or make_organization(make_person())
        self.project = make_project(self.org)
        self.member = make_member(self.org)
        self.group = make_group(self.org)
        make_grant(self.project, self.member, Role.PROJECT_MEMBER)
        self.key, self.text = make_key(self.project, self.member, cost_centre=self.group)
        self.platform = Platform(self.org, "decide", "record")

    def verify(self, **said: Any) -> dict[str, Any]:
        response = self.platform.verify(self.text, **said)
        assert response.status_code == 200, response.content
        answer: dict[str, Any] = response.json()
        return answer

    def report(self, verification: str, **said: Any) -> HttpResponse:
        """A report; names that end with an underscore are headers."""
        headers = {name.rstrip("_"): said.pop(name) for name in list(said) if name.endswith("_")}
        return self.platform.post("/v1/usage", {"verification": verification, **said}, **headers)
