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
HOLDER = Field("holder", "Acts for", personal=True)
MAY = Field("may", "May")
ENDS = Field("ends_at", "Works until")
SCOPES = Field("scopes", "Scopes")
COST_CENTRE = Field("cost_centre", "Cost centre")
AMOUNT = Field("amount", "Amount")
ENDS_ON = Field("ends_on", "Ends on")
SENT_TO = Field("to", "To", personal=True)
SUBSCRIBED = (Field("plan", "Plan"), Field("seats", "Seats"), Field("price", "Price a month"))
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
    ORGANIZATION_RESTORED = "organization.restored", "restored {target}", "restore {target}", STATE
    ORGANIZATION_DELETED = "organization.deleted", "deleted {target} for good", "delete {target}"

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
    AUDIT_EXPORTED = (
        "audit.exported",
        "exported the audit log",
        "export the audit log",
        (FORMAT),
        ENTRIES,
    )
    AUDIT_VERIFIED = "audit.verified", "verified the audit log", "verify the audit log", ENTRIES
