"""The enterprise rollout state: what is true here already, and what stays explicit (S1-038)."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.queries import configured_providers
from config.roles import Policy
from orgs.access import Access
from orgs.models import Entitlement


@dataclass(frozen=True, slots=True)
class Fact:
    """One line: what it is about, and how it stands. No name and no number of anybody."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Rollout:
    already: tuple[Fact, ...]
    explicit: tuple[Fact, ...]


ALWAYS = (
    Fact(
        "Organization, members and roles",
        "Stored here, and asked on every request: who is removed is out at once.",
    ),
    Fact("Inviting, removing and changing roles", "Done here by who may, without a ticket."),
    Fact(
        "Operator checks",
        "An account or organization that the operator suspends is shut out, and reads why.",
    ),
    Fact(
        "What is logged",
        "Changes of roles, keys and billing, sign-ins, and every request that was refused.",
    ),
)
NEVER = (
    Fact(
        "Execution",
        "Stays with the platform. The console decides and records; it runs no task itself.",
    ),
    Fact("Directory sync (SCIM)", "Not there yet. A roster file is imported and exported."),
)


def rollout(access: Access) -> Rollout:
    """How it stands for everyone in the organization. No query."""
    already, explicit = list(ALWAYS), list(NEVER)
    company = "openid_connect" in configured_providers()
    single = Fact(
        "Sign-in with your company’s provider",
        "Set up on this installation." if company else "Not set up on this installation.",
    )
    (already if company else explicit).append(single)
    for on, title, yes, no in (
        (
            access.includes(Entitlement.GROUP_ROLES),
            "Roles through groups",
            "The plan includes them.",
            f"The {access.org.plan_label} plan does not include them.",
        ),
        (
            Policy.ADMINS_INVITE in access.policies,
            "Admins invite",
            "The policy is on, never above Member.",
            "Only Owners invite, until an Owner turns the policy on.",
        ),
    ):
        (already if on else explicit).append(Fact(title, yes if on else no))
    return Rollout(tuple(already), tuple(explicit))
