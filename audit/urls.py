"""One line a deed: the log's pages, under the address of an organization."""

from __future__ import annotations

from django.urls import path

from audit import views

urlpatterns = [
    path("", views.event_list, name="event_list"),
    path("verify/", views.event_verify, name="event_verify"),
    path("<int:sequence>/", views.event_view, name="event_view"),
]
