"""The permission matrix and the help page, both generated from the rule book. HTTP only: get, ask, act, show."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse

from config.gate import gate
from config.roles import Permission


@gate(Permission.ORG_VIEW)
def permission_matrix(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.ORG_VIEW)
def permission_matrix_csv(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404


@gate(Permission.ORG_VIEW)
def docs(request: HttpRequest, slug: str) -> HttpResponse:
    raise Http404
