"""Organizations from outside: arriving, switching, founding, answering an invitation.

HTTP only: get, ask, act, show.
"""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from audit.events import Event
from config.gate import public, signed_in
from config.requests import Request
from config.roles import PRESET_POLICIES, Policy, Preset
from config.text import NAME_LENGTH
from orgs.actions import answers
from orgs.actions import organizations as actions
from orgs.forms.organizations import OrganizationForm, suggest_slug
from orgs.queries.organizations import Mine, last_visited, organizations_of
from orgs.tenancy import identity_of
from orgs.views.invitations import answer_page


@signed_in
@require_safe
def home(request: Request) -> HttpResponse:
    """The organization last visited, else the first; without any the portal or the wizard."""
    person = person_of(request)
    current = last_visited(organizations_of(person.pk), request.session.get("org"))
    if current:
        return redirect(current.url)
    if person.is_staff:
        return redirect("admin:index")
    return redirect("organization_create")


@signed_in
@require_safe
def shortcut(request: Request, page: str) -> HttpResponse:
    """An address without an organization leads to the page of the current one."""
    current = last_visited(organizations_of(person_of(request).pk), request.session.get("org"))
    return redirect(page, current.slug) if current else redirect("home")


@signed_in
@require_safe
def organization_list(request: Request) -> HttpResponse:
    mine = organizations_of(person_of(request).pk)
    current = last_visited(mine, request.session.get("org"))
    part = "#menu" if request.htmx else ""
    return render(
        request, f"orgs/organizations.html{part}", {"organizations": mine, "current": current}
    )


STEPS = {"name": "Name", "policies": "Policies", "confirm": "Confirm"}


@signed_in(records=Event.ORGANIZATION_CREATED)
def organization_create(request: Request) -> HttpResponse:
    """The wizard keeps its answers in the form alone; only its last step changes anything."""
    if request.htmx and request.method == "GET":
        return _suggestion(request)
    form = OrganizationForm(request.POST if request.method == "POST" else None)
    step = request.POST.get("to", "")
    if request.method != "POST" or step == "name":
        return _wizard(request, form, "name")
    if not form.is_valid():
        return _wizard(request, form, "policies" if set(form.errors) == {"preset"} else "name", 422)
    if step in STEPS:
        return _wizard(request, form, step)
    return _found(request, form)


def _found(request: Request, form: OrganizationForm) -> HttpResponse:
    answers, person = form.cleaned_data, person_of(request)
    try:
        founded = actions.organization_create(
            name=answers["name"],
            slug=answers["slug"],
            preset=answers["preset"],
            owner=person,
            actor=identity_of(request),
        )
    except ValidationError as refusal:
        # Sent twice: the address is taken by what the first time founded.
        mine = {one.slug: one for one in organizations_of(person.pk)}
        already = mine.get(answers["slug"])
        form.add_error(None, refusal)
        return _wizard(request, form, "name", 422, already=already)
    messages.success(request, f"{founded.name} is registered, and you are its owner")
    return redirect("dashboard", founded.slug)


def _wizard(
    request: Request,
    form: OrganizationForm,
    step: str,
    status: int = 200,
    *,
    already: Mine | None = None,
) -> HttpResponse:
    answers = form.cleaned_data if form.is_bound and form.is_valid() else {}
    chosen = answers.get("preset", Preset.S1)
    context = {
        "form": form,
        "step": step,
        "steps": list(STEPS.items()),
        "place": list(STEPS).index(step),
        "answers": answers,
        "chosen": chosen,
        "presets": [(preset, _ordered(PRESET_POLICIES[preset])) for preset in Preset],
        "policies": [(policy, policy in PRESET_POLICIES[chosen]) for policy in Policy],
        "already": already,
    }
    return render(request, "orgs/organization_create.html", context, status=status)


def _ordered(policies: frozenset[Policy]) -> list[Policy]:
    return [policy for policy in Policy if policy in policies]


def _suggestion(request: Request) -> HttpResponse:
    """The address that the name suggests, unless somebody wrote one of their own."""
    typed, before = request.GET.get("slug", ""), request.GET.get("suggested", "")
    suggested = suggest_slug(request.GET.get("name", "")[:NAME_LENGTH])
    slug = suggested if typed in ("", before) else typed
    form = OrganizationForm(initial={"slug": slug})
    context = {"form": form, "suggested": suggested}
    return render(request, "orgs/organization_create.html#address", context)


def person_of(request: Request) -> User:
    """Who is signed in; the lock has seen to it that somebody is."""
    return cast("User", request.user)


@public
@never_cache
@require_safe
def invitation_view(request: Request, token: str) -> HttpResponse:
    return answer_page(request, token)


@signed_in(records=Event.INVITATION_ACCEPTED)
@require_POST
def invitation_accept(request: Request, token: str) -> HttpResponse:
    identity = identity_of(request)
    try:
        access = answers.invitation_accept(
            token=token, person=person_of(request), identity=identity
        )
    except ValidationError as refusal:
        return answer_page(request, token, event=Event.INVITATION_ACCEPTED, refusal=refusal)
    role = access.role.label if access.role else ""
    messages.success(request, f"You joined {access.org.name} as {role}")
    return redirect(access.landing_url())


@signed_in(records=Event.INVITATION_DECLINED)
@require_POST
def invitation_decline(request: Request, token: str) -> HttpResponse:
    identity = identity_of(request)
    try:
        answers.invitation_decline(token=token, person=person_of(request), identity=identity)
    except ValidationError as refusal:
        return answer_page(request, token, event=Event.INVITATION_DECLINED, refusal=refusal)
    messages.success(request, "You declined the invitation")
    return redirect("home")
