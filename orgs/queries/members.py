"""Reads about members: the list, a search, offers of ownership, sessions.

What the team page shows around the list is in team.py, what a role holds in roles.py.
"""

from __future__ import annotations

import re
import unicodedata
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from config.keyset import Page, keyset_page
from config.roles import Role
from orgs.models import Membership, OwnershipOffer

MOST_WORDS, LONGEST_WORD = 8, 64
LONGEST_SEARCH = MOST_WORDS * (LONGEST_WORD + 1)

SORTS: dict[str, tuple[str, ...]] = {
    "name": ("sort_name", "id"),
    "-name": ("-sort_name", "-id"),
    "joined": ("joined_at", "id"),
    "-joined": ("-joined_at", "-id"),
    "role": ("role", "sort_name", "id"),
    "-role": ("-role", "-sort_name", "-id"),
}


def search_query(text: str) -> str:
    """A tsquery for words that start with each of these; empty when the text has no word.

    ASCII letters and digits, and what lies beyond ASCII, are all that reaches the query, each
    word in quotes: nothing in it can be an operator.
    """
    # Folded as the database folds names, and before the split: a wide quotation mark becomes a
    # plain one, and of a mark without its letter nothing is left.
    plain = unicodedata.normalize("NFKD", text[:LONGEST_SEARCH].lower())
    words = re.split(r"[\x00-/:-@\[-`{-\x7f]+", re.sub(r"[\u0300-\u036f]", "", plain))
    quoted = [f"'{word[:LONGEST_WORD]}':*" for word in words if word]
    return " & ".join(quoted[:MOST_WORDS])


def members_matching(members: QuerySet[Membership], search: str) -> QuerySet[Membership]:
    """Those of the members whose name, address or login has a word starting with each word."""
    query = search_query(search)
    return members.filter(pk__in=RawSQL("SELECT member_search(%s)", (query,))) if query else members


def members_filtered(
    *, org: UUID, search: str = "", role: Role | None = None, status: str = ""
) -> QuerySet[Membership]:
    members = members_matching(Membership.objects.in_org(org), search)
    if role is not None:
        members = members.filter(role=role)
    if status == "ended":
        members = members.filter(expires_at__lte=timezone.now())
    elif status:
        members = members.filter(person__isnull=status == "placeholder")
    return members


def member_list(
    members: QuerySet[Membership], *, sort: str, cursor: str | None, size: int
) -> Page[Membership]:
    """One page of members. An unknown order is the one by name.

    A cursor of another order counts as none: it stands at values of other types.
    """
    order = SORTS.get(sort, SORTS["name"])
    try:
        return keyset_page(members, order=order, cursor=cursor, size=size)
    except (ValidationError, ValueError, TypeError, OverflowError):
        return keyset_page(members, order=order, cursor=None, size=size)


def open_offers(org: UUID) -> QuerySet[OwnershipOffer]:
    """Offers that may still be taken up: not answered, not overdue, by someone still an owner."""
    return OwnershipOffer.objects.in_org(org).filter(
        state=OwnershipOffer.State.PENDING,
        expires_at__gt=timezone.now(),
        offered_by__role=Role.OWNER,
    )


def offer_for(membership_id: UUID | None, *, org: UUID) -> OwnershipOffer | None:
    """The open offer of ownership to this member, with who made it."""
    return open_offers(org).filter(offered_to=membership_id).select_related("offered_by").first()


def live_sessions(person_id: UUID | None) -> int:
    """How many sessions of one's own still open the door."""
    live = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return int(UserSession.objects.filter(user=person_id, session_key__in=live).count())
