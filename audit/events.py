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
FORMAT = Field("format", "Format")
ENTRIES = Field("entries", "Entries")


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
    )
    GROUP_MEMBER_CHANGED = (
        "group.member_changed",
        "changed {target} in the group {group.new}",
        "change {target} in a group",
        GROUP,
        MAINTAINER,
    )
    GROUP_MEMBER_REMOVED = (
        "group.member_removed",
        "removed {target} from the group {group.old}",
        "remove {target} from a group",
        GROUP,
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
