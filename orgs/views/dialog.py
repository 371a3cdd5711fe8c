"""How a deed's form is shown and how its success is answered, in a dialog and as a page.

Which form, and which deed, is for the views.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django_htmx.http import (
    HttpResponseClientRedirect,
    HttpResponseClientRefresh,
    trigger_client_event,
)

from config.gate import reason_code
from orgs.preview import Preview
from orgs.tenancy import OrgRequest


def posted(request: OrgRequest) -> QueryDict | None:
    """What a form is bound to: an empty POST is an answer too, and an incomplete one."""
    return request.POST if request.method == "POST" else None


def show(
    request: OrgRequest, template: str, form: Form | None, context: dict[str, Any]
) -> HttpResponse:
    """The form: its partial `dialog` for htmx, else the page around it; 422 when it was refused."""
    name = f"{template}#dialog" if request.htmx else template
    refused = form is not None and form.is_bound and bool(form.errors)
    response = render(request, name, context | {"form": form}, status=422 if refused else 200)
    if refused and form is not None:
        response.reason_code = reason_code(form)  # type: ignore[attr-defined]
    return response


def asks_preview(request: OrgRequest) -> bool:
    """Is this form only asked what it would change? Then nothing is done, whatever it says."""
    return request.method == "POST" and ("preview" in request.GET or "preview" in request.POST)


def show_preview(
    request: OrgRequest,
    template: str,
    form: Form,
    context: dict[str, Any],
    preview: Preview | None,
) -> HttpResponse:
    """What it would change: the part `_preview.html` for htmx, else the page around it.

    None: the form does not say enough yet. It is never a failed attempt, so never a 422.
    """
    said = context | {"form": form, "preview": preview}
    if request.htmx:
        return render(request, "orgs/_preview.html", said)
    return render(request, template, said)


def refuse(form: Form, error: ValidationError) -> None:
    """The action's refusal as an error of the form that asked for it."""
    form.add_error(None, error)


def done(
    request: OrgRequest,
    text: str,
    *,
    to: str,
    partial: str = "",
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    """What is true now: the changed parts of the page with a toast, or a redirect and a message."""
    if not request.htmx:
        messages.success(request, text)
        return redirect(to)
    changed = {"out_of_band": True} | (context or {})
    response = render(request, partial, changed) if partial else HttpResponse()
    trigger_client_event(response, "closeDialog", {})
    return trigger_client_event(response, "toast", {"text": text, "kind": "ok"})


def elsewhere(request: OrgRequest, text: str, *, to: str) -> HttpResponse:
    """After a deed that leaves nothing of the page as it was: on to another one."""
    messages.success(request, text)
    if not request.htmx:
        return redirect(to)
    here = urlsplit(request.htmx.current_url_abs_path or "").path
    # To a place on the page where one is, a browser only scrolls.
    if "#" in to and urlsplit(to).path == here:
        return HttpResponseClientRefresh()
    return HttpResponseClientRedirect(to)
