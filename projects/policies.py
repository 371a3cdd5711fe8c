"""The policies of one project: what its owners decided about how access to it is given."""

from __future__ import annotations

from enum import StrEnum


class ProjectPolicy(StrEnum):
    """A switch of one project: how access to it is given, and by whom its keys may be made."""

    _value_: str
    label: str
    meaning: str

    # Type checkers read `ProjectPolicy("shares_end")` as this call: hence the defaults.
    def __new__(cls, value: str, label: str = "", meaning: str = "") -> ProjectPolicy:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label, member.meaning = label, meaning
        return member

    OWNERS_APPROVE = (
        "owners_approve",
        "Owners approve access",
        "A new role here is a request until an Owner of the organization gives final approval.",
    )
    SHARES_NEED_REASON = (
        "shares_need_reason",
        "Sharing needs a reason",
        "Whoever gives a role here says why.",
    )
    SHARES_END = (
        "shares_end",
        "Every share ends",
        "A role given here ends after 90 days at the latest, unless it is extended.",
    )
    PERSONAL_KEYS = (
        "personal_keys",
        "Members may create personal keys",
        "Whoever may execute workflows or chat with agents here may make a key of their own.",
    )


LONGEST_SHARE_DAYS = 90
