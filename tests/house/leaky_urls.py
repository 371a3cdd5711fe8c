"""The project's routes and beside them some that leak: what the self-test has to find.

Each knows what is foreign by `KNOWN`, which a test fills: no query would get past the second wall.
"""

from __future__ import annotations

from uuid import UUID

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from config import urls
from config.gate import gate, public
from config.roles import Permission
from orgs.tenancy import OrgRequest

# Ids of the foreign organization, its address, and a name of something in it.
KNOWN: set[UUID] = set()
ADDRESS: list[str] = []
NAME: list[str] = []


def _is_at_home(request: OrgRequest) -> bool:
    return request.org.slug in ADDRESS


@gate(Permission.PROJECTS_VIEW)
def project_forbidden(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    """403 where it is somebody else's, 404 where it is nobody's."""
    if pk not in KNOWN:
        raise Http404
    return HttpResponse("Here", status=200 if _is_at_home(request) else 403)


@gate(Permission.PROJECTS_VIEW)
def project_echo(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    """As missing as any other, but for its name."""
    named = NAME[0] if pk in KNOWN else "It"
    return HttpResponse(f"{named} is not here", status=200 if _is_at_home(request) else 404)


@gate(Permission.PROJECTS_VIEW)
def project_looked_up(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    """The same words, one statement later."""
    if pk in KNOWN:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    return HttpResponse("Nothing", status=200 if _is_at_home(request) else 404)


@gate(Permission.PROJECTS_VIEW)
def project_everywhere(request: OrgRequest, slug: str) -> HttpResponse:
    """A list without the wall."""
    return HttpResponse(f"Yours: {NAME[0]}")


@gate(Permission.PLATFORM_MANAGE_ORGANIZATIONS)
def container_contents(request: HttpRequest, pk: UUID) -> HttpResponse:
    return HttpResponse(f"In it: {NAME[0]}")


@gate(Permission.PLATFORM_MANAGE_ORGANIZATIONS)
def project_in_portal(request: HttpRequest, pk: UUID) -> HttpResponse:
    if pk not in KNOWN:
        raise Http404
    return HttpResponse("There is such a project.")


@public
def project_for_everybody(request: HttpRequest, pk: UUID) -> HttpResponse:
    return HttpResponse("Sign in to see it." if pk in KNOWN else "Nothing.")


urlpatterns = [
    *urls.urlpatterns,
    path("o/<slug:slug>/1/projects/<uuid:pk>/", project_forbidden, name="project_forbidden"),
    path("o/<slug:slug>/2/projects/<uuid:pk>/", project_echo, name="project_echo"),
    path("o/<slug:slug>/3/projects/<uuid:pk>/", project_looked_up, name="project_looked_up"),
    path("o/<slug:slug>/everywhere/", project_everywhere, name="project_everywhere"),
    path("admin/contents/<uuid:pk>/", container_contents, name="container_contents"),
    path("admin/projects/<uuid:pk>/", project_in_portal, name="project_in_portal"),
    path("projects/<uuid:pk>/", project_for_everybody, name="project_for_everybody"),
]

handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500
