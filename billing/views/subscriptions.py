"""Subscribe, change, cancel, resume. HTTP only: get, ask, act, show."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit.events import Event
from billing import plan_pages as pages
from billing.actions import subscriptions as actions
from billing.forms.subscriptions import CancelForm, DeedForm, PlanForm
from billing.models import Subscription
from billing.offers import sells, sold_plans
from billing.periods import today_here
from billing.queries.subscriptions import standing, subscription_of
from config.gate import gate
from config.roles import Permission
from orgs.tenancy import OrgRequest
from orgs.views.dialog import asks_preview, elsewhere, posted, refuse, show

FORM = "billing/subscription_form.html"


@gate(Permission.BILLING_VIEW)
@require_safe
def plan_list(request: OrgRequest, slug: str) -> HttpResponse:
    return render(request, "billing/plan_list.html", pages.plan_table(request.access))


@gate(Permission.BILLING_CHANGE_PLAN, records=Event.SUBSCRIPTION_STARTED, fresh=True)
def subscription_start(request: OrgRequest, slug: str) -> HttpResponse:
    living = subscription_of(request.org.id)
    if living is not None and not actions.is_over(living, today_here()):
        return _home(request, f"There is a subscription already: {pages.words(living)}")
    if not sells():
        return _home(request, "This installation charges nothing: there is nothing to subscribe to")
    return _plan_form(request, None, deed=actions.subscription_start)


@gate(Permission.BILLING_CHANGE_PLAN, records=Event.SUBSCRIPTION_CHANGED, fresh=True)
def subscription_change(request: OrgRequest, slug: str) -> HttpResponse:
    living = subscription_of(request.org.id)
    if living is None:
        return redirect("subscription_start", slug)
    return _plan_form(request, living, deed=actions.subscription_change)


@gate(Permission.BILLING_CHANGE_PLAN, records=Event.SUBSCRIPTION_CANCELED, fresh=True)
def subscription_cancel(request: OrgRequest, slug: str) -> HttpResponse:
    form = CancelForm(posted(request))
    return _deed(request, "billing/subscription_cancel.html", form, actions.subscription_cancel)


@gate(Permission.BILLING_CHANGE_PLAN, records=Event.SUBSCRIPTION_RESUMED)
def subscription_resume(request: OrgRequest, slug: str) -> HttpResponse:
    form = DeedForm(posted(request))
    return _deed(request, "billing/subscription_resume.html", form, actions.subscription_resume)


def _plan_form(
    request: OrgRequest, living: Subscription | None, *, deed: Callable[..., Subscription]
) -> HttpResponse:
    """Plan and seats, and beside them what they would cost: asked anew whenever they change."""
    start = pages.begin(request.access, living, request.GET)
    form = PlanForm(posted(request), initial=start, plans=sold_plans())
    if asks_preview(request):
        form.is_valid()
        name = "billing/_plan_preview.html" if request.htmx else FORM
        return render(request, name, pages.plan_form(request.access, living, form))
    if form.is_valid():
        asked = dict(form.cleaned_data)
        if living is None:
            del asked["seen"]  # There was nothing to be seen.
        try:
            said = deed(**asked, actor=request.access)
        except ValidationError as error:
            if getattr(error, "code", "") == "subscribed":
                return _home(request, error.messages[0])
            return _refused(request, FORM, form, error)
        return elsewhere(request, pages.done_words(request.org.name, said), to=_billing(request))
    return show(request, FORM, form, pages.plan_form(request.access, living, form))


def _deed(
    request: OrgRequest, template: str, form: Form, deed: Callable[..., Subscription]
) -> HttpResponse:
    stands = standing(request.org.id)
    if stands.subscription is None:
        return _home(request, "There is no subscription to change")
    if form.is_valid():
        try:
            said = deed(**form.cleaned_data, actor=request.access)
        except ValidationError as error:
            return _refused(request, template, form, error)
        return elsewhere(request, pages.done_words(request.org.name, said), to=_billing(request))
    return show(request, template, form, pages.deed_context(request.access, stands))


def _refused(
    request: OrgRequest, template: str, form: Form, error: ValidationError
) -> HttpResponse:
    """The form again, from what stands now: whoever was overtaken decides anew."""
    refuse(form, error)
    stands = standing(request.org.id)
    context: dict[str, Any] = (
        pages.plan_form(request.access, stands.subscription, form)
        if isinstance(form, PlanForm)
        else pages.deed_context(request.access, stands)
    )
    response = show(request, template, form, context)
    if pages.is_overtaken(error):
        response.status_code = 409
    return response


def _home(request: OrgRequest, sentence: str) -> HttpResponse:
    """Nothing to do here: the page says how things stand."""
    if request.htmx:
        return elsewhere(request, sentence, to=_billing(request))
    messages.info(request, sentence)
    return redirect(_billing(request))


def _billing(request: OrgRequest) -> str:
    return reverse("billing_overview", args=[request.org.slug])
