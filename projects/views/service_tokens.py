"""Tokens of service accounts. HTTP only: get, ask, act, show."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.views.dialog import elsewhere, posted, refuse, show
from projects.actions import service_tokens as actions
from projects.doors import ServiceAccountRequest, service_account_at
from projects.forms.service_accounts import RevokeTokenForm, TokenForm
from projects.models import ServiceToken
from projects.queries import service_accounts as queries


@sensitive_variables("text")
@gate(
    Permission.KEYS_CREATE,
    records=Event.SERVICE_TOKEN_CREATED,
    fresh=True,
    on=service_account_at,
)
def service_token_create(request: ServiceAccountRequest, slug: str, pk: UUID) -> HttpResponse:
    """The token is in the answer that makes it, and nowhere else."""
    account, form = request.target, TokenForm(posted(request))
    context = {"account": account, "choices": queries.scope_choices(request.access)}
    if form.is_valid():
        try:
            token, text = actions.service_token_create(
                account=account, **form.cleaned_data, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            part = "#dialog" if request.htmx else ""
            context |= {"token": token, "text": text}
            return render(request, f"projects/service_token_made.html{part}", context)
    return show(request, "projects/service_token_create.html", form, context)


@gate(Permission.KEYS_CREATE, records=Event.SERVICE_TOKEN_REVOKED, on=service_account_at)
def service_token_revoke(
    request: ServiceAccountRequest, slug: str, pk: UUID, token: UUID
) -> HttpResponse:
    rows = ServiceToken.objects.in_org(request.org.id).filter(account=request.target)
    found, form = get_object_or_404(rows, pk=token), RevokeTokenForm(posted(request))
    if form.is_valid():
        try:
            actions.service_token_revoke(token=found, **form.cleaned_data, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            to = reverse("service_account_view", args=[slug, pk])
            return elsewhere(request, f"The token {found.name} works nowhere any more", to=to)
    context = {"account": request.target, "token": found}
    return show(request, "projects/service_token_revoke.html", form, context)
