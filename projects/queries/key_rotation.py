"""Reads of a rotation: both secrets side by side, what they say, and who else could hold a key.

The deeds are in `projects/actions/key_rotation.py`.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from config.moments import format_local
from config.roles import Role
from orgs.access import Access
from orgs.ceiling import may_grant
from projects import keys
from projects.actions.key_rotation import secrets_of
from projects.models import (
    Call,
    Key,
    KeySecret,
    Project,
    ServiceAccount,
    ServiceAccountProject,
)
from projects.queries.calls import uuid_floor

OFFERED = 100
# The log's ids begin with the time of the request, which is a little before the use.
_AROUND = datetime.timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotation:
    """A key's newest secret, the one before it, and how far their exchange has come.

    `step` is 1 where no rotation is under way, 2 until the new secret is used, 3 while the old
    one still is, 4 where the old one may go.
    """

    new: KeySecret
    old: KeySecret | None
    first_ip: str
    now: datetime.datetime

    @property
    def under_way(self) -> bool:
        return self.old is not None and self.old.is_live

    @property
    def still_used(self) -> bool:
        """Has the old one worked since the new one first did?"""
        first, last = self.new.first_used_at, self.old.last_used_at if self.old else None
        return first is not None and last is not None and last > first

    @property
    def step(self) -> int:
        if not self.under_way:
            return 1
        if self.new.first_used_at is None:
            return 2
        return 3 if self.still_used else 4

    @property
    def tone(self) -> str:
        if self.new.first_used_at is None:
            return "info"
        return "warn" if self.still_used and self.under_way else "ok"

    @property
    def sentence(self) -> str:
        """Plain words: is the new key in use, and is the old one quiet? (S2-148)"""
        return f"{_of_new(self.new, self.first_ip, self.now)}; {self._of_old()}."

    def _of_old(self) -> str:
        old = self.old
        if old is None:
            return "there was none before it"
        if old.last_used_at is None:
            return "the old one was never used"
        if not old.is_live:
            return f"the old one was last used {_at(old.last_used_at, self.now)}"
        quiet = span(self.now - old.last_used_at)
        if self.still_used:
            return f"the old one was still used {quiet} ago{_from(old.last_used_ip)}"
        return f"the old one has been quiet for {quiet}"


def rotation_of(key: Key) -> Rotation:
    """Three queries at most."""
    new, old = secrets_of(key)
    return Rotation(new=new, old=old, first_ip=_first_ip(new), now=timezone.now())


def span(time: datetime.timedelta) -> str:
    """How long, in the largest unit that says it: "22 minutes"."""
    seconds = max(0, int(time.total_seconds()))
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            number = seconds // length
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return f"{seconds} second{'' if seconds == 1 else 's'}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Taker:
    """A service account that could hold a key, and whether the key would work on there."""

    account: ServiceAccount
    works: bool
    is_placed: bool


def takers(access: Access, key: Key, search: str = "") -> list[Taker]:
    """The first service accounts by name that are not suspended. One query."""
    rows = accounts_for(access).exclude(pk=key.account_id or UUID(int=0))
    if search:
        rows = rows.filter(name__icontains=search)
    placed = ServiceAccountProject.objects.filter(account=OuterRef("pk"), project=key.project_id)
    rows = rows.annotate(is_placed=Exists(placed)).order_by("-is_placed", "name", "id")
    return [
        Taker(account=row, works=works_there(key, row, row.is_placed), is_placed=row.is_placed)
        for row in rows[:OFFERED]
    ]


def accounts_for(access: Access) -> QuerySet[ServiceAccount]:
    return ServiceAccount.objects.in_org(access.org.id).filter(suspended_at=None)


def works_there(key: Key, account: ServiceAccount, is_placed: bool) -> bool:
    """Would any of what the key may do be allowed to it there?"""
    held = {Role.PROJECT_MEMBER} if is_placed else set()
    held |= {Role(account.role)} if account.role else set()
    does = {word for word, has in ((keys.EXECUTE, key.executes), (keys.CHAT, key.chats)) if has}
    actions = [action for action, word in keys.ACTIONS.items() if word in does]
    return any(held & set(keys.ROLES[action]) for action in actions)


def works_on(key: Key, account: ServiceAccount) -> bool:
    """Does the key work where it belongs, now that this account holds it? One query."""
    rows = ServiceAccountProject.objects.in_org(account.organization_id)
    placed = rows.filter(account=account, project=key.project_id).exists()
    return works_there(key, account, placed) or key.project_id is None


def may_place(access: Access, project: Project | None) -> bool:
    """Could this person let an account into the project in the same step?"""
    return project is not None and may_grant(access, Role.PROJECT_MEMBER, project)


def moment(when: datetime.datetime | None) -> str:
    """A moment to come, for a sentence."""
    return format_local(when, "j M Y, H:i") if when else ""


def _of_new(new: KeySecret, ip: str, now: datetime.datetime) -> str:
    if new.first_used_at is None:
        return "The new key has not been used yet"
    return f"The new key was first used {_at(new.first_used_at, now)}{_from(ip)}"


def _first_ip(new: KeySecret) -> str:
    """Where the first use came from, by the request log."""
    first = new.first_used_at
    if first is None:
        return ""
    if first == new.last_used_at:
        return new.last_used_ip or ""
    calls = Call.objects.in_org(new.organization_id).filter(
        key_id=new.key_id,
        id__gte=uuid_floor(first - _AROUND),
        id__lte=uuid_floor(first + _AROUND),
        secret_id=new.pk,
        allowed=True,
    )
    return calls.order_by("id").values_list("ip", flat=True).first() or ""


def _at(moment: datetime.datetime, now: datetime.datetime) -> str:
    """The time of day; with the day, where it was another."""
    same = timezone.localtime(moment).date() == timezone.localtime(now).date()
    return format_local(moment, "H:i" if same else "j M Y, H:i")


def _from(ip: str | None) -> str:
    return f" from {ip}" if ip else ""
