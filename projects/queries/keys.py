"""Reads of keys: the lists of the organization, of a project and of a person, and their counts.

What their limits are and how far they are used up is in `limits.py`; who may see which key, in
`projects/doors.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Exists, F, Max, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from config.keyset import Page, keyset_page
from config.roles import Permission
from orgs.access import Access
from orgs.models import Group, Membership
from orgs.queries.groups import visible_groups
from projects.forms.keys import KeyFilter
from projects.models import Key, KeySecret, Project, ServiceAccountProject

PAGE_SIZE = 50
OFFERED = 40


def live_keys(organization: UUID) -> QuerySet[Key]:
    """What *Active keys* counts: neither revoked nor expired (S1-007). `orgs/keys.py` asks it."""
    return Key.objects.in_org(organization).live()


def key_list(access: Access, asked: KeyFilter) -> Page[Key]:
    """All keys of the organization that were asked for, for who manages its keys. Two queries."""
    return page_of_keys(Key.objects.in_org(access.org.id), asked)


def project_keys(access: Access, project: Project, asked: KeyFilter) -> Page[Key]:
    """The keys of a project, for who manages them; for anybody else their own. Two queries."""
    rows = keys_seen_in(access, project)
    return page_of_keys(rows, asked)


def keys_seen_in(access: Access, project: Project) -> QuerySet[Key]:
    rows = Key.objects.in_org(access.org.id).filter(project=project)
    if sees_keys_of(access, project):
        return rows
    return rows.filter(creator=access.membership_id)


def sees_keys_of(access: Access, project: Project) -> bool:
    """May this person see keys there that are not their own?"""
    may = access.can
    return may(Permission.KEYS_SET_POLICIES) or may(Permission.PROJECTS_CREATE_KEYS, project)


def page_of_keys(keys: QuerySet[Key], asked: KeyFilter) -> Page[Key]:
    found = filtered(keys, asked).select_related("project", "creator", "account", "cost_centre")
    secrets = KeySecret.objects.order_by("-created_at", "-id")
    found = found.prefetch_related(Prefetch("secrets", queryset=secrets))
    order = ("-created_at", "-id")
    if asked.sort == "used":
        # A key that never was used stands where it was made.
        used_at = Coalesce(last_use(), F("created_at"))
        found, order = found.annotate(used_at=used_at), ("-used_at", "-id")
    return keyset_page(found, order=order, cursor=asked.cursor, size=PAGE_SIZE)


def filtered(keys: QuerySet[Key], asked: KeyFilter) -> QuerySet[Key]:
    """Those in the state, in the project and of the creator that were asked for."""
    if asked.state == "live":
        keys = keys.live()  # type: ignore[attr-defined]
    elif asked.state == "revoked":
        keys = keys.filter(revoked_at__isnull=False)
    elif asked.state == "expired":
        keys = keys.filter(revoked_at=None).exclude(pk__in=_live_ids(keys))
    if asked.project:
        keys = keys.filter(project=UUID(asked.project))
    if asked.creator:
        keys = keys.filter(creator=UUID(asked.creator))
    if asked.search:
        secret = KeySecret.objects.filter(key=OuterRef("pk"), prefix__startswith=asked.prefix)
        said = Q(name__icontains=asked.search)
        keys = keys.filter(said | Q(Exists(secret)) if asked.prefix else said)
    return keys


def cost_centres(access: Access) -> QuerySet[Group]:
    """The groups that a key may be charged to: those this person sees."""
    return visible_groups(access).order_by("sort_name", "id")


def creators(organization: UUID) -> QuerySet[Membership]:
    """Whose keys there are, by name, for the filter."""
    made = Key.objects.in_org(organization).filter(creator=OuterRef("pk"))
    rows = Membership.objects.in_org(organization).filter(Exists(made))
    return rows.order_by("sort_name", "id")[:OFFERED]


def projects_with_keys(access: Access) -> QuerySet[Project]:
    """The projects that have keys, of those this person sees, for the filter."""
    made = Key.objects.in_org(access.org.id).filter(project=OuterRef("pk"))
    rows: QuerySet[Project] = access.visible(Project.objects).filter(Exists(made))
    return rows.order_by("sort_name", "id")[:OFFERED]


def projects_seen(access: Access, rows: Iterable[Key | ServiceAccountProject]) -> frozenset[UUID]:
    """Of the projects these rows are about, those whose name this person may read. One query."""
    places = {row.project_id for row in rows if row.project_id}
    if not places:
        return frozenset()
    return frozenset(
        access.visible(Project.objects).filter(pk__in=places).values_list("pk", flat=True)
    )


def _live_ids(keys: QuerySet[Key]) -> QuerySet[Key]:
    return keys.live().values("pk")  # type: ignore[attr-defined, no-any-return]


def last_use() -> Subquery:
    """When any secret of the key in the query around it was last used."""
    used = KeySecret.objects.filter(key=OuterRef("pk")).order_by().values("key")
    return Subquery(used.annotate(last=Max("last_used_at")).values("last"))
