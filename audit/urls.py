"""One line a deed: the log's pages, under the address of an organization."""

from __future__ import annotations

from django.urls import path

from audit.views import checkpoints, entries, export, filters, keeping

urlpatterns = [
    path("", entries.event_list, name="event_list"),
    path("export/", export.event_export, name="event_export"),
    path("verify/", entries.event_verify, name="event_verify"),
    path("filters/new/", filters.filter_save, name="filter_save"),
    path("filters/<uuid:pk>/delete/", filters.filter_delete, name="filter_delete"),
    path("checkpoints/", checkpoints.checkpoint_list, name="checkpoint_list"),
    path("checkpoints/new/", checkpoints.checkpoint_create, name="checkpoint_create"),
    path("checkpoints/export/", checkpoints.checkpoint_export, name="checkpoint_export"),
    path("checkpoints/verify_ledger.py", checkpoints.verifier, name="verifier"),
    path("keeping/", keeping.audit_keeping, name="audit_keeping"),
    path("keeping/retention/", keeping.audit_retention_change, name="audit_retention_change"),
    path("keeping/hold/", keeping.audit_hold_place, name="audit_hold_place"),
    path("keeping/hold/lift/", keeping.audit_hold_lift, name="audit_hold_lift"),
    path("keeping/people/<uuid:pk>/erase/", keeping.audit_person_erase, name="audit_person_erase"),
    path("<int:sequence>/", entries.event_view, name="event_view"),
]
