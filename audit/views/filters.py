"""Filters of the log that are kept. HTTP only: get, ask, act, show."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect

from audit import kept, pages, queries
from audit.actions.filters import filter_delete as delete
from audit.actions.filters import filter_save as save
from audit.events import Event
from audit.forms import EventFilterForm, SavedFilterForm
from audit.models import SavedFilter
from audit.pages import Address
from audit.views.entries import LogRequest
from config.gate import gate, reason_code
from config.roles import Permission


@gate(Permission.AUDIT_VIEW, records=Event.AUDIT_FILTER_SAVED)
def filter_save(request: LogRequest, slug: str) -> HttpResponse:
    """Keep the filter that the address says, under a name."""
    asked = EventFilterForm(request.GET)
    form = SavedFilterForm(request.POST if request.method == "POST" else None)
    log = Address(reverse("event_list", args=[slug]), asked.query)
    if request.method == "POST" and asked.query and form.is_valid():
        try:
            save(
                organization=request.org.id,
                membership=request.access.membership_id,
                query=kept.query_to_keep(asked.query),
                actor=request.access.identity,
                **form.cleaned_data,
            )
        except ValidationError as error:
            form.add_error("name" if error.code == "name_taken" else None, error)
        else:
            return _back(request, f"Saved the filter {form.cleaned_data['name']}", log)
    chips = pages.chips(asked, log, [], queries.recent_actors(request.org.id))
    said = [(pages.LABELS[name], chip.value) for name, chip in chips.items()]
    return _show(request, "audit/filter_save.html", form, {"said": said, "log": log})


@gate(Permission.AUDIT_VIEW, records=Event.AUDIT_FILTER_DELETED)
def filter_delete(request: LogRequest, slug: str, pk: UUID) -> HttpResponse:
    """One's own, or a shared one for who manages the settings."""
    found = queries.saved_get(
        organization=request.org.id, membership=request.access.membership_id, pk=pk
    )
    if found is None or not _may_delete(request, found):
        raise Http404
    log = Address(reverse("event_list", args=[slug]))
    if request.method == "POST":
        delete(kept=found, actor=request.access.identity)
        return _back(request, f"Deleted the filter {found.name}", log)
    return _show(request, "audit/filter_delete.html", None, {"kept": found, "log": log})


def _may_delete(request: LogRequest, found: SavedFilter) -> bool:
    own = found.membership_id == request.access.membership_id
    return own or (found.shared and request.access.can(Permission.ORG_MANAGE_SETTINGS))


def _show(
    request: LogRequest, template: str, form: SavedFilterForm | None, context: dict[str, Any]
) -> HttpResponse:
    refused = form is not None and form.is_bound and bool(form.errors)
    response = render(
        request,
        f"{template}#dialog" if request.htmx else template,
        context | {"form": form},
        status=422 if refused else 200,
    )
    if refused and form is not None:
        response.reason_code = reason_code(form)  # type: ignore[attr-defined]
    return response


def _back(request: LogRequest, text: str, log: Address) -> HttpResponse:
    messages.success(request, text)
    return HttpResponseClientRedirect(str(log)) if request.htmx else redirect(str(log))
