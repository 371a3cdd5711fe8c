"""Accounts: who may sign in at all. Passwords and memberships are not seen here."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import URLPattern, path, reverse

from accounts.actions import account_set_state as set_state
from accounts.models import ACCOUNT_FIELDS, User
from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.forms.containers import LiftForm, StateForm
from orgs.portal.containers import ContainerAdmin
from orgs.portal.deeds import Deed, PortalRequest, answer, posted

MANAGE = Permission.PLATFORM_MANAGE_USERS


class AccountAdmin(ContainerAdmin):
    permission = MANAGE
    list_display = ("name", "email", "state", "is_staff", "date_joined", "last_login")
    list_filter = ("state", "is_staff")
    search_fields = ("name", "email")
    ordering = ("name", "id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return User.objects.only(*ACCOUNT_FIELDS)

    def get_urls(self) -> list[URLPattern]:
        inside = self.admin_site.admin_view
        name = "accounts_user_{}".format
        return [
            path("", inside(self.changelist_view), name=name("changelist")),
            path("<uuid:pk>/", inside(account_view), name=name("change")),
            path("<uuid:pk>/approve/", inside(account_approve), name=name("approve")),
            path("<uuid:pk>/state/", inside(account_set_state), name=name("state")),
        ]


@gate(MANAGE)
def account_view(request: PortalRequest, pk: UUID) -> HttpResponse:
    person = account_at(pk)
    context = admin.site.each_context(request) | {
        "person": person,
        "is_me": person.pk == request.user.pk,
    }
    return render(request, "admin/account.html", context)


@gate(MANAGE, records=Event.ACCOUNT_STATE_CHANGED)
def account_approve(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Let an account in that waits for a look, or that was kept out."""
    person = account_at(pk)
    form = posted(request, LiftForm)
    deed = Deed(
        title=f"Let {person.name} in?",
        text="The account becomes active: the person may sign in from now on.",
        button="Let in",
        busy="Letting in",
        back=_page_of(pk),
        icon="check-badge",
    )
    return answer(request, deed, form, partial(_set, request, person, User.State.ACTIVE, form))


@gate(MANAGE, records=Event.ACCOUNT_STATE_CHANGED, fresh=True)
def account_set_state(request: PortalRequest, pk: UUID) -> HttpResponse:
    """Any state, with its reason; keeping somebody out takes a fresh sign-in."""
    person = account_at(pk)
    form = posted(request, StateForm, state=person.state, reason=person.state_reason)
    deed = Deed(
        title=f"May {person.name} sign in?",
        text="Who is suspended or under review is signed out everywhere and reads the reason."
        " Memberships stay as they are.",
        button="Save",
        busy="Saving",
        back=_page_of(pk),
        icon="user-circle",
    )
    return answer(request, deed, form, partial(_set, request, person, None, form))


def _set(request: PortalRequest, person: User, state: User.State | None, form: forms.Form) -> str:
    changed = set_state(
        person=person,
        state=state or User.State(form.cleaned_data["state"]),
        reason=form.cleaned_data["reason"],
        actor=request.access.identity,
    )
    return f"{changed.name}: {changed.get_state_display().lower()}."


def account_at(pk: UUID) -> User:
    return get_object_or_404(User.objects.only(*ACCOUNT_FIELDS), pk=pk)


def _page_of(pk: UUID) -> str:
    return reverse("admin:accounts_user_change", args=[pk])
