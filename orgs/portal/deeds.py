"""The one shape of a deed in the portal: a page that says what it does, a form, and the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django_htmx.http import HttpResponseClientRedirect

from config.requests import Request
from orgs.access import Access


class PortalRequest(Request):
    """What a view under `/admin/` gets. Never instantiated."""

    access: Access


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """What the page says: a title that asks with the name, what will happen, and the button."""

    title: str
    text: str
    button: str
    busy: str
    back: str
    icon: str
    danger: bool = False


def answer(
    request: PortalRequest, deed: Deed, form: forms.Form, act: Callable[[], str]
) -> HttpResponse:
    """Ask, act or show why not; `act` returns what is now true.

    Loaded into a dialog it answers with the form alone, and with a redirect once done.
    """
    code = "invalid"
    if form.is_bound and form.is_valid():
        try:
            done = act()
        except ValidationError as refusal:
            code = getattr(refusal, "code", None) or "refused"
            form.add_error(None, refusal)
        else:
            messages.success(request, done)
            return HttpResponseClientRedirect(deed.back) if request.htmx else redirect(deed.back)
    template = "admin/deed.html#form" if request.htmx else "admin/deed.html"
    context = admin.site.each_context(request) | {"deed": deed, "form": form}
    response = render(request, template, context, status=422 if form.is_bound else 200)
    response.reason_code = code  # type: ignore[attr-defined]
    return response


def posted(request: PortalRequest, form: type[forms.Form], **initial: str) -> forms.Form:
    """The form as it was sent, or a new one."""
    return form(request.POST) if request.method == "POST" else form(initial=initial)
