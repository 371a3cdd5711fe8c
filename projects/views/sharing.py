"""Who can access a workspace, a project or a resource, and giving and taking roles on them.

HTTP only: get, ask, act, show. One set of forms serves the three kinds of place; what the page of
a place lists is in access_lists.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import Http404, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from audit.events import Event
from config.gate import gate
from config.gate import refuse as turn_away
from config.requests import asks_part
from config.roles import Permission, Role, Scope
from orgs.forms.members import ReasonForm
from orgs.models import Group, Membership
from orgs.preview import UNSAID, Preview, code_of, rehearse
from orgs.queries.groups import visible_groups
from orgs.tenancy import OrgRequest
from orgs.views.dialog import asks_preview, done, elsewhere, posted, refuse, show, show_preview
from projects.actions import shares as actions
from projects.actions.requests import production_request
from projects.actions.shares import TABLES, AnyGrant, AnyPlace, Grantee, grantee_of
from projects.doors import (
    ProjectRequest,
    ResourceRequest,
    WorkspaceRequest,
    project_at,
    resource_at,
    seeing,
    workspace_at,
)
from projects.forms.sharing import AccessFilter, TermsForm
from projects.kinds import sharing
from projects.queries.access import viewing
from projects.queries.owners import is_last_owner, organization_owners
from projects.queries.owners import named as said
from projects.views.access_lists import HEADS, listed, routes, sharing_here
from projects.views.share_forms import about, change_form, offers, reached, rehearsed, share_form


@gate(Permission.WORKSPACES_VIEW, on=workspace_at)
def workspace_access(request: WorkspaceRequest, slug: str, pk: UUID) -> HttpResponse:
    return _access(request, request.target)


@gate(Permission.WORKSPACES_MANAGE_MEMBERS, records=Event.WORKSPACE_SHARED, on=workspace_at)
def workspace_share(request: WorkspaceRequest, slug: str, pk: UUID) -> HttpResponse:
    return _share(request, request.target)


@gate(Permission.WORKSPACES_MANAGE_MEMBERS, records=Event.WORKSPACE_SHARE_CHANGED, on=workspace_at)
def workspace_share_change(
    request: WorkspaceRequest, slug: str, pk: UUID, grant: UUID
) -> HttpResponse:
    return _share_change(request, request.target, grant)


@gate(Permission.WORKSPACES_VIEW, records=Event.WORKSPACE_UNSHARED, on=workspace_at)
def workspace_unshare(
    request: WorkspaceRequest, slug: str, pk: UUID, grant: UUID
) -> HttpResponseBase:
    return _unshare(request, request.target, grant)


@gate(Permission.PROJECTS_VIEW, on=project_at)
def project_access(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    return _access(request, request.target)


@gate(Permission.PROJECTS_MANAGE_MEMBERS, records=Event.PROJECT_SHARED, on=project_at)
def project_share(request: ProjectRequest, slug: str, pk: UUID) -> HttpResponse:
    return _share(request, request.target)


@gate(Permission.PROJECTS_MANAGE_MEMBERS, records=Event.PROJECT_SHARE_CHANGED, on=project_at)
def project_share_change(request: ProjectRequest, slug: str, pk: UUID, grant: UUID) -> HttpResponse:
    return _share_change(request, request.target, grant)


@gate(Permission.PROJECTS_VIEW, records=Event.PROJECT_UNSHARED, on=project_at)
def project_unshare(request: ProjectRequest, slug: str, pk: UUID, grant: UUID) -> HttpResponseBase:
    return _unshare(request, request.target, grant)


@gate(seeing, on=resource_at)
def resource_access(request: ResourceRequest, slug: str, pk: UUID) -> HttpResponse:
    return _access(request, request.target)


@gate(sharing, records=Event.RESOURCE_SHARED, on=resource_at)
def resource_share(request: ResourceRequest, slug: str, pk: UUID) -> HttpResponse:
    return _share(request, request.target)


@gate(sharing, records=Event.RESOURCE_SHARE_CHANGED, on=resource_at)
def resource_share_change(
    request: ResourceRequest, slug: str, pk: UUID, grant: UUID
) -> HttpResponse:
    return _share_change(request, request.target, grant)


@gate(seeing, records=Event.RESOURCE_UNSHARED, on=resource_at)
def resource_unshare(
    request: ResourceRequest, slug: str, pk: UUID, grant: UUID
) -> HttpResponseBase:
    return _unshare(request, request.target, grant)


def _access(request: OrgRequest, place: AnyPlace) -> HttpResponse:
    """Everyone with access, or what was given here."""
    context = listed(request.access, place, AccessFilter.read(request.GET))
    part = asks_part(request)
    if part:
        response = render(request, "projects/_access_list.html", context)
    else:
        context["head"] = HEADS[place.scope](request.access, place)
        response = render(request, f"projects/{place.scope.value}_access.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _share(request: OrgRequest, place: AnyPlace) -> HttpResponse:
    form = share_form(request, place)
    context = about(request.access, place) | offers(request, place, form)
    if request.headers.get("HX-Target") == "grantees":
        return render(request, "projects/_grantees.html", context)
    deed = partial(actions.share, place=place, actor=request.access)
    if asks_preview(request):
        preview = rehearsed(request, form, deed)
        return show_preview(request, "projects/share.html", form, context, preview)
    if form.is_valid():
        to = form.cleaned_data["to"]
        answer = _acted(request, place, form, deed, to=to, name=to.name)
        if answer is not None:
            return answer
    return show(request, "projects/share.html", form, context)


def _share_change(request: OrgRequest, place: AnyPlace, pk: UUID) -> HttpResponse:
    grant = _grant(request, place, pk)
    to, name = grantee_of(grant), _name(request, grant)
    form = change_form(request, place, grant)
    falls_to = organization_owners(request.org.id) if is_last_owner(grant) else []
    context = about(request.access, place, current=grant.role)
    context |= {"grant": grant, "to": to, "name": name, "is_group": isinstance(to, Group)}
    context |= {"falls_to": said(falls_to)}
    deed = partial(actions.share_change, grant=grant, actor=request.access)
    if asks_preview(request):
        preview = rehearsed(request, form, deed, to)
        return show_preview(request, "projects/share_change.html", form, context, preview)
    if form.is_valid():
        answer = _acted(request, place, form, deed, to=to, name=name, heirs=falls_to)
        if answer is not None:
            return answer
    return show(request, "projects/share_change.html", form, context)


def _unshare(request: OrgRequest, place: AnyPlace, pk: UUID) -> HttpResponseBase:
    grant = _grant(request, place, pk)
    to, name = grantee_of(grant), _name(request, grant)
    is_mine = to.pk == request.access.membership_id
    needed = sharing_here(place)
    if not (is_mine or needed in request.access.permissions_on(place)):
        event = request.lock.records
        return turn_away(request, request.access, needed, event=event, on=place)
    form = ReasonForm(posted(request))
    if form.is_valid():
        try:
            heirs = actions.unshare(grant=grant, actor=request.access, **form.cleaned_data)
        except ValidationError as error:
            refuse(form, error)
        else:
            lost = "You gave up" if is_mine else f"{name} no longer has"
            text = f"{lost} the role {grant.role.label} on {place.name}"
            return _after(request, place, _falling(text, heirs), left=is_mine)
    falls_to = organization_owners(request.org.id) if is_last_owner(grant) else []
    context = about(request.access, place, current=grant.role)
    context |= {"grant": grant, "to": to, "name": name, "is_mine": is_mine}
    context |= {"is_group": isinstance(to, Group)}
    context |= {"falls_to": said(falls_to), "preview": _without(request, grant, to)}
    return show(request, "projects/unshare.html", form, context)


def _acted(
    request: OrgRequest,
    place: AnyPlace,
    form: TermsForm,
    deed: Callable[..., object],
    *,
    to: Grantee,
    name: str,
    heirs: Sequence[Membership] = (),
) -> HttpResponse | None:
    """Do it, or ask an Owner where the project's policy wants that; None when it was refused."""
    terms = form.cleaned_data
    try:
        deed(**terms)
    except ValidationError as error:
        if code_of(error) != "needs_approval":
            refuse(form, error)
            return None
        return _asked(request, place, form, to, name)
    role: Role = terms["role"]
    text = f"{name} has the role {role.label} on {place.name}"
    return _after(request, place, _falling(text, [] if role is Role.PROJECT_OWNER else heirs))


