"""One line a deed. `urlpatterns` lie outside any organization, `organization` under its address."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from orgs.views import (
    dashboard,
    groups,
    invitations,
    members,
    organizations,
    ownership,
    permissions,
    roster,
    security,
    settings,
)

organization: list[URLPattern | URLResolver] = [
    path("", dashboard.dashboard, name="dashboard"),
    path("members/", members.member_list, name="member_list"),
    path("members/access/", members.access_state, name="access_state"),
    path("members/leave/", members.member_leave, name="member_leave"),
    path("members/role/", members.member_bulk_change_role, name="member_bulk_change_role"),
    path("members/remove/", members.member_bulk_remove, name="member_bulk_remove"),
    path("members/<uuid:pk>/", members.member_view, name="member_view"),
    path("members/<uuid:pk>/role/", members.member_change_role, name="member_change_role"),
    path("members/<uuid:pk>/remove/", members.member_remove, name="member_remove"),
    path("members/<uuid:pk>/ownership/", ownership.ownership_offer, name="ownership_offer"),
    path("ownership/<uuid:pk>/accept/", ownership.ownership_accept, name="ownership_accept"),
    path("ownership/<uuid:pk>/decline/", ownership.ownership_decline, name="ownership_decline"),
    path("ownership/<uuid:pk>/withdraw/", ownership.ownership_withdraw, name="ownership_withdraw"),
    path("invitations/", invitations.invitation_list, name="invitation_list"),
    path("invitations/new/", invitations.invitation_create, name="invitation_create"),
    path("invitations/<uuid:pk>/", invitations.invitation_change, name="invitation_change"),
    path("invitations/<uuid:pk>/resend/", invitations.invitation_resend, name="invitation_resend"),
    path("invitations/<uuid:pk>/revoke/", invitations.invitation_revoke, name="invitation_revoke"),
    path("groups/", groups.group_list, name="group_list"),
    path("groups/new/", groups.group_create, name="group_create"),
    path("groups/<uuid:pk>/", groups.group_view, name="group_view"),
    path("groups/<uuid:pk>/change/", groups.group_change, name="group_change"),
    path("groups/<uuid:pk>/delete/", groups.group_delete, name="group_delete"),
    path("groups/<uuid:pk>/members/new/", groups.group_member_add, name="group_member_add"),
    path("groups/<uuid:pk>/roles/<str:role>/", groups.group_role_toggle, name="group_role_toggle"),
    path("groups/<uuid:pk>/roles/<str:role>/undo/", groups.group_role_undo, name="group_role_undo"),
    path(
        "groups/<uuid:pk>/members/<uuid:seat>/",
        groups.group_member_change,
        name="group_member_change",
    ),
    path(
        "groups/<uuid:pk>/members/<uuid:seat>/remove/",
        groups.group_member_remove,
        name="group_member_remove",
    ),
    path("roster/import/", roster.roster_import, name="roster_import"),
    path("roster/export/", roster.roster_export, name="roster_export"),
    path("permissions/", permissions.permission_matrix, name="permission_matrix"),
    path("permissions.csv", permissions.permission_matrix_csv, name="permission_matrix_csv"),
    path("docs/", permissions.docs, name="docs"),
    path("security/", security.security, name="security"),
    path("settings/", settings.organization_settings, name="organization_settings"),
    path("settings/general/", settings.organization_change, name="organization_change"),
    path(
        "settings/policies/",
        settings.organization_change_policies,
        name="organization_change_policies",
    ),
    path("settings/delete/", settings.organization_close, name="organization_close"),
    path("settings/restore/", settings.organization_restore, name="organization_restore"),
    path("audit-log/", include("audit.urls")),
]

urlpatterns = [
    path("", organizations.home, name="home"),
    path("organizations/", organizations.organization_list, name="organization_list"),
    path("organizations/new/", organizations.organization_create, name="organization_create"),
    path("settings", organizations.shortcut, {"page": "organization_settings"}, name="settings"),
    path("billing", organizations.shortcut, {"page": "billing_overview"}, name="billing"),
    path("settings/audit-log", organizations.shortcut, {"page": "event_list"}, name="audit_log"),
    path("invitations/<str:token>/", organizations.invitation_view, name="invitation_view"),
    path(
        "invitations/<str:token>/accept/",
        organizations.invitation_accept,
        name="invitation_accept",
    ),
    path(
        "invitations/<str:token>/decline/",
        organizations.invitation_decline,
        name="invitation_decline",
    ),
    path("o/<slug:slug>/", include(organization)),
]
