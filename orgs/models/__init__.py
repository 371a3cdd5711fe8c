"""What is stored of an organization: itself, its people, its invitations, its groups."""

from orgs.models.groups import Group, GroupMembership
from orgs.models.invitations import Invitation, OwnershipOffer
from orgs.models.organizations import Membership, Organization

__all__ = [
    "Group",
    "GroupMembership",
    "Invitation",
    "Membership",
    "Organization",
    "OwnershipOffer",
]
