"""Who can access, what can they do, and why. HTTP only: get, ask, act, show."""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from config.gate import gate
from config.keyset import page_links
from config.requests import asks_part
from config.roles import Permission, Role, Scope, permissions_of, roles_with
from orgs.models import Membership
from orgs.queries.group_reach import carried_roles, group_shares
from orgs.queries.groups import live_seats, visible_groups
from orgs.queries.members import LONGEST_SEARCH, members_matching
from orgs.tenancy import OrgRequest
from projects.doors import project_at, resource_at, workspace_at
from projects.explain import Explanation, asked_at, brief, by_area, first_asked, first_name, heading
from projects.explain import explain as answer_of
from projects.explain.offers import may_ask, offers
from projects.explain.standing import AnyPlace
from projects.forms.explain import (
    LONGEST_CURSOR,
    NotUnderstoodError,
    Question,
    permission_named,
    text,
)
from projects.models import Resource
from projects.queries.access import people_page
from projects.queries.person import KINDS, holdings, in_areas

FOUND, NAMED = 8, 12
MOST_SHARES = 100
_DOORS = {
    Scope.WORKSPACE: workspace_at,
    Scope.PROJECT: project_at,
    Scope.RESOURCE: resource_at,
}
_VIAS = {"organization": "Organization role", "group": "Through a group"}


@gate(Permission.ORG_VIEW)
@require_safe
def explain(request: OrgRequest, slug: str) -> HttpResponse:
    """About oneself always; about others for who sees members. What one cannot see is 404."""
    if "close" in request.GET:
        return HttpResponse()
    question, member, place = _asked(request)
    permission = question.permission or first_asked(place)
    if request.headers.get("HX-Target") == "explain-people":
        context = _around(request, question, member, place, permission)
        return render(request, "projects/_explain.html#people", context)
    answer = answer_of(
        org=request.org, member=member, permission=permission, place=place, asker=request.access
    )
    response = _shown(request, answer, _around(request, question, member, place, permission))
    patch_vary_headers(response, ["HX-Request", "Accept"])
    return response


@gate(Permission.MEMBERS_VIEW)
@require_safe
def organization_access(request: OrgRequest, slug: str) -> HttpResponse:
    access = request.access
    permission = _permission(request) or Permission.MEMBERS_INVITE
    search, via = text(request.GET, "q", LONGEST_SEARCH), request.GET.get("via", "")
    found = people_page(
        access=access,
        places=[request.org.id],
        permission=permission,
        names={request.org.id: request.org.name},
        via=via if via in _VIAS else "",
        search=search,
        cursor=text(request.GET, "page", LONGEST_CURSOR),
    )
    context = {
        "found": found,
        "permission": permission,
        "roles": roles_with(permission, access.policies),
        "areas": by_area(asked_at(None)),
        "q": search,
        "via": via,
        "vias": _VIAS,
        **page_links(request, found.page),
    }
    part = "#list" if request.htmx and request.headers.get("HX-Target") == "list" else ""
    return render(request, f"projects/organization_access.html{part}", context)


