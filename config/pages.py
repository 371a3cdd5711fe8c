"""Pages that belong to nobody: errors, terms, health."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.gate import public


@public
def healthy(request: HttpRequest) -> HttpResponse:
    """Does the process answer, and its database?"""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


@public
def terms(request: HttpRequest) -> HttpResponse:
    return render(request, "terms.html")


@public
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "privacy.html")


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
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403.html", {"stale": True}, status=403)
