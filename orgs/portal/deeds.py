"""The one shape of a deed in the portal: a page that says what it does, a form, and the answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django_htmx.http import HttpResponseClientRedirect

from config.gate import reason_code
from config.requests import Request
from orgs.access import Access


class PortalRequest(Request):
    """What a view under `/admin/` gets. Never instantiated."""

    access: Access


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """One line of what a deed does: how many of what, and what becomes of them."""

    icon: str
    label: str
    note: str
    number: int
    bad: bool = False


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
    # What stops or is kept, in numbers; and the name that has to be typed first.
    stops: tuple[Stop, ...] = ()
    confirm: str = ""


def answer(
    request: PortalRequest, deed: Deed, form: forms.Form, act: Callable[[], str]
) -> HttpResponse:
    """Ask, act or show why not; `act` returns what is now true.

    Loaded into a dialog it answers with the form alone, and with a redirect once done.
    """
    if form.is_bound and form.is_valid():
        try:
            text = act()
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return done(request, text, deed.back)
    template = "admin/deed.html#form" if request.htmx else "admin/deed.html"
    context = admin.site.each_context(request) | {"deed": deed, "form": form}
    return refused(render(request, template, context, status=422 if form.is_bound else 200), form)


def done(request: PortalRequest, text: str, to: str) -> HttpResponse:
    messages.success(request, text)
    return HttpResponseClientRedirect(to) if request.htmx else redirect(to)


def refused(response: HttpResponse, form: forms.Form) -> HttpResponse:
    """The page with its form; what refused it is for the ledger's failed attempt."""
    response.reason_code = reason_code(form)  # type: ignore[attr-defined]
    return response


def posted(
    request: PortalRequest, form: type[forms.Form], *, confirm: str = "", **initial: str
) -> forms.Form:
    """The form as it was sent, or a new one; with a name that has to be typed, one that asks it."""
    named: dict[str, Any] = {"confirm": confirm} if confirm else {}
    if request.method == "POST":
        return form(request.POST, **named)
    return form(initial=initial, **named)
