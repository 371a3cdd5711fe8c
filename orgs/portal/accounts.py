"""Accounts: who may sign in at all. Passwords and memberships are not seen here."""

from __future__ import annotations

from uuid import UUID

from django.contrib import admin
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse

from accounts.actions import account_set_state as set_state
from accounts.models import User
from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.forms.containers import StateForm
from orgs.portal.containers import ContainerAdmin
from orgs.portal.deeds import Deed, PortalRequest, answer, posted

MANAGE = Permission.PLATFORM_MANAGE_USERS


class AccountAdmin(ContainerAdmin):
    permission = MANAGE
    list_display = ("name", "email", "state", "is_staff", "date_joined", "last_login")
    list_filter = ("state", "is_staff")
    search_fields = ("name", "email")
    ordering = ("name", "id")

    def get_urls(self) -> list[URLPattern]:
        inside = self.admin_site.admin_view
        name = "accounts_user_{}".format
        return [
            path("", inside(self.changelist_view), name=name("changelist")),
            path("<uuid:pk>/", inside(account_view), name=name("change")),
            path("<uuid:pk>/state/", inside(account_set_state), name=name("state")),
        ]


@gate(MANAGE)
def account_view(request: PortalRequest, pk: UUID) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    context = admin.site.each_context(request) | {
        "person": person,
        "is_me": person.pk == request.user.pk,
    }
    return render(request, "admin/account.html", context)


@gate(MANAGE, records=Event.ACCOUNT_STATE_CHANGED)
def account_set_state(request: PortalRequest, pk: UUID) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    form = posted(request, StateForm, state=person.state, reason=person.state_reason)
    deed = Deed(
        title=f"May {person.name} sign in?",
        text="Who is suspended or under review is signed out everywhere and reads the reason."
        " Memberships stay as they are.",
        button="Save",
        busy="Saving",
        back=reverse("admin:accounts_user_change", args=[pk]),
        icon="user-circle",
    )

    def act() -> str:
        changed = set_state(
            person=person,
            state=User.State(form.cleaned_data["state"]),
            reason=form.cleaned_data["reason"],
            actor=request.access.identity,
        )
        return f"{changed.name}: {changed.get_state_display().lower()}."

    return answer(request, deed, form, act)
