"""The pages of this app that stand in no organization."""

from __future__ import annotations

from django.urls import path

from projects.views.api_reference import api_reference

urlpatterns = [
    path("docs/api/", api_reference, name="api_reference"),
]
