"""A key that is charged for calls at moments of a test's choice."""

from __future__ import annotations

import datetime
from typing import Any

from config.money import NANO
from config.roles import Role
from orgs.tenancy import bound
from projects.actions.limits import limit_set
from projects.allowance import Allowance
from projects.queries.limits import limits_of
from tests.factories import Cast, make_group
from tests.projects.calls import Caller, at
from tests.projects.factories import make_grant, make_project
from tests.projects.keys import make_key


class Charged:
    """A key of Mia's, and calls that are charged to it at moments of one's choice."""

    def __init__(self, cast: Cast) -> None:
        self.cast, mia = cast, cast.member(cast.mia)
        self.project = make_project(cast.acme)
        make_grant(self.project, mia, Role.PROJECT_MEMBER)
        self.group = make_group(cast.acme)
        self.key, self.text = make_key(self.project, mia, cost_centre=self.group)
        self.caller = Caller(cast.acme)

    def spend(self, when: datetime.datetime, amount: int) -> None:
        status, reason, call = self.caller.verify(self.text, when=when)
        assert status == "allowed", reason
        assert self.caller.use(call, amount * NANO, when=when) == "settled"

    def allow(self, when: datetime.datetime, **said: Any) -> None:
        with bound(self.cast.acme.id):
            access = self.cast.access(self.cast.alice)
            with at(when):
                limit_set(subject=self.key, layer="key", said=Allowance(**said), actor=access)

    def spent(self, when: datetime.datetime) -> int:
        """As the page says it, in whole units."""
        with bound(self.cast.acme.id):
            access = self.cast.access(self.cast.alice)
            with at(when):
                (standing,) = limits_of(self.key, access).standings
        assert standing.state.resets_at is not None
        return standing.state.spent // NANO

    def subject(self, layer: str) -> Any:
        """Whose limits of this layer bind the key."""
        return {
            "key": self.key,
            "creator": self.cast.member(self.cast.mia),
            "project": self.project,
            "group": self.group,
            "organization": self.cast.acme,
        }[layer]