def _asked(
    request: OrgRequest, place: AnyPlace, form: TermsForm, to: Grantee, name: str
) -> HttpResponse | None:
    """A request says whom it is for, so who may not know a secret group asks nothing for it."""
    if name != to.name:
        message = "An Owner gives final approval here, and changes the role of a secret group."
        refuse(form, ValidationError(message, code="needs_approval"))
        return None
    try:
        production_request(
            **form.cleaned_data | {"place": place, "to": to, "actor": request.access}
        )
    except ValidationError as error:
        refuse(form, error)
        return None
    return _after(request, place, f"Asked. An Owner decides about {name}")


def _without(request: OrgRequest, grant: AnyGrant, to: Grantee) -> Preview:
    deed = partial(actions.unshare, grant=grant, reason=UNSAID, actor=request.access)
    return rehearse(request.access, deed, people=reached(to))


def _falling(text: str, heirs: Sequence[Membership]) -> str:
    """What is true now, and whose the project is when that was its last Project Owner."""
    return f"{text}. {said(heirs)} may manage it now, as Owners" if heirs else text


def _after(request: OrgRequest, place: AnyPlace, text: str, *, left: bool = False) -> HttpResponse:
    """Back to the list as it stood; to the other places when this one is not seen any more."""
    if left and not replace(request.access, _held={}).can(viewing(place), place):
        page = "workspace_list" if place.scope is Scope.WORKSPACE else "project_list"
        return elsewhere(request, text, to=reverse(page, args=[request.org.slug]))
    to = reverse(routes(place)["access"], args=[request.org.slug, place.pk])
    if not request.htmx:
        return done(request, text, to=to)
    path, query = _page_around(request)
    if path != to:
        return elsewhere(request, text, to=to)
    context = listed(request.access, place, AccessFilter.read(QueryDict(query)))
    context["head"] = HEADS[place.scope](request.access, place)
    return done(request, text, to=to, partial="projects/_access_changed.html", context=context)


def _page_around(request: OrgRequest) -> tuple[str, str]:
    """Path and query of the page on which the dialog stands, as the browser says it."""
    try:
        here = urlsplit(request.htmx.current_url or "")
    except ValueError:
        return "", ""
    return here.path, here.query


def _grant(request: OrgRequest, place: AnyPlace, pk: UUID) -> AnyGrant:
    """The role that was given here. Gone is 404 to who looks, and 409 to who acts."""
    for table in TABLES[place.scope]:
        rows = table.objects.in_org(request.org.id).filter(content_object=place, pk=pk)
        found: AnyGrant | None = rows.first()
        if found is not None:
            found.content_object = place
            return found
    if request.method == "POST":
        raise ObjectDoesNotExist
    raise Http404


def _name(request: OrgRequest, grant: AnyGrant) -> str:
    """Whose it is; a secret group keeps its name from who may not see it."""
    to = grantee_of(grant)
    if isinstance(to, Group) and not visible_groups(request.access).filter(pk=to.pk).exists():
        return "A secret group"
    return str(to.name)
