"""A decision and its reason, from the facts: `Access.can` decides, as for every page.

A context names what decided (`reason`, `layer`), says it in a sentence, and lists what would
change it. It depends on nothing but the question and what the subject holds: whatever is not
there, or is another organization's, is refused as what is there.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any, NamedTuple

from config.roles import (
    GROUP_ROLES,
    ROLE_POLICY_PERMISSIONS,
    Permission,
    Policy,
    Role,
    Scope,
    permissions_of,
    roles_with,
)
from orgs.access import refused
from orgs.models import Entitlement, Organization
from orgs.standing import OUTLASTING
from projects.api.facts import Facts
from projects.keys import ACTIONS, EXECUTE
from projects.policies import ProjectPolicy
from projects.refusals import REFUSALS

# What a role may sit on for a question at this scope, the nearest first.
_LEVELS = {
    Scope.ORGANIZATION: (Scope.ORGANIZATION,),
    Scope.WORKSPACE: (Scope.WORKSPACE, Scope.ORGANIZATION),
    Scope.PROJECT: (Scope.PROJECT, Scope.WORKSPACE, Scope.ORGANIZATION),
    Scope.RESOURCE: (Scope.RESOURCE, Scope.PROJECT, Scope.WORKSPACE, Scope.ORGANIZATION),
}


class Decision(NamedTuple):
    """Yes or no, and the context of it as JSON."""

    allowed: bool
    context: str

    @property
    def body(self) -> str:
        word = "true" if self.allowed else "false"
        return f'{{"decision": {word}, "context": {self.context}}}'


def permission_named(name: str) -> Permission | None:
    try:
        return Permission(name)
    except ValueError:
        return None


def decide(facts: Facts, permission: Permission | None, place_type: str) -> Decision:
    """May the subject of these facts do this there? `place_type` is what was asked about."""
    if facts.org.state != Organization.State.OPEN:
        return _refused("organization_closed", "organization")
    if facts.is_key:
        return _of_key(facts, permission, place_type)
    if facts.place_id is None or permission is None:
        return _ordinary(facts, permission, place_type)
    if facts.access.can(permission, facts.place):
        return _allowed(_counted(facts), permission, facts.org.policies)
    return _held_back(facts, permission) or _ordinary(facts, permission, place_type)


def _of_key(facts: Facts, permission: Permission | None, place_type: str) -> Decision:
    """The holder's live access, within the key's scope and project (S2-145, S2-146)."""
    does = ACTIONS.get(permission) if permission else None
    if permission is None or does is None:
        return _refused("scope", "scope")
    if facts.key_id is None:
        return _ordinary(facts, permission, place_type)
    if facts.key_ended:
        return _refused(facts.key_ended, "key")
    if not (facts.executes if does == EXECUTE else facts.chats):
        return _refused("scope", "scope", f"scope:{does}")
    if facts.key_project is not None and facts.key_project != facts.place_project:
        return _refused("other_project", "key")
    if facts.key_waits:
        return _waiting()
    if not facts.known or facts.access.is_support:
        return _refused("holder_inactive", "holder")
    if facts.place_id is None:
        return _ordinary(facts, permission, place_type)
    if permission in _of_holder(facts) and facts.access.can(permission, facts.place):
        return _allowed(_counted(facts), permission, facts.org.policies)
    return _held_back(facts, permission) or _ordinary(facts, permission, place_type)


def _of_holder(facts: Facts) -> frozenset[Permission]:
    """An End User's own leave is for what is shared with them, which a key names."""
    if facts.scope is not Scope.ORGANIZATION:
        return facts.access.permissions_on(facts.place)
    return permissions_of(facts.roles - {Role.END_USER}, facts.org.policies)


def _counted(facts: Facts) -> frozenset[Role]:
    """The roles that count for the question: those of `Access.permissions_on`."""
    if facts.scope is Scope.ORGANIZATION:
        return facts.roles - {Role.END_USER} if facts.is_key else facts.roles
    return (facts.roles - {Role.END_USER}) | facts.access.roles_on(facts.place)


def _held_back(facts: Facts, permission: Permission) -> Decision | None:
    """What keeps a role that is held from counting: a window, a state, or a policy that is off."""
    counted, policies = _counted(facts), facts.org.policies
    if permission in permissions_of(counted, policies):
        if permission in facts.access.withheld:
            return _withheld(permission in OUTLASTING)
        if facts.scope is Scope.ORGANIZATION:
            return None
        return _refused("project_closed", "state", "restore")
    if facts.held - counted and permission in permissions_of(counted | facts.held, policies):
        return _unpublished()
    for role in sorted(counted):
        policy = ROLE_POLICY_PERMISSIONS.get((role, permission))
        if policy is not None:
            return _without_policy(role, policy)
    return None


