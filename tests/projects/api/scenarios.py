"""Published scenarios of AuthZEN, told in the words of this service and back.

The data are facts of the sources that each file names. People become memberships, records become
projects, and what they may do becomes roles that are stored here: what a request claims in its
`properties` gives nobody anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.http import HttpResponse

from config.roles import Permission
from orgs.models import Membership, Organization
from projects.models import Project
from tests.projects.keys import Platform

DATA = Path(__file__).parent / "data"
Said = dict[str, Any]


def data(name: str) -> Said:
    read: Said = json.loads((DATA / f"authzen_{name}.json").read_text())
    return read


@dataclass
class Scenario:
    """A tenant that plays a scenario: its words for ours, both ways."""

    org: Organization
    platform: Platform
    people: Mapping[str, Membership]
    projects: Mapping[str, Project]
    actions: Mapping[str, Permission]
    place_type: str = "record"
    soft: Permission | None = None
    ids: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.ids = {name: str(one.pk) for name, one in {**self.people, **self.projects}.items()}

    def post(self, to: str, said: Any, **headers: str) -> HttpResponse:
        sent = self.told(said) if isinstance(said, dict) else said
        return self.platform.post(f"/access/v1/{to}", sent, **headers)

    def told(self, said: Said) -> Said:
        """A request, or an item of a batch, in the words of this service."""
        told = dict(said)
        for name in ("subject", "resource"):
            if isinstance(told.get(name), dict):
                told[name] = self._entity(told[name])
        if isinstance(told.get("action"), dict):
            told["action"] = self._action(told["action"])
        if isinstance(told.get("evaluations"), list):
            told["evaluations"] = [self.told(item) for item in told["evaluations"]]
        return told

    def _entity(self, said: Said) -> Said:
        told = dict(said)
        if said.get("type") == self.place_type:
            told["type"] = "project"
        if isinstance(said.get("id"), str):
            told["id"] = self.ids.get(said["id"], said["id"])
        return told

    def _action(self, said: Said) -> Said:
        """Which permission it is; an ending that can be undone is another one."""
        if not isinstance(said.get("name"), str):
            return said
        is_soft = said["name"] == "delete" and said.get("properties", {}).get("soft") is True
        permission = self.soft if is_soft else self.actions.get(said["name"])
        return said | {"name": permission.value if permission else said["name"]}

    def found(self, response: HttpResponse) -> set[str]:
        """The results of a search in the words of the scenario; of people it does not know, none.

        Each is exactly what the standard says it is.
        """
        names = {pk: name for name, pk in self.ids.items()}
        names |= {permission.value: name for name, permission in self.actions.items()}
        results = response.json()["results"]
        assert all(one.keys() in ({"type", "id"}, {"name"}) for one in results)
        said = [one.get("id") or one["name"] for one in results]
        assert len(said) == len(set(said))
        return {names[one] for one in said if one in names}
