"""The policies of an organization, and the presets that choose them together.

What a policy adds to a role is in book.py.
"""

from enum import StrEnum


class Policy(StrEnum):
    """A switch of the organization that adds permissions to a role; it never takes one away."""

    _value_: str
    label: str
    meaning: str
    default: bool

    # Type checkers read `Policy("admins_invite")` as this call: hence the defaults.
    def __new__(
        cls, value: str, label: str = "", default: bool = False, meaning: str = ""
    ) -> "Policy":
        member = str.__new__(cls, value)
        member._value_ = value
        member.label, member.default, member.meaning = label, default, meaning
        return member

    ADMINS_INVITE = (
        "admins_invite",
        "Admins may invite",
        False,
        "Admins may invite people, never with a role above Member.",
    )
    MEMBERS_READ_BILLING = (
        "members_read_billing",
        "Members may read billing",
        False,
        "Members may read the billing page and open invoices.",
    )
    MEMBERS_READ_COSTS = (
        "members_read_costs",
        "Members may read costs",
        True,
        "Members may see what usage costs; without it they see quantities only.",
    )
    MEMBERS_READ_INSIGHTS = (
        "members_read_insights",
        "Members and Viewers may read insights",
        True,
        "Members and Viewers may read insights; without it, that takes another role.",
    )
    PROJECT_OWNERS_DELETE = (
        "project_owners_delete",
        "Project Owners may delete",
        True,
        "Project Owners may archive and delete their own project.",
    )


DEFAULT_POLICIES: frozenset[Policy] = frozenset(p for p in Policy if p.default)


class Preset(StrEnum):
    """A ready choice of policies, one for each way of working that the console covers."""

    _value_: str
    label: str
    description: str

    def __new__(cls, value: str, label: str = "", description: str = "") -> "Preset":
        member = str.__new__(cls, value)
        member._value_ = value
        member.label, member.description = label, description
        return member

    S1 = (
        "S1",
        "Team and organization access",
        "Invoices stay with Owners, Admins and Viewers; costs and insights are open to the team.",
    )
    S2 = (
        "S2",
        "Project teams",
        "Costs stay with Owners and Admins; each project is run, and ended, by its own owners.",
    )
    S3 = (
        "S3",
        "Roles through groups",
        "Billing, costs and insights are read by the groups that carry the role for it.",
    )
    S4 = (
        "S4",
        "Central administration",
        "Everyone reads billing, costs and insights; only the administration deletes projects.",
    )


PRESET_POLICIES: dict[Preset, frozenset[Policy]] = {
    Preset.S1: frozenset(
        {Policy.MEMBERS_READ_COSTS, Policy.MEMBERS_READ_INSIGHTS, Policy.PROJECT_OWNERS_DELETE}
    ),
    Preset.S2: frozenset({Policy.MEMBERS_READ_INSIGHTS, Policy.PROJECT_OWNERS_DELETE}),
    Preset.S3: frozenset({Policy.PROJECT_OWNERS_DELETE}),
    Preset.S4: frozenset(
        {Policy.MEMBERS_READ_BILLING, Policy.MEMBERS_READ_COSTS, Policy.MEMBERS_READ_INSIGHTS}
    ),
}