def _ordinary(facts: Facts, permission: Permission | None, place_type: str) -> Decision:
    """No role that is held gives it: the one answer for whatever is not there, too."""
    org = facts.org
    return without_role(permission, place_type, org.policies, org.includes(Entitlement.GROUP_ROLES))


@lru_cache(maxsize=4096)
def without_role(
    permission: Permission | None, place_type: str, policies: frozenset[Policy], carried: bool
) -> Decision:
    """The no of whoever holds no role that gives it; `carried`: may groups carry roles?"""
    levels = _LEVELS.get(Scope(place_type)) if place_type in _PLACE_TYPES else None
    roles = roles_with(permission, policies) if permission and levels else ()
    change = [
        {"do": _way(role), "role": role.value, "label": role.label, "on": role.scope.value}
        for level in levels or ()
        for role in roles
        if role.scope is level and (carried or role not in GROUP_ROLES)
        # An End User's own leave counts for nothing on a place.
        if place_type == Scope.ORGANIZATION or role is not Role.END_USER
    ]
    if change and permission:
        message = f"{refused(permission, Scope(place_type), policies)}."
    else:
        message = "No role of an organization includes this."
    return _no("permission", "permission", message, change)


_PLACE_TYPES = frozenset(scope.value for scope in _LEVELS)


def _way(role: Role) -> str:
    if role in GROUP_ROLES:
        return "carry"
    return "change_role" if role.scope is Scope.ORGANIZATION else "share"


@lru_cache(maxsize=64)
def _refused(reason: str, layer: str, mend: str = "") -> Decision:
    """In the words that a verification of a key has for it."""
    change: list[dict[str, str]] = []
    if mend == "restore":
        change = [{"do": "restore", "label": "Restore the project", "on": "project"}]
    elif mend:
        scope = mend.partition(":")[2]
        change = [{"do": "scope", "scope": scope, "label": f"Let the key {scope}", "on": "key"}]
    return _no(reason, layer, REFUSALS[reason].sentence, change)


@lru_cache(maxsize=1)
def _unpublished() -> Decision:
    message = "It is not published, and an End User uses what is published."
    change = [{"do": "publish", "label": "Publish it", "on": "resource"}]
    return _no("not_published", "state", message, change)


@lru_cache(maxsize=2)
def _withheld(outlasts: bool) -> Decision:
    """A role gives it, and the window through which support came does not."""
    message = "Support was let in to read only."
    if outlasts:
        message = "It would outlast the window through which support was let in."
    return _no("support_window", "window", message, [])


@lru_cache(maxsize=1)
def _waiting() -> Decision:
    """A personal key, in a project that lets nobody have one now."""
    policy = ProjectPolicy.PERSONAL_KEYS
    change = [_turn_on(policy, Scope.PROJECT)]
    return _no(policy.value, "policy", REFUSALS[policy.value].sentence, change)


@lru_cache(maxsize=64)
def _without_policy(role: Role, policy: Policy) -> Decision:
    message = f"{role.label} includes it only while “{policy.label}” is on."
    return _no("policy", "policy", message, [_turn_on(policy, Scope.ORGANIZATION)])


def _turn_on(policy: Policy | ProjectPolicy, on: Scope) -> dict[str, str]:
    label = f"Turn on “{policy.label}”"
    return {"do": "turn_on", "policy": policy.value, "label": label, "on": on.value}


def _no(reason: str, layer: str, message: str, change: list[dict[str, str]]) -> Decision:
    said: dict[str, Any] = {
        "reason": reason,
        "layer": layer,
        "message": message,
        "change": change,
    }
    return Decision(False, json.dumps(said))


@lru_cache(maxsize=4096)
def _allowed(
    counted: frozenset[Role], permission: Permission, policies: frozenset[Policy]
) -> Decision:
    leading = [role for role in Role if role in counted and _includes(role, permission, policies)]
    return Decision(True, json.dumps({"reason": "role", "roles": leading}))


def _includes(role: Role, permission: Permission, policies: frozenset[Policy]) -> bool:
    return permission in permissions_of({role}, policies)
