"""The organization's webhooks. HTTP only: get, ask, act, show."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_variables

from audit.events import Event
from audit.streaming import AREAS
from config.gate import gate
from config.keyset import page_links
from config.roles import Permission
from orgs.actions import webhooks as actions
from orgs.forms.members import ConfirmForm
from orgs.forms.webhooks import SAID, RotateForm, SkipForm, WebhookForm
from orgs.models import Webhook
from orgs.queries import webhooks as queries
from orgs.tenancy import OrgRequest
from orgs.views.dialog import elsewhere, posted, refuse, show

MAY = Permission.ORG_MANAGE_WEBHOOKS


@gate(MAY)
def webhook_list(request: OrgRequest, slug: str) -> HttpResponse:
    context = {"rows": queries.webhook_list(request.org.id), "most": actions.MOST}
    return render(request, "orgs/webhooks.html", context)


@gate(MAY)
def webhook_view(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    """Its state and what was tried; the part that moves comes alone when the page asks for it."""
    row = queries.webhook_row(request.org.id, pk)
    if row is None:
        raise Http404
    page = queries.attempt_list(request.org.id, pk, cursor=request.GET.get("page"))
    context = {
        "row": row,
        "webhook": row.webhook,
        "page": page,
        "is_first_page": page.newer is None,
        **page_links(request, page),
    }
    part = "#moving" if request.htmx and not request.htmx.boosted else ""
    return render(request, f"orgs/webhook.html{part}", context)


@sensitive_variables("secret")
@gate(MAY, records=Event.WEBHOOK_CREATED, fresh=True)
def webhook_create(request: OrgRequest, slug: str) -> HttpResponse:
    """The secret is in the answer that makes it, and nowhere else."""
    form = WebhookForm(posted(request))
    if form.is_valid():
        try:
            made, secret = actions.webhook_create(
                said=form.said, whole_log=form.whole_log, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            return _show_secret(request, made, secret)
    return show(request, "orgs/webhook_form.html", form, {"webhook": None, "areas": AREAS})


@gate(MAY, records=Event.WEBHOOK_CHANGED, fresh=True)
def webhook_change(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    found = _webhook(request, pk)
    initial = {name: getattr(found, name) for name in SAID}
    form = WebhookForm(posted(request), found=found, initial=initial)
    if form.is_valid():
        try:
            changed = actions.webhook_change(webhook=found, said=form.said, actor=request.access)
        except ValidationError as error:
            refuse(form, error)
        else:
            return _to(request, changed, f"{changed.name} is changed")
    return show(request, "orgs/webhook_form.html", form, {"webhook": found, "areas": AREAS})


@sensitive_variables("secret")
@gate(MAY, records=Event.WEBHOOK_SECRET_ROTATED, fresh=True)
def webhook_rotate_secret(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    found = _webhook(request, pk)
    form = RotateForm(posted(request), initial={"seen": found.changed_at.isoformat()})
    if form.is_valid():
        try:
            changed, secret = actions.webhook_rotate_secret(
                webhook=found, **form.cleaned_data, actor=request.access
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            return _show_secret(request, changed, secret)
    return show(request, "orgs/webhook_rotate_secret.html", form, {"webhook": found})


@gate(MAY, records=Event.WEBHOOK_PAUSED)
def webhook_pause(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    found = _webhook(request, pk)
    if request.method != "POST":
        return redirect("webhook_view", slug, pk)
    changed = actions.webhook_pause(webhook=found, actor=request.access)
    return _to(request, changed, f"{changed.name} is paused; its place in the log is kept")


@gate(MAY, records=Event.WEBHOOK_RESUMED)
def webhook_resume(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    found = _webhook(request, pk)
    if request.method != "POST":
        return redirect("webhook_view", slug, pk)
    changed = actions.webhook_resume(webhook=found, actor=request.access)
    return _to(request, changed, f"{changed.name} goes on where it stood")


@gate(MAY, records=Event.WEBHOOK_SKIPPED)
def webhook_skip(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    found = _webhook(request, pk)
    row = queries.webhook_row(request.org.id, pk)
    form = SkipForm(posted(request), initial={"up_to": row.newest if row else 0})
    if form.is_valid():
        skipped = actions.webhook_skip(webhook=found, **form.cleaned_data, actor=request.access)
        word = "entry was" if skipped == 1 else "entries were"
        return _to(request, found, f"{skipped:,} {word} skipped for {found.name}")
    return show(request, "orgs/webhook_skip.html", form, {"webhook": found, "row": row})


@gate(MAY, records=Event.WEBHOOK_TESTED)
def webhook_test(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    found = _webhook(request, pk)
    if request.method != "POST":
        return redirect("webhook_view", slug, pk)
    changed = actions.webhook_test(webhook=found, actor=request.access)
    return _to(request, changed, f"A test is on its way to {changed.name}")


@gate(MAY, records=Event.WEBHOOK_DELETED, fresh=True)
def webhook_delete(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    found = _webhook(request, pk)
    form = ConfirmForm(posted(request), name=found.name)
    if form.is_valid():
        actions.webhook_delete(webhook=found, actor=request.access)
        to = reverse("webhook_list", args=[slug])
        return elsewhere(request, f"{found.name} is removed", to=to)
    context = {"webhook": found, "row": queries.webhook_row(request.org.id, pk)}
    return show(request, "orgs/webhook_delete.html", form, context)


@sensitive_variables("secret")
def _show_secret(request: OrgRequest, webhook: Webhook, secret: str) -> HttpResponse:
    part = "#dialog" if request.htmx else ""
    context = {"webhook": webhook, "secret": secret}
    return render(request, f"orgs/webhook_secret.html{part}", context)


def _webhook(request: OrgRequest, pk: UUID) -> Webhook:
    return get_object_or_404(Webhook.objects.in_org(request.org.id), pk=pk)


def _to(request: OrgRequest, webhook: Webhook, text: str) -> HttpResponse:
    to = reverse("webhook_view", args=[request.org.slug, webhook.pk])
    return elsewhere(request, text, to=to)
