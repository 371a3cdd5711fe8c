"""Which event class of OCSF an entry is, and what it does there: data of the published schema.

The numbers are those of the schema; how an event is filled in stands in `ocsf.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

VERSION = "1.5.0"
"""The release that the events name. They are valid by the later ones up to 1.8.0 as well."""

OTHER = 99


class Class(Enum):
    """An event class: its number, its name, its category, and what can be done in it."""

    number: int
    label: str
    category: int
    activities: dict[int, str]

    def __new__(cls, number: int, label: str, category: int, activities: dict[int, str]) -> Class:
        made = object.__new__(cls)
        made._value_ = number
        made.number, made.label, made.category = number, label, category
        made.activities = activities
        return made

    ACCOUNT = (
        3001,
        "Account Change",
        3,
        {
            1: "Create",
            2: "Enable",
            3: "Password Change",
            5: "Disable",
            10: "MFA Factor Enable",
            11: "MFA Factor Disable",
        },
    )
    AUTHENTICATION = 3002, "Authentication", 3, {1: "Logon", 2: "Logoff"}
    ENTITY = (
        3004,
        "Entity Management",
        3,
        {
            1: "Create",
            3: "Update",
            4: "Delete",
            5: "Move",
            8: "Enable",
            9: "Disable",
            10: "Activate",
            11: "Deactivate",
            12: "Suspend",
            13: "Resume",
        },
    )
    ACCESS = 3005, "User Access Management", 3, {1: "Assign Privileges", 2: "Revoke Privileges"}
    GROUP = (
        3006,
        "Group Management",
        3,
        {
            1: "Assign Privileges",
            2: "Revoke Privileges",
            3: "Add User",
            4: "Remove User",
            5: "Delete",
            6: "Create",
        },
    )
    API = 6003, "API Activity", 6, {1: "Create", 2: "Read", 3: "Update", 4: "Delete"}


CATEGORIES = {3: "Identity & Access Management", 6: "Application Activity"}
SEVERITIES = {1: "Informational", 2: "Low", 3: "Medium", 5: "Critical"}


@dataclass(frozen=True, slots=True)
class Kind:
    """A class and an activity in it."""

    of: Class
    activity: int

    @property
    def type_uid(self) -> int:
        return self.of.number * 100 + self.activity


# Whatever stands in neither table is an API activity, so that a new event has a place at once.
_SINGLE = {
    "session.started": (Class.AUTHENTICATION, 1),
    "session.ended": (Class.AUTHENTICATION, 2),
    "session.revoked": (Class.AUTHENTICATION, 2),
    "account.created": (Class.ACCOUNT, 1),
    "account.changed": (Class.ACCOUNT, OTHER),
    "account.email_confirmed": (Class.ACCOUNT, OTHER),
    "account.password_changed": (Class.ACCOUNT, 3),
    "account.factor_added": (Class.ACCOUNT, 10),
    "account.factor_removed": (Class.ACCOUNT, 11),
    "account.state_changed": (Class.ACCOUNT, OTHER),
    "member.changed": (Class.ACCOUNT, OTHER),
    "member.added": (Class.ACCESS, 1),
    "member.joined": (Class.ACCESS, 1),
    "member.role_changed": (Class.ACCESS, 1),
    "member.expiry_changed": (Class.ACCESS, OTHER),
    "member.removed": (Class.ACCESS, 2),
    "member.left": (Class.ACCESS, 2),
    "ownership.offered": (Class.ACCESS, OTHER),
    "ownership.accepted": (Class.ACCESS, 1),
    "ownership.declined": (Class.ACCESS, OTHER),
    "ownership.withdrawn": (Class.ACCESS, OTHER),
    "invitation.accepted": (Class.ACCESS, 1),
    "group.created": (Class.GROUP, 6),
    "group.changed": (Class.GROUP, OTHER),
    "group.deleted": (Class.GROUP, 5),
    "group.member_added": (Class.GROUP, 3),
    "group.member_changed": (Class.GROUP, OTHER),
    "group.member_removed": (Class.GROUP, 4),
    "group.role_given": (Class.GROUP, 1),
    "group.role_taken": (Class.GROUP, 2),
    "group.role_restored": (Class.GROUP, 1),
    "organization.suspended": (Class.ENTITY, 12),
    "organization.resumed": (Class.ENTITY, 13),
    "organization.closed": (Class.ENTITY, 11),
    "project.moved": (Class.ENTITY, 5),
    "insights.enabled": (Class.ENTITY, 8),
    "insights.disabled": (Class.ENTITY, 9),
}
_SHARES = {"shared": 1, "share_changed": 1, "unshared": 2}
_ENTITIES = frozenset(
    {
        *("organization", "workspace", "project", "resource", "secret", "key", "invitation"),
        *("service_account", "service_token", "environment_class", "integration"),
        *("model_provider", "webhook"),
    }
)
_ENTITY_VERBS = {
    **dict.fromkeys(("created", "sent"), 1),
    **dict.fromkeys(("deleted", "purged"), 4),
    **dict.fromkeys(("restored", "opened"), 10),
    **dict.fromkeys(("archived", "revoked", "retired", "closed"), 11),
}
_API_VERBS = {
    **dict.fromkeys(("created", "made", "issued", "added", "recorded", "started", "sent"), 1),
    **dict.fromkeys(("read", "exported", "verified", "opened", "viewed", "refused"), 2),
    **dict.fromkeys(("deleted", "removed", "voided", "withdrawn", "canceled", "ended"), 4),
}
_UPDATE = 3


def kind_of(action: str) -> Kind:
    """What an action is, as long as it is known whom or what it was done to."""
    if action in _SINGLE:
        return Kind(*_SINGLE[action])
    noun, _, verb = action.partition(".")
    if verb in _SHARES:
        return Kind(Class.ACCESS, _SHARES[verb])
    if noun in _ENTITIES and action != "key.refused":
        return Kind(Class.ENTITY, _ENTITY_VERBS.get(verb, _UPDATE))
    return call_of(action)


def call_of(action: str) -> Kind:
    """The same as a call of the console: what remains where nothing is known of the object."""
    return Kind(Class.API, _API_VERBS.get(action.partition(".")[2], _UPDATE))
