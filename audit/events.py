"""The catalogue: each event once, with its sentence and the fields it may change.

`done` completes "{actor} …"; `attempt` completes "{actor} tried to …". Both may name {target};
`done` may name {field.old} and {field.new}. `audit/ledger.py` refuses fields not declared here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class Field:
    """A field whose value before and after is kept; a personal one can be erased."""

    name: str
    label: str
    personal: bool = False


ROLE = Field("role", "Role")
NAME = Field("name", "Name", personal=True)
EMAIL = Field("email", "Email", personal=True)
LOGIN = Field("login", "Login", personal=True)
TITLE = Field("name", "Name")
ADDRESS = Field("slug", "Address")
STATE = Field("state", "State")
DESCRIPTION = Field("description", "Description")
PARENT = Field("parent", "Inside")
SECRET = Field("secret", "Secret")
GROUP = Field("group", "Group")
MAINTAINER = Field("maintainer", "Maintainer")
EXPIRES = Field("expires_at", "Expires")
POLICIES = Field("policies", "Policies")
WHERE = Field("on", "On")
GRANTEE = Field("to", "To", personal=True)
WORKSPACE = Field("workspace", "Workspace")
PROJECT = Field("project", "Project")
CONFIGURATION = Field("configuration", "Configuration")
VERSION = Field("version", "Version")
KIND = Field("kind", "Kind")
FORMAT = Field("format", "Format")
ENTRIES = Field("entries", "Entries")
KEY = Field("key", "Key")
RULE = Field("rule", "Rule")
WHEN_BROKEN = Field("blocks", "When broken")
ENTRIES_KNOWN = Field("known", "Broken already")
UP_TO = Field("sequence", "Up to entry")
HASH = Field("hash", "Hash")
HOLDER = Field("holder", "Acts for", personal=True)
MAY = Field("may", "May")
ENDS = Field("ends_at", "Works until")
SCOPES = Field("scopes", "Scopes")
COST_CENTRE = Field("cost_centre", "Cost centre")
AMOUNT = Field("amount", "Amount")
ENDS_ON = Field("ends_on", "Ends on")
SENT_TO = Field("to", "To", personal=True)
SUBSCRIBED = (Field("plan", "Plan"), Field("seats", "Seats"), Field("price", "Price a month"))
FINGERPRINT = Field("fingerprint", "Fingerprint")
LIMITS = (
    Field("budget", "Budget"),
    Field("rpm", "Requests a minute"),
    Field("networks", "Networks"),
    Field("tasks", "Tasks"),
    Field("models", "Models"),
)


class Event(Enum):
    """The value is the action's name in the ledger: `noun.past_tense`."""

    done: str
    attempt: str
    fields: tuple[Field, ...]

    def __new__(cls, action: str, done: str, attempt: str, *fields: Field) -> Event:
        event = object.__new__(cls)
        event._value_ = action
        event.done, event.attempt, event.fields = done, attempt, fields
        return event

    # Access
    ACCESS_REFUSED = "access.refused", "opened {target}", "open {target}"
    ACCESS_STATED = (
        "access.stated",
        "stated who may do what in {target}",
        "state who may do what in {target}",
    )

    # Sessions and accounts
    SESSION_STARTED = "session.started", "signed in", "sign in"
    SESSION_ENDED = "session.ended", "signed out", "sign out"
    SESSION_REVOKED = "session.revoked", "ended the session {target}", "end the session {target}"
    ACCOUNT_CREATED = "account.created", "created the account {target}", "create an account"
    ACCOUNT_CHANGED = "account.changed", "changed the profile", "change the profile", NAME
    ACCOUNT_EMAIL_CONFIRMED = (
        "account.email_confirmed",
        "confirmed the address {target}",
        "confirm {target}",
    )
    ACCOUNT_PASSWORD_CHANGED = (
        "account.password_changed",
        "changed the password",
        "change the password",
    )
    ACCOUNT_FACTOR_ADDED = (
        "account.factor_added",
        "added {target} to sign in with",
        "add {target} to sign in with",
    )
    ACCOUNT_FACTOR_REMOVED = (
        "account.factor_removed",
        "removed {target} from the ways to sign in",
        "remove {target} from the ways to sign in",
    )
    ACCOUNT_STATE_CHANGED = (
        "account.state_changed",
        "set the account {target} from {state.old} to {state.new}",
        "change the state of the account {target}",
        STATE,
    )

    # Organizations
    ORGANIZATION_CREATED = (
        "organization.created",
        "created {target}",
        "create {target}",
        TITLE,
        ADDRESS,
        STATE,
    )
    ORGANIZATION_OPENED = "organization.opened", "opened {target}", "open {target}", STATE
    ORGANIZATION_CHANGED = (
        "organization.changed",
        "changed the settings of {target}",
        "change the settings of {target}",
        TITLE,
    )
    ORGANIZATION_POLICIES_CHANGED = (
        "organization.policies_changed",
        "changed the policies of {target}",
        "change the policies of {target}",
        POLICIES,
    )
    ORGANIZATION_SUSPENDED = (
        "organization.suspended",
        "suspended {target}",
        "suspend {target}",
        STATE,
    )
    ORGANIZATION_RESUMED = (
        "organization.resumed",
        "lifted the suspension of {target}",
        ("lift the suspension of {target}"),
        STATE,
    )
    ORGANIZATION_CLOSED = (
        "organization.closed",
        "asked to delete {target}",
        "delete {target}",
        STATE,
        Field("closes_at", "Deleted on"),
    )
    ORGANIZATION_ARCHIVED = "organization.archived", "archived {target}", "archive {target}", STATE
    ORGANIZATION_RESTORED = "organization.restored", "restored {target}", "restore {target}", STATE
    ORGANIZATION_DELETED = "organization.deleted", "deleted {target} for good", "delete {target}"

    # What an organization lets itself have, and the key of its workers
    QUOTA_CHANGED = (
        "quota.changed",
        "changed the quotas of {target}",
        "change the quotas of {target}",
        Field("quotas", "Quotas"),
    )
    WORKER_KEY_CREATED = (
        "worker_key.created",
        "made the worker key {target}",
        "make a worker key",
        FINGERPRINT,
    )
    WORKER_KEY_ROTATED = (
        "worker_key.rotated",
        "replaced the worker key with {target}",
        "replace the worker key",
        FINGERPRINT,
    )
    WORKER_KEY_RETIRED = (
        "worker_key.retired",
        "retired the worker key {target}",
        "retire a worker key",
        FINGERPRINT,
    )

    # The platform
    PLATFORM_SETTINGS_CHANGED = (
        "platform.settings_changed",
        "changed the settings of the platform",
        "change the settings of the platform",
        Field("registration", "Registration"),
        Field("support_email", "Support address"),
        Field("notice", "Notice"),
    )
    PLATFORM_PROVIDER_CREATED = (
        "platform_provider.created",
        "set up the platform’s provider {target}",
        "set up a provider of the platform",
        CONFIGURATION,
    )
    PLATFORM_PROVIDER_CHANGED = (
        "platform_provider.changed",
        "changed the platform’s provider {target}",
        "change the platform’s provider {target}",
        CONFIGURATION,
    )
    PLATFORM_PROVIDER_ROTATED = (
        "platform_provider.rotated",
        "replaced the token of the platform’s provider {target}",
        "replace the token of a provider of the platform",
    )
    PLATFORM_PROVIDER_DELETED = (
        "platform_provider.deleted",
        "removed the platform’s provider {target}",
        "remove the platform’s provider {target}",
        CONFIGURATION,
    )

    # Members
    MEMBER_ADDED = (
        "member.added",
        "added {target} as {role.new}",
        "add {target}",
        (ROLE),
        NAME,
        EMAIL,
        LOGIN,
    )
    MEMBER_JOINED = "member.joined", "joined as {role.new}", "join", ROLE, NAME, EMAIL
    MEMBER_ROLE_CHANGED = (
        "member.role_changed",
        "changed {target}’s role from {role.old} to {role.new}",
        "change {target}’s role",
        ROLE,
    )
    MEMBER_REMOVED = "member.removed", "removed {target}", "remove {target}", ROLE
    MEMBER_LEFT = "member.left", "left the organization", "leave the organization", ROLE
    MEMBER_CHANGED = (
        "member.changed",
        "changed the details of {target}",
        ("change the details of {target}"),
        NAME,
        EMAIL,
        LOGIN,
    )

    MEMBER_EXPIRY_CHANGED = (
        "member.expiry_changed",
        "changed when {target}’s membership ends",
        "change when {target}’s membership ends",
        EXPIRES,
    )

    # Ownership
    OWNERSHIP_OFFERED = (
        "ownership.offered",
        "offered ownership to {target}",
        ("offer ownership to {target}"),
        EXPIRES,
    )
    OWNERSHIP_ACCEPTED = (
        "ownership.accepted",
        "accepted ownership from {target}",
        ("accept ownership from {target}"),
    )
    OWNERSHIP_DECLINED = (
        "ownership.declined",
        "declined ownership from {target}",
        ("decline ownership from {target}"),
    )
    OWNERSHIP_WITHDRAWN = (
        "ownership.withdrawn",
        "withdrew the offer of ownership to {target}",
        ("withdraw the offer of ownership to {target}"),
    )

    # Owner recovery
    DOMAIN_ADDED = "domain.added", "added the domain {target}", "add a domain"
    DOMAIN_VERIFIED = "domain.verified", "proved the domain {target}", "prove the domain {target}"
    DOMAIN_REMOVED = "domain.removed", "removed the domain {target}", "remove a domain"
    OWNER_CLAIM_CREATED = (
        "owner_claim.created",
        "claimed ownership for {target}: {method.new}",
        "claim ownership",
        Field("method", "How"),
    )
    OWNER_CLAIM_CONFIRMED = (
        "owner_claim.confirmed",
        "confirmed the claim of ownership for {target}",
        "confirm a claim of ownership",
        Field("ripe_at", "May be completed from"),
    )
    OWNER_CLAIM_PROVED = (
        "owner_claim.proved",
        "proved {domain.new} for the claim of ownership for {target}",
        "prove a domain for a claim of ownership",
        Field("domain", "Domain"),
        Field("ripe_at", "May be completed from"),
    )
    OWNER_CLAIM_ANNOUNCED = (
        "owner_claim.announced",
        "announced the claim of ownership for {target}",
        "announce a claim of ownership",
        Field("ripe_at", "May be completed from"),
    )
    OWNER_CLAIM_CANCELED = (
        "owner_claim.canceled",
        "canceled the claim of ownership for {target}",
        "cancel a claim of ownership",
        STATE,
    )
    OWNER_CLAIM_EXPIRED = (
        "owner_claim.expired",
        "let the claim of ownership for {target} expire",
        "let a claim of ownership expire",
        STATE,
    )
    OWNER_CLAIM_COMPLETED = (
        "owner_claim.completed",
        "completed the claim of ownership for {target}",
        "complete a claim of ownership",
        STATE,
    )

    # Support
    SUPPORT_OPENED = (
        "support.opened",
        "let {target} in as support, {may.new}, until {ends_at.new}",
        "let support in",
        MAY,
        Field("ends_at", "Until"),
    )
    SUPPORT_ENDED = (
        "support.ended",
        "ended the support window of {target}",
        "end a support window",
        Field("ends_at", "Until"),
    )
    SUPPORT_CASE_CREATED = (
        "support_case.created",
        "opened the support case {target}",
        "open a support case",
        Field("urgency", "Urgency"),
    )
    SUPPORT_CASE_ANSWERED = (
        "support_case.answered",
        "wrote on the support case {target}",
        "write on a support case",
        STATE,
    )
    SUPPORT_CASE_SOLVED = (
        "support_case.solved",
        "solved the support case {target}",
        "solve a support case",
        STATE,
    )

    # Invitations
    INVITATION_SENT = (
        "invitation.sent",
        "invited {target} as {role.new}",
        "invite {target}",
        (ROLE),
        EXPIRES,
    )
    INVITATION_CHANGED = (
        "invitation.changed",
        "changed the invitation of {target}",
        ("change the invitation of {target}"),
        ROLE,
        EXPIRES,
    )
    INVITATION_RESENT = (
        "invitation.resent",
        "sent {target} a new invitation link",
        ("send {target} a new invitation link"),
        EXPIRES,
    )
    INVITATION_REVOKED = (
        "invitation.revoked",
        "revoked the invitation of {target}",
        ("revoke the invitation of {target}"),
    )
    INVITATION_ACCEPTED = (
        "invitation.accepted",
        "accepted the invitation and joined as {role.new}",
        ("accept an invitation"),
        ROLE,
    )
    INVITATION_PROJECT_PROMISED = (
        "invitation.project_promised",
        "promised {target} the role {role.new} in {project.new}",
        "promise {target} a role in a project",
        PROJECT,
        ROLE,
    )
    INVITATION_PROJECT_WITHDRAWN = (
        "invitation.project_withdrawn",
        "withdrew the role {role.old} in {project.old} from the invitation of {target}",
        "withdraw a project from the invitation of {target}",
        PROJECT,
        ROLE,
    )
    INVITATION_DECLINED = "invitation.declined", "declined the invitation", "decline an invitation"

    # Groups
    GROUP_CREATED = (
        "group.created",
        "created the group {target}",
        "create the group {target}",
        TITLE,
        DESCRIPTION,
        PARENT,
        SECRET,
    )
    GROUP_CHANGED = (
        "group.changed",
        "changed the group {target}",
        "change the group {target}",
        TITLE,
        DESCRIPTION,
        PARENT,
        SECRET,
    )
    GROUP_DELETED = (
        "group.deleted",
        "deleted the group {target}",
        "delete the group {target}",
        (TITLE),
        Field("members", "Members"),
    )
    GROUP_MEMBER_ADDED = (
        "group.member_added",
        "added {target} to the group {group.new}",
        "add {target} to a group",
        GROUP,
        MAINTAINER,
        EXPIRES,
    )
    GROUP_MEMBER_CHANGED = (
        "group.member_changed",
        "changed {target} in the group {group.new}",
        "change {target} in a group",
        GROUP,
        MAINTAINER,
        EXPIRES,
    )
    GROUP_MEMBER_REMOVED = (
        "group.member_removed",
        "removed {target} from the group {group.old}",
        "remove {target} from a group",
        GROUP,
    )

    GROUP_ROLE_GIVEN = (
        "group.role_given",
        "gave the group {target} the role {role.new}",
        "give the group {target} a role",
        ROLE,
    )
    GROUP_ROLE_TAKEN = (
        "group.role_taken",
        "took the role {role.old} from the group {target}",
        "take a role from the group {target}",
        ROLE,
    )
    GROUP_ROLE_RESTORED = (
        "group.role_restored",
        "undid a change of the roles of {target}",
        "undo a change of the roles of {target}",
        ROLE,
    )

    # Workspaces
    WORKSPACE_CREATED = (
        "workspace.created",
        "created the workspace {target}",
        "create the workspace {target}",
        TITLE,
        DESCRIPTION,
    )
    WORKSPACE_CHANGED = (
        "workspace.changed",
        "changed the workspace {target}",
        "change the workspace {target}",
        TITLE,
        DESCRIPTION,
    )
    WORKSPACE_DELETED = (
        "workspace.deleted",
        "deleted the workspace {target}",
        "delete the workspace {target}",
        TITLE,
        Field("projects", "Projects"),
    )
    WORKSPACE_SHARED = (
        "workspace.shared",
        "gave {to.new} the role {role.new} in the workspace {target}",
        "share the workspace {target}",
        GRANTEE,
        ROLE,
        EXPIRES,
    )
    WORKSPACE_SHARE_CHANGED = (
        "workspace.share_changed",
        "changed the role of {to.new} in the workspace {target} from {role.old} to {role.new}",
        "change a role in the workspace {target}",
        GRANTEE,
        ROLE,
        EXPIRES,
    )
    WORKSPACE_UNSHARED = (
        "workspace.unshared",
        "took the role {role.old} in the workspace {target} from {to.old}",
        "take a role in the workspace {target}",
        GRANTEE,
        ROLE,
    )

    # Projects
    PROJECT_CREATED = (
        "project.created",
        "created the project {target}",
        "create the project {target}",
        TITLE,
        DESCRIPTION,
        WORKSPACE,
        Field("product", "Product"),
        Field("environment", "Environment"),
    )
    PROJECT_CHANGED = (
        "project.changed",
        "changed the project {target}",
        "change the project {target}",
        TITLE,
        DESCRIPTION,
        Field("product", "Product"),
        Field("environment", "Environment"),
    )
    PROJECT_MOVED = (
        "project.moved",
        "moved the project {target} from {workspace.old} to {workspace.new}",
        "move the project {target}",
        WORKSPACE,
    )
    PROJECT_POLICIES_CHANGED = (
        "project.policies_changed",
        "changed the policies of the project {target}",
        "change the policies of the project {target}",
        POLICIES,
    )
    PROJECT_PREBUILDS_CHANGED = (
        "project.prebuilds_changed",
        "changed the prebuilds of the project {target}",
        "change the prebuilds of the project {target}",
        CONFIGURATION,
    )
    PROJECT_ENVIRONMENTS_CHANGED = (
        "project.environments_changed",
        "chose the environment classes of the project {target}",
        "choose the environment classes of the project {target}",
        Field("environments", "Environment classes"),
    )
    PROJECT_PROVIDERS_CHANGED = (
        "project.providers_changed",
        "chose the model providers of the project {target}",
        "choose the model providers of the project {target}",
        Field("providers", "Model providers"),
    )
    PROJECT_ARCHIVED = (
        "project.archived",
        "archived the project {target}",
        "archive the project {target}",
        STATE,
    )
    PROJECT_RESTORED = (
        "project.restored",
        "restored the project {target}",
        "restore the project {target}",
        STATE,
    )
    PROJECT_DELETED = (
        "project.deleted",
        "deleted the project {target}",
        "delete the project {target}",
        STATE,
        Field("deletes_at", "Gone on"),
    )
    PROJECT_PURGED = (
        "project.purged",
        "deleted the project {target} for good",
        "delete the project {target} for good",
        Field("resources", "Resources"),
    )
    PROJECT_SHARED = (
        "project.shared",
        "gave {to.new} the role {role.new} in {target}",
        "share the project {target}",
        GRANTEE,
        ROLE,
        EXPIRES,
    )
    PROJECT_SHARE_CHANGED = (
        "project.share_changed",
        "changed the role of {to.new} in {target} from {role.old} to {role.new}",
        "change a role in the project {target}",
        GRANTEE,
        ROLE,
        EXPIRES,
    )
    PROJECT_UNSHARED = (
        "project.unshared",
        "took the role {role.old} in {target} from {to.old}",
        "take a role in the project {target}",
        GRANTEE,
        ROLE,
    )

    # Insights
    INSIGHTS_ENABLED = (
        "insights.enabled",
        "turned on insights of the project {target}",
        "turn on insights of a project",
        STATE,
    )
    INSIGHTS_DISABLED = (
        "insights.disabled",
        "turned off insights of the project {target}",
        "turn off insights of a project",
        STATE,
    )

    # Secrets and environment classes
    SECRET_CREATED = (
        "secret.created",
        "created the secret {target} in {project.new}",
        "create a secret",
        PROJECT,
    )
    SECRET_CHANGED = (
        "secret.changed",
        "changed the secret {target} in {project.new}",
        "change the secret {target}",
        PROJECT,
    )
    SECRET_DELETED = (
        "secret.deleted",
        "deleted the secret {target} in {project.old}",
        "delete the secret {target}",
        PROJECT,
    )
    # Keys of programs
    KEY_CREATED = (
        "key.created",
        "created the key {target}",
        "create a key",
        TITLE,
        KIND,
        PROJECT,
        MAY,
        HOLDER,
        COST_CENTRE,
        EXPIRES,
        KEY,
    )
    KEY_CHANGED = (
        "key.changed",
        "changed the key {target}",
        "change the key {target}",
        TITLE,
        MAY,
        COST_CENTRE,
        EXPIRES,
    )
    KEY_POLICY_CHANGED = (
        "key.policy_changed",
        "changed the limits of the key {target}",
        "change the limits of the key {target}",
        *LIMITS,
    )
    KEY_ROTATED = (
        "key.rotated",
        "gave the key {target} a new secret",
        "rotate the key {target}",
        KEY,
        ENDS,
    )
    KEY_OVERLAP_CHANGED = (
        "key.overlap_changed",
        "changed how long the old secret of the key {target} works",
        "change how long the old secret of the key {target} works",
        KEY,
        ENDS,
    )
    KEY_RETIRED = (
        "key.retired",
        "retired the old secret of the key {target}",
        "retire the old secret of the key {target}",
        KEY,
    )
    KEY_REVOKED = (
        "key.revoked",
        "revoked the key {target}",
        "revoke the key {target}",
        KEY,
        PROJECT,
        HOLDER,
    )
    KEY_REOWNED = (
        "key.reowned",
        "made {holder.new} the holder of the key {target}",
        "give the key {target} to a service account",
        HOLDER,
        KIND,
    )
    KEY_REFUSED = (
        "key.refused",
        "was refused as the key {target}",
        "use the key {target}",
        Field("why", "Why"),
        Field("layer", "Layer"),
        Field("calls", "Calls"),
        Field("first_at", "First"),
        Field("last_at", "Last"),
    )
    LIMIT_CHANGED = (
        "limit.changed",
        "changed the limits of {target}",
        "change the limits of {target}",
        *LIMITS,
        Field("longest_days", "Longest life of a key"),
    )
    LIMIT_REACHED = (
        "limit.reached",
        "saw {target} reach {percent.new} of its budget",
        "watch the budget of {target}",
        Field("percent", "Reached"),
        Field("budget", "Budget"),
    )
    SERVICE_ACCOUNT_CREATED = (
        "service_account.created",
        "created the service account {target}",
        "create a service account",
        TITLE,
        DESCRIPTION,
        ROLE,
    )
    SERVICE_ACCOUNT_CHANGED = (
        "service_account.changed",
        "changed the service account {target}",
        "change the service account {target}",
        TITLE,
        DESCRIPTION,
        ROLE,
        STATE,
    )
    SERVICE_ACCOUNT_DELETED = (
        "service_account.deleted",
        "deleted the service account {target}",
        "delete the service account {target}",
        TITLE,
        Field("keys", "Keys"),
        Field("tokens", "Tokens"),
    )
    SERVICE_ACCOUNT_PLACED = (
        "service_account.placed",
        "let the service account {target} work in {project.new}",
        "let the service account {target} work in a project",
        PROJECT,
    )
    SERVICE_ACCOUNT_WITHDRAWN = (
        "service_account.withdrawn",
        "took the service account {target} out of {project.old}",
        "take the service account {target} out of a project",
        PROJECT,
    )
    SERVICE_TOKEN_CREATED = (
        "service_token.created",
        "created the token {target}",
        "create a token",
        TITLE,
        KEY,
        SCOPES,
        EXPIRES,
    )
    SERVICE_TOKEN_REVOKED = (
        "service_token.revoked",
        "revoked the token {target}",
        "revoke the token {target}",
        KEY,
        SCOPES,
    )
    PRICES_IMPORTED = (
        "prices.imported",
        "imported the price list {target}",
        "import a price list",
        Field("models", "Models"),
        Field("changed", "Changed"),
        Field("list", "SHA-256 of the list"),
    )
    EXECUTION_RECORDED = (
        "execution.recorded",
        "recorded {target}",
        "record an execution",
        KIND,
        STATE,
    )

    ENVIRONMENT_CLASS_CREATED = (
        "environment_class.created",
        "created the environment class {target}",
        "create an environment class",
        CONFIGURATION,
    )
    ENVIRONMENT_CLASS_CHANGED = (
        "environment_class.changed",
        "changed the environment class {target}",
        "change the environment class {target}",
        CONFIGURATION,
    )
    ENVIRONMENT_CLASS_DELETED = (
        "environment_class.deleted",
        "deleted the environment class {target}",
        "delete the environment class {target}",
        CONFIGURATION,
    )

    # Resources
    RESOURCE_CREATED = (
        "resource.created",
        "created the {kind.new} {target}",
        "create {target}",
        KIND,
        TITLE,
        DESCRIPTION,
        PROJECT,
        CONFIGURATION,
    )
    RESOURCE_CHANGED = (
        "resource.changed",
        "changed {target} from version {version.old} to {version.new}",
        "change {target}",
        TITLE,
        DESCRIPTION,
        CONFIGURATION,
        VERSION,
    )
    RESOURCE_DELETED = (
        "resource.deleted",
        "deleted the {kind.old} {target}",
        "delete {target}",
        KIND,
        PROJECT,
        CONFIGURATION,
    )
    RESOURCE_PUBLISHED = (
        "resource.published",
        "published {target} to the Hub",
        "publish {target} to the Hub",
        STATE,
    )
    RESOURCE_WITHDRAWN = (
        "resource.withdrawn",
        "withdrew {target} from the Hub",
        "withdraw {target} from the Hub",
        STATE,
    )
    RESOURCE_SHARED = (
        "resource.shared",
        "gave {to.new} the role {role.new} on {target}",
        "share {target}",
        GRANTEE,
        ROLE,
        EXPIRES,
    )
    RESOURCE_SHARE_CHANGED = (
        "resource.share_changed",
        "changed the role of {to.new} on {target} from {role.old} to {role.new}",
        "change a role on {target}",
        GRANTEE,
        ROLE,
        EXPIRES,
    )
    RESOURCE_UNSHARED = (
        "resource.unshared",
        "took the role {role.old} on {target} from {to.old}",
        "take a role on {target}",
        GRANTEE,
        ROLE,
    )
    INTEGRATION_CREATED = (
        "integration.created",
        "connected {target}",
        "connect {target}",
        KIND,
        CONFIGURATION,
    )
    INTEGRATION_CHANGED = (
        "integration.changed",
        "changed the integration {target}",
        "change the integration {target}",
        CONFIGURATION,
    )
    INTEGRATION_DELETED = (
        "integration.deleted",
        "disconnected {target}",
        "disconnect {target}",
        KIND,
        CONFIGURATION,
    )
    MODEL_PROVIDER_CREATED = (
        "model_provider.created",
        "set up the model provider {target}",
        "set up a model provider",
        CONFIGURATION,
    )
    MODEL_PROVIDER_CHANGED = (
        "model_provider.changed",
        "changed the model provider {target}",
        "change the model provider {target}",
        CONFIGURATION,
    )
    MODEL_PROVIDER_DELETED = (
        "model_provider.deleted",
        "removed the model provider {target}",
        "remove the model provider {target}",
        CONFIGURATION,
    )

    # Webhooks
    WEBHOOK_CREATED = (
        "webhook.created",
        "set up the webhook {target}",
        "set up a webhook",
        CONFIGURATION,
    )
    WEBHOOK_CHANGED = (
        "webhook.changed",
        "changed the webhook {target}",
        "change the webhook {target}",
        CONFIGURATION,
    )
    WEBHOOK_SECRET_ROTATED = (
        "webhook.secret_rotated",
        "gave the webhook {target} a new secret",
        "give the webhook {target} a new secret",
        ENDS,
    )
    WEBHOOK_PAUSED = (
        "webhook.paused",
        "paused the webhook {target}",
        "pause the webhook {target}",
        STATE,
    )
    WEBHOOK_RESUMED = (
        "webhook.resumed",
        "let the webhook {target} go on",
        "let the webhook {target} go on",
        STATE,
    )
    WEBHOOK_SKIPPED = (
        "webhook.skipped",
        "skipped {entries.new} entries for the webhook {target}",
        "skip entries for the webhook {target}",
        ENTRIES,
    )
    WEBHOOK_DISABLED = (
        "webhook.disabled",
        "disabled the webhook {target} after its failures",
        "disable the webhook {target}",
        STATE,
    )
    WEBHOOK_TESTED = (
        "webhook.tested",
        "asked for a test of the webhook {target}",
        "ask for a test of the webhook {target}",
    )
    WEBHOOK_DELETED = (
        "webhook.deleted",
        "removed the webhook {target}",
        "remove the webhook {target}",
        CONFIGURATION,
    )

    # Requests
    REQUEST_MADE = (
        "request.made",
        "asked for {target}",
        "ask for {target}",
        KIND,
        ROLE,
        WHERE,
    )
    REQUEST_APPROVED = (
        "request.approved",
        "approved the request for {target}",
        "approve the request for {target}",
        STATE,
        Field("asked_by", "Asked by", personal=True),
    )
    REQUEST_REFUSED = (
        "request.refused",
        "refused the request for {target}",
        "refuse the request for {target}",
        STATE,
        Field("asked_by", "Asked by", personal=True),
    )
    REQUEST_WITHDRAWN = (
        "request.withdrawn",
        "withdrew the request for {target}",
        "withdraw the request for {target}",
        STATE,
    )
    REQUEST_EXPIRED = (
        "request.expired",
        "let the request for {target} expire",
        "let the request for {target} expire",
        STATE,
    )

    # Human tasks
    TASK_COMPLETED = (
        "task.completed",
        "completed the task {target}",
        "complete the task {target}",
        STATE,
        Field("outcome", "Outcome"),
    )
    TASK_REASSIGNED = (
        "task.reassigned",
        "gave the task {target} to {to.new}",
        "give the task {target} to somebody else",
        Field("to", "To", personal=True),
    )
    TASK_CREATED = (
        "task.created",
        "made the task {target} for {to.new}",
        "make the task {target}",
        Field("to", "To", personal=True),
        PROJECT,
    )

    # Billing
    BILLING_DETAILS_CHANGED = (
        "billing_details.changed",
        "changed the billing details",
        "change the billing details",
        Field("legal_name", "Legal name"),
        Field("address", "Address"),
        Field("tax_id", "Tax id"),
        Field("purchase_order", "Purchase order"),
        Field("recipients", "Recipients", personal=True),
    )
    PAYMENT_METHOD_CHANGED = (
        "payment_method.changed",
        "changed the payment method to {method.new}",
        "change the payment method",
        Field("method", "Payment method"),
    )
    PAYMENT_PAGE_OPENED = (
        "payment_page.opened",
        "opened the page of {provider.new} to change how {target} pays",
        "open the page on which to change the payment method",
        Field("provider", "Provider"),
    )
    SUBSCRIPTION_STARTED = (
        "subscription.started",
        "subscribed to {plan.new}",
        "subscribe",
        *SUBSCRIBED,
    )
    SUBSCRIPTION_CHANGED = (
        "subscription.changed",
        "changed the subscription {target}",
        "change the subscription",
        *SUBSCRIBED,
        Field("from", "From"),
    )
    SUBSCRIPTION_CANCELED = (
        "subscription.canceled",
        "canceled the subscription {target}",
        "cancel the subscription",
        ENDS_ON,
    )
    SUBSCRIPTION_RESUMED = (
        "subscription.resumed",
        "resumed the subscription {target}",
        "resume the subscription",
        ENDS_ON,
    )
    SUBSCRIPTION_STATE_CHANGED = (
        "subscription.state_changed",
        "set the subscription {target} from {state.old} to {state.new}",
        "change the state of the subscription {target}",
        STATE,
    )
    SUBSCRIPTION_ENDED = (
        "subscription.ended",
        "ended the subscription {target}",
        "end the subscription {target}",
        *SUBSCRIBED,
    )
    INVOICE_ISSUED = (
        "invoice.issued",
        "issued {target} over {amount.new}",
        "issue {target}",
        AMOUNT,
        KIND,
        Field("due_on", "Due"),
    )
    INVOICE_SENT = "invoice.sent", "sent {target} to {to.new}", "send {target}", SENT_TO
    INVOICE_PAYMENT_RECORDED = (
        "invoice.payment_recorded",
        "recorded {amount.new} paid for {target}",
        "record a payment for {target}",
        AMOUNT,
        Field("method", "Payment method"),
        STATE,
    )
    INVOICE_VOIDED = "invoice.voided", "voided {target}", "void {target}", STATE
    INVOICE_REMINDED = (
        "invoice.reminded",
        "reminded {to.new} of {target}",
        "remind of {target}",
        SENT_TO,
        AMOUNT,
    )
    CREDIT_ADDED = (
        "credit.added",
        "added {amount.new} of credit",
        "add credit",
        AMOUNT,
        Field("balance", "Balance"),
    )
    CREDIT_USED = (
        "credit.used",
        "used {amount.new} of credit for {target}",
        "use credit for {target}",
        AMOUNT,
        Field("balance", "Balance"),
    )
    USAGE_EXPORTED = (
        "usage.exported",
        "exported usage",
        "export usage",
        FORMAT,
        ENTRIES,
        Field("period", "Period"),
    )
    INVOICES_EXPORTED = (
        "invoices.exported",
        "exported invoices",
        "export invoices",
        FORMAT,
        ENTRIES,
    )

    # Rosters
    ROSTER_IMPORTED = (
        "roster.imported",
        "imported the roster {target}",
        "import a roster",
        Field("counts", "Changes"),
    )
    ROSTER_EXPORTED = "roster.exported", "exported the roster", "export the roster", FORMAT

    # The log itself
    AUDIT_READ = "audit.read", "read the audit log", "read the audit log"
    AUDIT_PROJECT_READ = (
        "audit.project_read",
        "read the audit log of the project {target}",
        "read the audit log of a project",
    )
    AUDIT_EXPORTED = (
        "audit.exported",
        "exported the audit log",
        "export the audit log",
        (FORMAT),
        ENTRIES,
    )
    AUDIT_FILTER_SAVED = (
        "audit.filter_saved",
        "saved the filter {target} of the audit log",
        "save a filter of the audit log",
        Field("filter", "Filter", personal=True),
        Field("shared", "Shared"),
    )
    AUDIT_FILTER_DELETED = (
        "audit.filter_deleted",
        "deleted the filter {target} of the audit log",
        "delete the filter {target} of the audit log",
        Field("filter", "Filter", personal=True),
        Field("shared", "Shared"),
    )
    AUDIT_VERIFIED = "audit.verified", "verified the audit log", "verify the audit log", ENTRIES
    # Its proof, and how long it is kept
    AUDIT_CHECKPOINTED = (
        "audit.checkpointed",
        "signed the audit log up to entry {sequence.new}",
        "sign the audit log",
        UP_TO,
        HASH,
        Field("signed_at", "Signed at"),
        KEY,
        Field("signature", "Signature"),
    )
    AUDIT_RETENTION_CHANGED = (
        "audit.retention_changed",
        "changed how long the audit log is kept from {kept.old} to {kept.new}",
        "change how long the audit log is kept",
        Field("kept", "Kept"),
    )
    AUDIT_RETAINED = (
        "audit.retained",
        "dropped {dropped.new} old entries of the audit log, up to entry {sequence.new}",
        "drop old entries of the audit log",
        Field("dropped", "Dropped"),
        UP_TO,
        HASH,
    )
    AUDIT_HOLD_PLACED = (
        "audit.hold_placed",
        "put the audit log under a legal hold",
        "put the audit log under a legal hold",
    )
    AUDIT_HOLD_LIFTED = (
        "audit.hold_lifted",
        "lifted the legal hold on the audit log",
        "lift the legal hold on the audit log",
    )
    AUDIT_PERSON_ERASED = (
        "audit.person_erased",
        "erased someone from {entries.new} entries of the audit log",
        "erase someone from the audit log",
        ENTRIES,
    )

    # Rules
    RULE_ADDED = (
        "rule.added",
        "added the rule “{target}”",
        "add a rule",
        RULE,
        WHEN_BROKEN,
        ENTRIES_KNOWN,
    )
    RULE_CHANGED = (
        "rule.changed",
        "changed the rule “{target}”",
        "change a rule",
        STATE,
        WHEN_BROKEN,
    )
    RULE_REMOVED = "rule.removed", "removed the rule “{target}”", "remove a rule", RULE
    RULE_EXCEPTION_GIVEN = (
        "rule.exception_given",
        "let {to.new} off the rule “{target}”",
        "record an exception from a rule",
        SENT_TO,
        EXPIRES,
    )
    RULE_EXCEPTION_ENDED = (
        "rule.exception_ended",
        "ended the exception of {to.old} from the rule “{target}”",
        "end an exception from a rule",
        SENT_TO,
        EXPIRES,
    )
    PACK_ADDED = (
        "pack.added",
        "added the rules of {target}",
        "add a pack of rules",
        Field("rules", "Rules"),
        ENTRIES_KNOWN,
    )
    PACK_REMOVED = (
        "pack.removed",
        "removed the rules of {target}",
        "remove a pack of rules",
        Field("rules", "Rules"),
    )
