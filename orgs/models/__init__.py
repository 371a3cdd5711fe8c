"""What is stored of an organization: itself, its people, its invitations, its groups."""

from orgs.models.groups import Group, GroupMembership, GroupRole
from orgs.models.invitations import Invitation, OwnershipOffer
from orgs.models.notices import Notice
from orgs.models.organizations import Entitlement, Membership, Organization

__all__ = [
    "Entitlement",
    "Group",
    "GroupMembership",
    "GroupRole",
    "Invitation",
    "Membership",
    "Notice",
    "Organization",
    "OwnershipOffer",
]
