"""The platform's own ledger: what superadmins did, and who came in; and of every other ledger how
much is written into it, and nothing of what. Read only.
"""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from audit.events import Event
from audit.models import PLATFORM, Outcome
from audit.queries import recent_actors
from config.gate import gate
from config.keyset import capped_count, keyset_page, page_links
from config.requests import asks_part
from config.roles import Permission
from orgs.models import Organization
from orgs.portal.deeds import PortalRequest
from orgs.queries.containers import Written, ledger_counters
from orgs.queries.platform_log import platform_events

AREAS = (
    *("session", "account", "organization", "invitation", "platform", "platform_provider"),
    *("support", "owner", "access", "audit"),
)
ACTIONS = [event.value for event in Event if event.value.split(".")[0].split("_")[0] in AREAS]
DAYS = (("1", "24 hours"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days"))
SPANS = (7, 30, 90)


class LogForm(forms.Form):
    """Each field stands for itself: one that cannot be read counts as not set."""

    actor = forms.UUIDField(required=False)
    action = forms.ChoiceField(required=False, choices=[(name, name) for name in ACTIONS])
    outcome = forms.ChoiceField(required=False, choices=Outcome.choices)
    days = forms.ChoiceField(required=False, choices=DAYS)

    @property
    def asked(self) -> dict[str, Any]:
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


@gate(Permission.PLATFORM_VIEW_AUDIT_LOG)
@require_safe
def platform_log(request: PortalRequest) -> HttpResponse:
    asked = LogForm(request.GET).asked
    page = platform_events(asked, cursor=request.GET.get("page"))
    template = "admin/log.html#log" if asks_part(request) else "admin/log.html"
    context = admin.site.each_context(request) | {
        "entries": page.rows,
        **page_links(request, page),
        "asked": {name: str(value) for name, value in asked.items()},
        "actors": [] if request.htmx else recent_actors(PLATFORM),
        "actions": ACTIONS,
        "outcomes": Outcome.choices,
        "spans": DAYS,
    }
    return render(request, template, context)


@gate(Permission.PLATFORM_VIEW_AUDIT_LOG)
@require_safe
def platform_counters(request: PortalRequest) -> HttpResponse:
    """How much each organization's ledger took up. Opaque: no actor, no action, no sentence."""
    days = request.GET.get("days", "")
    span = int(days) if days in {str(span) for span in SPANS} else SPANS[0]
    found = Organization.objects.as_containers()
    page = keyset_page(found, order=("name", "id"), cursor=request.GET.get("page"))
    counted = ledger_counters([each.pk for each in page.rows], span)
    context = admin.site.each_context(request) | {
        "rows": [
            (organization, counted.get(organization.pk, Written())) for organization in page.rows
        ],
        **page_links(request, page),
        "span": span,
        "spans": SPANS,
        "number": capped_count(found),
        "since": timezone.localdate() - datetime.timedelta(days=span - 1),
    }
    return render(request, "admin/counters.html", context)
