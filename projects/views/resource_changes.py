"""Changing a resource's configuration, by two people at once too. HTTP only: get, ask, act, show.

Whoever saves second is shown what the first one saved, keeps what they typed, and decides.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404

from audit.events import Event
from config.gate import gate
from orgs.views.dialog import elsewhere, posted, refuse, show
from projects.actions import resources as actions
from projects.doors import ResourceRequest, resource_at
from projects.forms.requests import refuse as refuse_anywhere
from projects.forms.resources import ResourceForm, VersionForm
from projects.kinds import changing, kind_of
from projects.models import Resource
from projects.queries import overtaking
from projects.queries import resources as queries
from projects.queries.overtaking import PLAIN
from projects.views.resources import page_of

Entries = dict[str, Any]


@gate(changing, records=Event.RESOURCE_CHANGED, on=resource_at)
def resource_change(request: ResourceRequest, slug: str, pk: UUID) -> HttpResponse:
    resource = request.target
    form = _form(request, resource)
    if form.is_valid():
        try:
            _save(request, resource, form)
        except ValidationError as error:
            if getattr(error, "code", "") == "overtaken":
                return _overtaken(request, resource, form)
            refuse(form, error)
        else:
            text = f"{form.cleaned_data['name']} is saved"
            return elsewhere(request, text, to=page_of(resource, slug))
    return _page(request, resource, form)


@gate(changing, records=Event.RESOURCE_CHANGED, on=resource_at)
def resource_version_again(
    request: ResourceRequest, slug: str, pk: UUID, number: int
) -> HttpResponse:
    """An earlier configuration, saved once more as the newest version."""
    resource = request.target
    version = get_object_or_404(queries.version_rows(resource), number=number)
    form = VersionForm(posted(request), initial={"base": resource.version})
    if form.is_valid():
        try:
            actions.resource_change(
                resource=resource,
                name=resource.name,
                description=resource.description,
                configuration=version.configuration,
                base=form.cleaned_data["base"],
                note=f"Version {number} again. {form.cleaned_data['reason']}".strip(),
                actor=request.access,
            )
        except ValidationError as error:
            refuse_anywhere(form, error)
        else:
            text = f"{resource.name} is configured as in version {number}"
            return elsewhere(request, text, to=page_of(resource, slug))
    differences = overtaking.differences_to(request.access, resource, version)
    context = {"resource": resource, "version": version, "differences": differences}
    return show(request, "projects/resource_version_again.html", form, context)


def _form(request: ResourceRequest, resource: Resource) -> ResourceForm:
    kind = kind_of(resource)
    offers = queries.offers_of(
        access=request.access,
        kind=kind,
        project=resource.project,
        configuration=resource.configuration,
    )
    initial = overtaking.entries_of(resource) | {"base": resource.version}
    return kind.form(posted(request), initial=initial, offers=offers)


def _save(request: ResourceRequest, resource: Resource, form: ResourceForm) -> None:
    entries = _typed(form)
    if "merge" in request.POST:
        began = _began(request, resource)
        entries = overtaking.merged(began=began, typed=entries, now=overtaking.entries_of(resource))
    actions.resource_change(
        resource=resource,
        name=entries.pop("name"),
        description=entries.pop("description"),
        configuration=entries,
        base=form.cleaned_data["base"],
        note=form.cleaned_data["note"],
        actor=request.access,
    )


def _overtaken(request: ResourceRequest, resource: Resource, form: ResourceForm) -> HttpResponse:
    """What the other one saved, beside what was typed: nothing is lost, and this one decides."""
    resource.refresh_from_db()
    again = _form(request, resource)
    again.data = again.data.copy()  # type: ignore[attr-defined]
    again.data["base"] = str(resource.version)  # type: ignore[index]
    conflict = overtaking.overtaken(
        request.access,
        resource,
        base=form.cleaned_data["base"],
        began=_began(request, resource),
        typed=_typed(form),
    )
    response = _page(request, resource, again, conflict=conflict)
    response.status_code = 409
    response.reason_code = "overtaken"  # type: ignore[attr-defined]
    return response


def _page(
    request: ResourceRequest, resource: Resource, form: ResourceForm, **more: Any
) -> HttpResponse:
    was = {name: getattr(resource, name) for name in PLAIN} | {"version": resource.version}
    if request.method == "POST":
        was = {name: request.POST.get(f"was_{name}", "") for name in was}
    context = {
        "resource": resource,
        "kind": kind_of(resource),
        "back": page_of(resource, request.org.slug),
        "was": was,
    }
    return show(request, "projects/resource_change.html", form, context | more)


def _began(request: ResourceRequest, resource: Resource) -> Entries:
    """All fields as they stood when this form was first opened."""
    was = {name: request.POST.get(f"was_{name}", "") for name in PLAIN}
    number = request.POST.get("was_version", "")
    base = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
    return overtaking.began_with(resource, base, **was)


def _typed(form: ResourceForm) -> Entries:
    return {name: form.cleaned_data[name] for name in PLAIN} | form.configuration()
