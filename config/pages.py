"""Pages that belong to nobody: errors, legal documents, health."""

from __future__ import annotations

import sys

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django_htmx.http import trigger_client_event

from config.database import Trouble, trouble_of
from config.gate import public
from config.legal import DOCUMENTS


@public
def healthy(request: HttpRequest) -> HttpResponse:
    """Does the process answer, and its database?"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@public
def sla(request: HttpRequest) -> HttpResponse:
    return _document(request, "sla")


@public
def dpa(request: HttpRequest) -> HttpResponse:
    return _document(request, "dpa")


@public
def terms(request: HttpRequest) -> HttpResponse:
    return _document(request, "terms")


@public
def privacy(request: HttpRequest) -> HttpResponse:
    return _document(request, "privacy")


def _document(request: HttpRequest, name: str) -> HttpResponse:
    """The page that comes with Bailiwick, or the operator's own."""
    elsewhere = DOCUMENTS[name].elsewhere
    return redirect(elsewhere) if elsewhere else render(request, f"{name}.html")


@public
def parts(request: HttpRequest) -> HttpResponse:
    """Every part of the screen in every state, to look at while working. Only with DEBUG."""
    return render(request, "parts.html")


@public
def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


@public
def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


@public
def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """One body for a page that is not there, and for one that is somebody else's."""
    return render(request, "404.html", status=404)


@public
def failed(request: HttpRequest) -> HttpResponse:
    """Called while the failure is handled: where it is the database's own, that is what is said."""
    trouble = trouble_of(sys.exc_info()[1])
    return in_trouble(request, trouble) if trouble else render(request, "500.html", status=500)


_FULL = (
    "Nothing was changed. The storage of this installation is full: pages can be read, and nothing "
    "can be saved until its operator makes room."
)
_READ_ONLY = (
    "Nothing was changed. The database of this installation only lets itself be read at the "
    "moment: pages can be read, and nothing can be saved."
)
_AWAY = (
    "Nothing was changed. The database of this installation does not answer at the moment. "
    "Trying again in a minute is safe."
)
TROUBLES = {
    Trouble.FULL: (507, "The storage is full", _FULL),
    Trouble.READ_ONLY: (503, "Nothing can be saved at the moment", _READ_ONLY),
    Trouble.AWAY: (503, "The database does not answer", _AWAY),
}
"""The status of each, its heading and what to know."""
RETRY_AFTER = {"Retry-After": "10"}


@public
def in_trouble(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    """The database can do this for nobody, and nothing was changed. Asks nothing of it."""
    status, title, text = TROUBLES[trouble]
    headers = RETRY_AFTER if status == 503 else {}
    if getattr(request, "htmx", None):
        response = HttpResponse(status=status, headers={"HX-Reswap": "none"} | headers)
        trigger_client_event(response, "toast", {"text": text, "kind": "bad"})
    else:
        page = render_to_string("trouble.html", {"heading": title, "text": text})
        response = HttpResponse(page, status=status, headers=headers)
    response.reason_code = trouble.value  # type: ignore[attr-defined]
    return response


@public
def overtaken(request: HttpRequest) -> HttpResponse:
    """Two changed the same thing, and this one came second. Asks nothing of the database."""
    if getattr(request, "htmx", None):
        text = "This has just changed. Load the page again, then decide."
        response = HttpResponse(status=409, headers={"HX-Reswap": "none"})
        trigger_client_event(response, "toast", {"text": text, "kind": "bad"})
    else:
        response = HttpResponse(render_to_string("409.html"), status=409)
    response.reason_code = "overtaken"  # type: ignore[attr-defined]
    return response


@public
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403.html", {"stale": True}, status=403)
