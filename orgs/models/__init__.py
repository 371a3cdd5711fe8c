"""What is stored of an organization: itself, its people, its invitations, its groups."""

from orgs.models.groups import Group, GroupMembership, GroupRole
from orgs.models.invitations import Invitation, OwnershipOffer
from orgs.models.notices import Notice
from orgs.models.organizations import Entitlement, Membership, Organization
from orgs.models.platform import PlatformProvider
from orgs.models.quotas import Quota
from orgs.models.recovery import OrganizationDomain, OwnerClaim
from orgs.models.rules import Rule, RuleException, RuleViolation
from orgs.models.support import SupportCase, SupportNote, SupportWindow
from orgs.models.webhooks import Webhook, WebhookAttempt
from orgs.models.worker_keys import WorkerKey

__all__ = [
    "Entitlement",
    "Group",
    "GroupMembership",
    "GroupRole",
    "Invitation",
    "Membership",
    "Notice",
    "Organization",
    "OrganizationDomain",
    "OwnerClaim",
    "OwnershipOffer",
    "PlatformProvider",
    "Quota",
    "Rule",
    "RuleException",
    "RuleViolation",
    "SupportCase",
    "SupportNote",
    "SupportWindow",
    "Webhook",
    "WebhookAttempt",
    "WorkerKey",
]
