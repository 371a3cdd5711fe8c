"""How the log is kept: for how long, under which hold, and erasing who has left. HTTP only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render

from audit import proof
from audit.actions.erasing import audit_person_erase as erase
from audit.actions.erasing import refusal
from audit.actions.retention import GRACE, kept_words
from audit.actions.retention import audit_hold_lift as lift
from audit.actions.retention import audit_hold_place as place
from audit.actions.retention import audit_retention_change as retain
from audit.events import Event
from audit.keeping_forms import EraseForm, HoldForm, RetentionForm
from audit.ledger import Target
from audit.mentions import filters_naming, mentions
from audit.views.entries import LogRequest
from config.gate import gate, reason_code
from config.roles import Permission


@gate(Permission.ORG_MANAGE_SETTINGS)
def audit_keeping(request: LogRequest, slug: str) -> HttpResponse:
    """How long the log is kept, what holds it, and who could be erased from it."""
    return render(request, "audit/keeping.html", _page(request))


@gate(Permission.ORG_MANAGE_SETTINGS, records=Event.AUDIT_RETENTION_CHANGED, fresh=True)
def audit_retention_change(request: LogRequest, slug: str) -> HttpResponse:
    """Keep entries for so many months, or for ever."""
    if request.method != "POST":
        return redirect("audit_keeping", slug)
    form = RetentionForm(request.POST, current=proof.keeping_of(request.org.id).months)
    if not form.is_valid():
        return _refused(request, "retention", form)
    months = form.cleaned_data["months"]
    retain(
        organization=request.org.id,
        months=months,
        target=_target(request),
        actor=request.access.identity,
    )
    messages.success(request, f"Entries are kept {_for(months)}")
    return redirect("audit_keeping", slug)


@gate(Permission.ORG_MANAGE_SETTINGS, records=Event.AUDIT_HOLD_PLACED)
def audit_hold_place(request: LogRequest, slug: str) -> HttpResponse:
    """Stop everything that would shorten or empty the log."""
    if request.method != "POST":
        return redirect("audit_keeping", slug)
    form = HoldForm(request.POST)
    if not form.is_valid():
        return _refused(request, "hold", form)
    placed = place(
        organization=request.org.id,
        reason=form.cleaned_data["reason"],
        target=_target(request),
        actor=request.access.identity,
    )
    said = "The log is under a legal hold" if placed else "A legal hold stood already"
    messages.success(request, said)
    return redirect("audit_keeping", slug)


@gate(Permission.ORG_MANAGE_SETTINGS, records=Event.AUDIT_HOLD_LIFTED, fresh=True)
def audit_hold_lift(request: LogRequest, slug: str) -> HttpResponse:
    """Let what was set about keeping and erasing hold again."""
    if request.method != "POST":
        return redirect("audit_keeping", slug)
    form = HoldForm(request.POST)
    if not form.is_valid():
        return _refused(request, "hold", form)
    lifted = lift(
        organization=request.org.id,
        reason=form.cleaned_data["reason"],
        target=_target(request),
        actor=request.access.identity,
    )
    messages.success(request, "The legal hold is lifted" if lifted else "No hold stood any more")
    return redirect("audit_keeping", slug)


@gate(Permission.ORG_MANAGE_SETTINGS, records=Event.AUDIT_PERSON_ERASED, fresh=True)
def audit_person_erase(request: LogRequest, slug: str, pk: UUID) -> HttpResponse:
    """Empty every entry that names somebody who has left or never joined: first how many, and
    what stays."""
    org, person = request.org, proof.person_gone(request.org.id, pk)
    if person is None:
        raise Http404
    form = EraseForm(
        request.POST if request.method == "POST" else None,
        name=person.name,
        initial={"names": True},
    )
    if request.method == "POST" and form.is_valid():
        try:
            number = erase(
                organization=org.id,
                person=pk,
                names=form.cleaned_data["names"],
                actor=request.access.identity,
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"Erased from {number:,} {_entries(number)} of the log")
            return redirect("audit_keeping", slug)
    return _show_erasing(request, person, form)


def _show_erasing(request: LogRequest, person: proof.Gone, form: EraseForm) -> HttpResponse:
    org, refused = request.org.id, form.is_bound
    labels = proof.labels_of(org, person.id)
    context = {
        "person": person,
        "form": form,
        "naming": proof.naming(org, person.id),
        "mentions": mentions(org, person.id),
        "filters": len(filters_naming(org, labels, names=True)),
        "stopped": refusal(organization=org, person=person.id, labels=labels),
    }
    status = 422 if refused else 200
    response = render(request, "audit/person_erase.html", context, status=status)
    if refused:
        response.reason_code = reason_code(form)  # type: ignore[attr-defined]
    return response


def _page(request: LogRequest, **forms: Form) -> dict[str, Any]:
    org = request.org.id
    keeping = proof.keeping_of(org)
    begins = keeping.months_set_at + GRACE if keeping.months and keeping.months_set_at else None
    return {
        "keeping": keeping,
        "kept": _for(keeping.months),
        "begins": begins,
        "oldest": proof.oldest_entry(org),
        "gone": proof.people_gone(org),
        "most": proof.MOST_LEFT,
        "retention": RetentionForm(current=keeping.months),
        "hold": HoldForm(),
        "may": {"keep": True},
    } | forms


def _refused(request: LogRequest, name: str, form: Form) -> HttpResponse:
    context = _page(request, **{name: form})
    response = render(request, "audit/keeping.html", context, status=422)
    response.reason_code = reason_code(form)  # type: ignore[attr-defined]
    return response


def _for(months: int | None) -> str:
    return kept_words(months) if months is None else f"for {kept_words(months)}"


def _entries(number: int) -> str:
    return "entry" if number == 1 else "entries"


def _target(request: LogRequest) -> Target:
    return Target("organization", request.org.id, request.org.name)
