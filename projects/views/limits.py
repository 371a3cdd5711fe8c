"""What holds keys back, in every layer. HTTP only: get, ask, act, show."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from audit.events import Event
from config.gate import gate
from config.keyset import page_links
from config.requests import asks_part
from config.roles import Permission
from orgs.tenancy import OrgRequest
from orgs.views.dialog import asks_preview, elsewhere, posted, refuse, show
from projects.actions.limits import Subject, limit_set, may_budget
from projects.allowance import Allowance
from projects.doors import KeyRequest, key_at
from projects.forms.limits import LimitForm
from projects.models import Key, Limit
from projects.outlook import Outlook, outlook, rehearsal_of
from projects.queries.limit_list import (
    LAYERS,
    LimitFilter,
    limit_counts,
    limit_page,
    subjects_of,
    unseen_limits,
)
from projects.queries.limits import approved, limit_of, limits_of, standings
from projects.rehearsal import DAYS


@gate(Permission.KEYS_SET_POLICIES, records=Event.KEY_POLICY_CHANGED, on=key_at)
def key_change_policy(request: KeyRequest, slug: str, pk: UUID) -> HttpResponse:
    key = request.target
    context = {
        "key": key,
        "limits": limits_of(key, request.access),
        "back": reverse("key_view", args=[slug, pk]),
        "days": DAYS,
    }
    return _change(request, key, Limit.Layer.KEY.value, "projects/key_change_policy.html", context)


@gate(Permission.KEYS_SET_POLICIES)
def limit_list(request: OrgRequest, slug: str) -> HttpResponse:
    asked = LimitFilter.read(request.GET)
    page, rows = limit_page(request.access, asked)
    context: dict[str, Any] = {"asked": asked, "rows": rows, **_of_layer(asked)}
    context |= page_links(request, page)
    if asks_part(request):
        return render(request, "projects/limit_list.html#list", context)
    whole = {each.layer: each for each in standings(request.org.id, [request.org.id])}
    counts = limit_counts(request.access)
    organization = whole.get("organization")
    context |= {
        "organization": organization,
        "allowed": organization.allowance if organization else Allowance(),
        "plan": whole.get("plan"),
        "layers": [(name, counts[name], asked.url(layer=name, q="")) for name in LAYERS],
        "unseen": unseen_limits(request.access, counts["project"]),
        "labels": {name: words[0] for name, words in LAYERS.items()},
    }
    return render(request, "projects/limit_list.html", context)


@gate(Permission.KEYS_SET_POLICIES, records=Event.LIMIT_CHANGED)
def limit_change(request: OrgRequest, slug: str, layer: str, pk: UUID) -> HttpResponse:
    subject = _subject(request, layer, pk)
    found = [each for each in standings(request.org.id, [pk]) if each.layer == layer]
    context = {
        "subject": subject,
        "layer": layer,
        "standing": found[0] if found else None,
        "back": _list_url(slug, layer),
    }
    return _change(request, subject, layer, "projects/limit_change.html", context)


def _change(
    request: OrgRequest, subject: Subject, layer: str, template: str, context: dict[str, Any]
) -> HttpResponse:
    """The form of a layer's limits; what it would change is shown before it is saved."""
    org = request.org.id
    before = Allowance.of(limit_of(org, layer, subject.pk))
    form = LimitForm(
        posted(request),
        layer=layer,
        approved=approved(org),
        current=before,
        keeps_budget=not may_budget(request.access, layer),
    )
    said = f"The limits of {subject.name} are as you said"
    return answer(request, subject, form, before, template, context, said)


def answer(
    request: OrgRequest,
    subject: Subject,
    form: LimitForm,
    before: Allowance,
    template: str,
    context: dict[str, Any],
    said: str,
) -> HttpResponse:
    """Show the form, what it would change, or that it is done; `said` is then true."""
    if asks_preview(request):
        return _preview(request, template, form, context, _outlook(request, subject, before, form))
    if not form.is_valid():
        return show(request, template, form, context)
    seen = _outlook(request, subject, before, form)
    if seen and seen.warnings and request.POST.get("warned") != seen.mark:
        return show(request, template, form, context | {"outlook": seen})
    if not _is_saved(request, form, subject):
        return show(request, template, form, context)
    notes = [said, *(seen.notes if seen else ())]
    return elsewhere(request, ". ".join(notes), to=context["back"])


def _is_saved(request: OrgRequest, form: LimitForm, subject: Subject) -> bool:
    """Whoever is told that somebody was faster saves again from what is true now."""
    try:
        limit_set(
            subject=subject,
            layer=form.layer,
            said=form.said,
            actor=request.access,
            seen=form.cleaned_data["seen"],
        )
    except ValidationError as error:
        refuse(form, error)
        if getattr(error, "code", "") == "changed":
            now = Allowance.of(limit_of(request.org.id, form.layer, subject.pk))
            said = request.POST.copy()
            said["seen"] = now.mark
            form.data = said
        return False
    return True


def _outlook(
    request: OrgRequest, subject: Subject, before: Allowance, form: LimitForm
) -> Outlook | None:
    """What the form would change; None while it cannot be read."""
    if not form.is_valid():
        return None
    found = outlook(
        org=request.org.id,
        layer=form.layer,
        subject=subject.pk,
        before=before,
        after=form.said,
        notes=form.notes,
    )
    days = _days(request)
    if days and isinstance(subject, Key):
        return replace(found, rehearsal=rehearsal_of(subject, form.said, days))
    return found


def _preview(
    request: OrgRequest,
    template: str,
    form: LimitForm,
    context: dict[str, Any],
    found: Outlook | None,
) -> HttpResponse:
    """Never a failed attempt, so never a 422."""
    said = context | {"form": form, "outlook": found, "asked": True}
    return render(request, "projects/_limit_outlook.html" if request.htmx else template, said)


def _days(request: OrgRequest) -> int:
    """How far back to rehearse; 0 for not at all."""
    asked = request.GET.get("preview") or request.POST.get("preview")
    return next((days for days in DAYS if str(days) == asked), 0)


def _subject(request: OrgRequest, layer: str, pk: UUID) -> Any:
    """Whose limits the address names, of those that this person sees (C4-9)."""
    if layer == Limit.Layer.ORGANIZATION and pk == request.org.id:
        return request.org
    if layer not in LAYERS:
        raise Http404
    return get_object_or_404(subjects_of(request.access, layer), pk=pk)


def _list_url(slug: str, layer: str) -> str:
    page = reverse("limit_list", args=[slug])
    return f"{page}?layer={layer}" if layer in LAYERS else page


def _of_layer(asked: LimitFilter) -> dict[str, str]:
    label, one, icon = LAYERS[asked.layer]
    cleared = asked.url(q="")
    wider = ("Clear search", cleared) if asked.every else ("Search all", asked.url(show="all"))
    return {
        "label": label,
        "one": one,
        "icon_name": icon,
        "set_url": asked.url(show=""),
        "all_url": asked.url(show="all"),
        "wider_label": wider[0],
        "wider_url": wider[1],
        "none_found": "Search part of the name."
        if asked.every
        else "Only those with limits were searched.",
        "none_title": f"No {one} has limits of its own.",
    }
