"""Pages that belong to nobody: errors, legal documents, health."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django_htmx.http import trigger_client_event

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
    return render(request, "500.html", status=500)


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