@gate(Permission.MEMBERS_VIEW)
@require_safe
def member_access(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    members = Membership.objects.in_org(request.org.id).select_related("person")
    member = get_object_or_404(members, pk=pk)
    kind = request.GET.get("kind", "")
    cursor = text(request.GET, "page", LONGEST_CURSOR)
    held = holdings(viewer=request.access, member=member, kind=kind, cursor=cursor)
    links = page_links(request, held.parts[0].page) if kind in KINDS and held.parts else {}
    context = {
        "member": member,
        "held": held,
        "kind": kind if kind in KINDS else "",
        "role": Role(member.role),
        "is_me": member.pk == request.access.membership_id,
        "reads_log": request.access.can(Permission.AUDIT_VIEW),
        **links,
    }
    return render(request, "projects/member_access.html", context)


@gate(Permission.GROUPS_VIEW)
@require_safe
def group_access(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    access = request.access
    group = get_object_or_404(visible_groups(access), pk=pk)
    carried = carried_roles(group)
    roles = frozenset(row.role for row in carried)
    shares = [share for share in group_shares(group=group, access=access) if share.seen]
    seats = live_seats().filter(organization=request.org.id, group=group)
    named = seats.select_related("membership").order_by("membership__sort_name", "pk")
    context = {
        "group": group,
        "carried": [
            (row, len(may := permissions_of({row.role}, access.policies)), in_areas(may))
            for row in carried
        ],
        "number": len(permissions_of(roles, access.policies)),
        "shares": shares[:MOST_SHARES],
        "rest": max(0, len(shares) - MOST_SHARES),
        "opens": len(shares),
        "people": seats.count(),
        "seats": named[:NAMED] if access.can(Permission.MEMBERS_VIEW) else [],
        "sees_reasons": access.can(Permission.AUDIT_VIEW),
    }
    return render(request, "projects/group_access.html", context)


def _asked(request: OrgRequest) -> tuple[Question, Membership, AnyPlace | None]:
    try:
        question = Question.read(request.GET)
    except NotUnderstoodError as error:
        raise Http404 from error
    pk = question.member or request.access.membership_id
    if pk is None or not may_ask(request.access, pk):
        raise Http404
    members = Membership.objects.in_org(request.org.id).select_related("person")
    member = get_object_or_404(members, pk=pk)
    return question, member, _place(request, question)


def _place(request: OrgRequest, question: Question) -> AnyPlace | None:
    """Through the door of its kind; to an End User, what the Hub shows them."""
    if question.scope is None or question.place is None:
        return None
    if Role.END_USER not in request.access.roles:
        return cast(AnyPlace, _DOORS[question.scope](request, pk=question.place))
    shown = Resource.objects.filter(published_at__isnull=False).select_related("project")
    if question.scope is not Scope.RESOURCE:
        raise Http404
    found: Resource = get_object_or_404(request.access.visible(shown), pk=question.place)
    return found


def _permission(request: OrgRequest) -> Permission | None:
    try:
        return permission_named(request.GET.get("permission", ""))
    except NotUnderstoodError as error:
        raise Http404 from error


def _shown(request: OrgRequest, answer: Explanation, context: dict[str, Any]) -> HttpResponse:
    wants_json = request.GET.get("format") == "json"
    if wants_json or request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse(answer.as_dict(), json_dumps_params={"ensure_ascii": False})
    context |= {
        "answer": answer,
        "first": answer.paths[0] if answer.paths else None,
        "others": [
            (heading(position, path), path, brief(path))
            for position, path in enumerate(answer.paths)
            if position
        ],
        "offers": offers(request.access, context["member"].pk, answer),
    }
    part = asks_part(request)
    return render(request, f"projects/{'_explain' if part else 'explain'}.html", context)


def _around(
    request: OrgRequest,
    question: Question,
    member: Membership,
    place: AnyPlace | None,
    permission: Permission,
) -> dict[str, Any]:
    """The choices beside the answer, and its own address."""
    here = reverse("explain", args=[request.org.slug])
    said = {"member": str(member.pk), "permission": permission.value}
    if place is not None:
        said["place"] = f"{place.scope.value}:{place.pk}"
    choices = asked_at(place)
    if permission not in choices:
        choices = (permission, *choices)
    up = {"name": place.name, "url": _page_of(request, place)} if place else None
    own_page = not request.htmx or (request.htmx.current_url_abs_path or "").startswith(here)
    return {
        "member": member,
        "place": place,
        "said": said,
        "here": here,
        "link": request.build_absolute_uri(f"{here}?{urlencode(said)}"),
        "again": f"{here}?{urlencode(said)}",
        "json": f"{here}?{urlencode(said | {'format': 'json'})}",
        "areas": by_area(choices),
        "permission": permission,
        "own_page": own_page,
        "up": up,
        "past": _past(request, said),
        "first_name": first_name(member.name),
        "chooses": request.access.can(Permission.MEMBERS_VIEW),
        "search": question.search,
        "people": _people(request, question.search, said),
    }


def _past(request: OrgRequest, said: dict[str, str]) -> str:
    """The same question about an earlier day, for who reads the log."""
    if not request.access.can(Permission.AUDIT_VIEW):
        return ""
    return f"{reverse('as_of', args=[request.org.slug])}?{urlencode(said)}"


def _page_of(request: OrgRequest, place: AnyPlace) -> str:
    return reverse(f"{place.scope.value}_view", args=[request.org.slug, place.pk])


def _people(
    request: OrgRequest, search: str | None, said: dict[str, str]
) -> list[tuple[Membership, str]]:
    """Whom to ask about instead; looked for only when somebody is searching."""
    if search is None or not request.access.can(Permission.MEMBERS_VIEW):
        return []
    members = members_matching(Membership.objects.in_org(request.org.id), search)
    here = reverse("explain", args=[request.org.slug])
    return [
        (member, f"{here}?{urlencode(said | {'member': str(member.pk)})}")
        for member in members.order_by("sort_name", "id")[:FOUND]
    ]
