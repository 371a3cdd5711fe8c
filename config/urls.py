"""The whole address space: people, organizations, the portal."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from config import pages

urlpatterns = [
    path("admin/", admin.site.urls),
    path("healthy", pages.healthy, name="healthy"),
    path("sla/", pages.sla, name="sla"),
    path("dpa/", pages.dpa, name="dpa"),
    path("terms/", pages.terms, name="terms"),
    path("privacy/", pages.privacy, name="privacy"),
    path("", include("audit.public_urls")),
    path("", include("projects.public_urls")),
    path("", include("projects.api.routes")),
    path("", include("billing.public_urls")),
    path("", include("accounts.urls")),
    path("", include("orgs.urls")),
    path("o/<slug:slug>/", include("projects.urls")),
    path("o/<slug:slug>/", include("billing.urls")),
]

if settings.DEBUG:
    urlpatterns.append(path("parts/", pages.parts, name="parts"))

handler400 = "config.pages.bad_request"
handler403 = "config.pages.forbidden"
handler404 = "config.pages.not_found"
handler500 = "config.pages.failed"
