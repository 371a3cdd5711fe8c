"""What the organization, its cost centres and projects may spend. HTTP only."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit.events import Event
from billing.forms.budgets import BudgetForm
from billing.queries.budgets import (
    LAYERS,
    BudgetFilter,
    budget_page,
    keys_bound,
    of_organization,
    subjects_of,
    unseen,
)
from billing.queries.metering import month_to_date
from config.gate import gate
from config.keyset import page_links
from config.requests import asks_part
from config.roles import Permission
from orgs.queries.organizations import owner_names
from orgs.tenancy import OrgRequest
from orgs.views.dialog import posted
from projects.allowance import Allowance
from projects.models import Limit
from projects.queries.limits import limit_of, standings
from projects.views.limits import answer

ORGANIZATION = Limit.Layer.ORGANIZATION.value


@gate(Permission.BILLING_VIEW_COSTS)
@require_safe
def budget_list(request: OrgRequest, slug: str) -> HttpResponse:
    access, asked = request.access, BudgetFilter.read(request.GET)
    page, rows = budget_page(access, asked)
    manages = access.can(Permission.BILLING_MANAGE_BUDGETS)
    context: dict[str, Any] = {"asked": asked, "rows": rows, "manages": manages}
    context |= _of_layer(asked) | page_links(request, page)
    if asks_part(request):
        return render(request, "billing/budget_list.html#list", context)
    month = month_to_date(access.org.id)
    whole, plan = of_organization(access, month.sums.cost)
    context |= {
        "whole": whole,
        "plan": plan,
        "month": month,
        "unseen": unseen(access, asked.layer),
        "tabs": [(words[0], name, asked.url(layer=name, q="")) for name, words in LAYERS.items()],
        "limits": access.can(Permission.KEYS_SET_POLICIES),
        "sees_billing": access.can(Permission.BILLING_VIEW),
        "owners": [] if manages else owner_names(access.org.id),
    }
    return render(request, "billing/budget_list.html", context)


@gate(Permission.BILLING_MANAGE_BUDGETS, records=Event.LIMIT_CHANGED)
def budget_set(request: OrgRequest, slug: str, layer: str, pk: UUID) -> HttpResponse:
    subject, org = _subject(request, layer, pk), request.org.id
    before = Allowance.of(limit_of(org, layer, pk))
    form = BudgetForm(posted(request), layer=layer, current=before)
    found = [each for each in standings(org, [pk]) if each.layer == layer]
    context = {
        "subject": subject,
        "layer": layer,
        "standing": found[0] if found else None,
        "keys": keys_bound(org, layer, pk),
        "back": _list_url(slug, layer),
    }
    said = f"The budget of {subject.name} is as you said"
    return answer(request, subject, form, before, "billing/budget_set.html", context, said)


def _subject(request: OrgRequest, layer: str, pk: UUID) -> Any:
    """Whose budget the address names, of those that this person sees (C4-9)."""
    if layer == ORGANIZATION and pk == request.org.id:
        return request.org
    if layer not in LAYERS:
        raise Http404
    return get_object_or_404(subjects_of(request.access, layer), pk=pk)


def _list_url(slug: str, layer: str) -> str:
    page = reverse("budget_list", args=[slug])
    return f"{page}?layer={layer}" if layer in LAYERS else page


def _of_layer(asked: BudgetFilter) -> dict[str, str]:
    label, one, icon = LAYERS[asked.layer]
    return {
        "label": label,
        "one": one,
        "icon_name": icon,
        "some_url": asked.url(show=""),
        "all_url": asked.url(show="all"),
        "none_title": f"No {one} has a budget or cost anything this month.",
    }
