"""Telling people what is about to end. That it ends needs no job: an end is void when it comes."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from config.moments import format_local
from config.roles import Role
from orgs.actions.notices import notify
from orgs.models import Membership, Notice, Organization
from orgs.queries.groups import live_seats
from projects.queries.expiry import Ending, all_endings

# Told so many days ahead; what is given for a shorter time is not announced that far ahead.
DAYS_AHEAD = (7, 1)
MOST_OWNERS = 20
_PAGES = {
    "workspace": ("workspace_view", "workspace_access"),
    "project": ("project_view", "project_access"),
    "resource": ("resource_view", "resource_access"),
}


@transaction.atomic
def tell_of_ends(*, organization: UUID) -> int:
    """Tell whose access ends within a week, and who may extend it; again a day ahead.

    The transaction is bound to the organization. Nobody is told the same twice, however often it
    runs, and what was extended meanwhile is not among what ends. Returns how many notices it wrote.
    """
    until = timezone.now() + datetime.timedelta(days=max(DAYS_AHEAD))
    return sum(_tell(organization, batch) for batch in all_endings(until=until))


def _tell(organization: UUID, batch: Iterable[Ending]) -> int:
    keys = {key: ending for ending in batch if (key := _key(ending))}
    told = Notice.objects.in_org(organization).filter(key__in=keys).values_list("key", flat=True)
    due = {key: keys[key] for key in keys.keys() - set(told)}
    if not due:
        return 0
    place = Organization.objects.get(pk=organization)
    people = _People(organization, due.values())
    number = 0
    for key, ending in sorted(due.items(), key=lambda item: item[1].expires_at):
        concerned, others = people.of(ending)
        for members, is_own in ((concerned, True), (others, False)):
            number += len(
                notify(
                    organization=organization,
                    members=members,
                    text=_sentence(ending, place, is_own=is_own),
                    path=_path(ending, place, is_own=is_own),
                    key=key,
                )
            )
    return number


def _key(ending: Ending) -> str:
    """What it is about: another end, or a day instead of a week, is another notice."""
    left = ending.expires_at - timezone.now()
    for days in sorted(DAYS_AHEAD):
        ahead = datetime.timedelta(days=days)
        if left <= ahead:
            given_for = ending.expires_at - ending.since
            moment = ending.expires_at.astimezone(datetime.UTC).isoformat()
            return f"ends:{ending.kind}:{ending.id}:{moment}:{days}" if given_for > ahead else ""
    return ""


class _People:
    """Whom each ending concerns and who may extend it, read for all of them at once."""

    def __init__(self, organization: UUID, due: Iterable[Ending]) -> None:
        due = list(due)
        groups = {ending.group_id for ending in due if ending.group_id}
        seats = live_seats().filter(organization=organization, group__in=groups, is_maintainer=True)
        self.maintainers: dict[UUID, list[UUID]] = {}
        for group, member in seats.values_list("group_id", "membership_id"):
            self.maintainers.setdefault(group, []).append(member)
        members = Membership.objects.in_org(organization)
        owners = members.filter(role=Role.OWNER, person__is_active=True).order_by("joined_at", "id")
        self.owners = list(owners[:MOST_OWNERS])
        named = {one for ending in due for one in (ending.membership_id, ending.by_id) if one}
        named.update(one for ids in self.maintainers.values() for one in ids)
        self.members = {
            member.pk: member for member in members.filter(pk__in=named) if not member.is_expired
        }

    def of(self, ending: Ending) -> tuple[list[Membership], list[Membership]]:
        own = self.members.get(ending.membership_id) if ending.membership_id else None
        by = self.members.get(ending.by_id) if ending.by_id else None
        others = [by] if by else []
        if ending.kind in ("membership", "role") or not others:
            others += self.owners
        if ending.group_id and not own:
            ids = self.maintainers.get(ending.group_id, [])
            others += [self.members[one] for one in ids if one in self.members]
        return [own] if own else [], [one for one in others if own is None or one.pk != own.pk]


def _sentence(ending: Ending, organization: Organization, *, is_own: bool) -> str:
    whose = "Your" if is_own else f"{ending.member_name}’s"
    of_group = f"of the group {ending.group_name}"
    what = {
        "membership": f"{whose} membership of {organization.name}",
        "seat": f"{whose} place in the group {ending.group_name}",
        "role": f"The role {ending.role_label} {of_group}",
        "share": f"{whose} role {ending.role_label} on {ending.place_name}"
        if ending.membership_id
        else f"The role {ending.role_label} {of_group} on {ending.place_name}",
    }[ending.kind]
    return f"{what} ends on {format_local(ending.expires_at, 'j M Y, H:i')}."


def _path(ending: Ending, organization: Organization, *, is_own: bool) -> str:
    if ending.kind == "membership":
        page = "access_state" if is_own else "expiry_list"
        return reverse(page, args=[organization.slug])
    if ending.kind in ("seat", "role"):
        return reverse("group_view", args=[organization.slug, ending.group_id])
    seen, managed = _PAGES[ending.scope]
    return reverse(seen if is_own else managed, args=[organization.slug, ending.place_id])
