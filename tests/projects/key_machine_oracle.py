"""A second reading of what keys may and what they cost, for the machine that lives their life.

Dictionaries and whole numbers: nothing here asks the database or a deed. Who may do what is said
by access_oracle.py.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction

from tests.projects.access_oracle import PAST, Oracle, Place
from tests.projects.key_machine_clock import CLOCK
from tests.projects.key_machine_facts import (
    ACTIONS,
    HELD_FOR,
    LAYERS,
    Account,
    Answer,
    Asked,
    Held,
    KeyFacts,
    Maker,
    Secret,
    Subject,
    Used,
    Verified,
    listed,
    price_of,
    this_minute,
    window_start,
)


@dataclass
class KeyOracle:
    """The keys of one organization, beside its access."""

    access: Oracle
    keys: dict[int, KeyFacts] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    limits: dict[tuple[str, Subject], Held] = field(default_factory=dict)
    calls: dict[str, Verified] = field(default_factory=dict)
    used: list[Used] = field(default_factory=list)
    receipts: dict[str, bytes] = field(default_factory=dict)
    joined: Counter[int] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)
    log: Counter[tuple[str, bool, str]] = field(default_factory=Counter)
    suspended: set[int] = field(default_factory=set)

    def maker(self, who: int) -> Maker:
        return who, self.joined[who]

    def is_here(self, maker: Maker) -> bool:
        who, joined = maker
        return joined == self.joined[who] and who in self.access.members

    def is_counted(self, key: KeyFacts) -> bool:
        """Is it one of the Active keys?"""
        gone = key.maker is not None and self.access.ends[key.maker[0]] == PAST
        return key.live and not gone

    # What a key may

    def no_key(self, key: KeyFacts | None, secret: Secret | None) -> str:
        if key is None or secret is None:
            return "unknown"
        if key.revoked:
            return "revoked"
        if not key.live:
            return "expired"
        return "" if secret.works else "rotated_out"

    def where(self, key: KeyFacts, asked: Asked) -> tuple[str, Place | None, int | None]:
        """Why not there, else the place that rights are asked on, and the project."""
        project = asked.project if key.project is None else key.project
        if key.project is not None and asked.project not in (None, key.project):
            return "other_project", None, project
        place: Place | None = None if project is None else ("project", project)
        if asked.resource is not None:
            piece = self.access.resources.get(asked.resource)
            if piece is None or (project is not None and piece.project != project):
                return "other_project", None, project
            project, place = piece.project, ("resource", asked.resource)
        if project is not None and project not in self.access.projects:
            return "other_project", None, project
        if project is not None and self.access.projects[project].state != "active":
            return "project_closed", None, project
        return "", place, project

    def is_waiting(self, key: KeyFacts) -> bool:
        if key.kind != "personal" or key.project is None:
            return False
        return "personal_keys" not in self.access.projects[key.project].policies

    def holder_refuses(self, key: KeyFacts, action: str, place: Place | None) -> str:
        if key.account is not None:
            account = self.accounts[key.account]
            if account.suspended:
                return "holder_inactive"
            roles = {account.role} - {""}
            room = self.access.room(place) if place else None
            if any(self.access.projects[one] is room for one in account.works_in):
                roles.add("project_member")
        else:
            assert key.maker
            who = key.maker[0]
            if not self.access.acts(who) or who in self.suspended:
                return "holder_inactive"
            roles = self.access.roles(who, place) - ({"end_user"} if place is None else set())
        return "" if action in self.access.means(roles) else "permission"

    def may(self, key: KeyFacts, asked: Asked) -> Answer:
        """Without its limits."""
        does = ACTIONS.get(asked.action)
        if not ((does == "execute" and key.executes) or (does == "chat" and key.chats)):
            return Answer("scope", "key")
        reason, place, project = self.where(key, asked)
        if reason:
            return Answer(reason, "project" if reason == "project_closed" else "key")
        if self.is_waiting(key):
            return Answer("personal_keys", "project")
        reason = self.holder_refuses(key, asked.action, place)
        if reason:
            return Answer(reason, "creator")
        named = {"creator": key.maker, "project": project, "group": key.group}
        subjects = {layer: subject for layer, subject in named.items() if subject is not None}
        return Answer(subjects=tuple(subjects.items()))

    def verify(self, number: int, asked: Asked) -> Answer:
        """The whole decision on a secret that works."""
        key = self.keys[number]
        found = self.may(key, asked)
        if found.reason:
            return found
        subjects = dict(found.subjects) | {"key": number, "organization": 0, "plan": 0}
        limits = [
            self.limits[layer, subjects[layer]]
            for layer in LAYERS
            if layer in subjects and (layer, subjects[layer]) in self.limits
        ]
        for one in limits:
            reason = listed(one.said, asked)
            if reason:
                return Answer(reason, one.layer)
        reserved = asked.cost if asked.cost is not None else price_of(asked.model, asked.tokens)
        if reserved is None:
            if any(one.said["budget"] is not None for one in limits):
                return Answer("no_price")
            reserved = 0
        counted = [one for one in limits if one.said["budget"] is not None or one.said["rpm"]]
        for one in counted:
            reason = self.used_up(one, reserved)
            if reason:
                return Answer(reason, one.layer, reserved, limits=tuple(counted))
        return Answer("", "", reserved, tuple(subjects.items()), tuple(counted))

    def used_up(self, limit: Held, cost: int) -> str:
        budget, rpm = limit.said["budget"], limit.said["rpm"]
        if budget is not None:
            taken = self.spent(limit) + self.reserved(limit)
            if taken + cost > budget or taken >= budget:
                return "budget"
        return "rpm" if rpm is not None and limit.used >= rpm else ""

    # What it costs

    def spent(self, limit: Held) -> int:
        """By what was reported in the window that runs."""
        since = window_start(limit.said["window"], CLOCK.at, limit.said["zone"])
        return sum(
            one.cost
            for one in self.used
            if one.at >= since and one.subjects.get(limit.layer) == limit.subject
        )

    def reserved(self, limit: Held) -> int:
        return sum(
            call.estimate
            for call in self.calls.values()
            if not call.released and any(one is limit for one in call.aside)
        )

    def tightest(self, answer: Answer) -> tuple[str, str] | None:
        """The layer and the kind with the least share left, as the answer's call leaves it."""
        shares = []
        for near, one in enumerate(answer.limits):
            taken = answer.reserved if not answer.reason else 0
            budget, rpm = one.said["budget"], one.said["rpm"]
            if budget is not None:
                left = max(budget - self.spent(one) - self.reserved(one) - taken, 0)
                share = Fraction(left, budget) if budget else Fraction(0)
                shares.append((share, near, 0, (one.layer, "budget")))
            if rpm is not None:
                left = max(rpm - one.used - (not answer.reason), 0)
                shares.append((Fraction(left, rpm), near, 1, (one.layer, "rpm")))
        return min(shares)[3] if shares else None

    def admit(self, call: str, asked: Asked, answer: Answer) -> None:
        """What an allowed call changes."""
        for one in answer.limits:
            one.minute, one.count = this_minute(), one.used + 1
        budgets = [one for one in answer.limits if one.said["budget"] is not None]
        self.calls[call] = Verified(
            asked.model,
            answer.reserved,
            dict(answer.subjects),
            budgets if answer.reserved else [],
            CLOCK.at + HELD_FOR,
        )
