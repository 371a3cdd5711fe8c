"""Reads of the runners and automations that a person may see, and of integrations."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from config.keyset import Page, keyset_page
from orgs.access import Access
from projects.forms.kinds.automation import TRIGGERS
from projects.forms.kinds.runner import PROVIDERS as CLOUDS
from projects.models import (
    EnvironmentClass,
    Execution,
    Integration,
    Resource,
    ResourceGrant,
    ResourceGroupGrant,
)
from projects.queries.providers import provider_label
from projects.schedules import in_words

PAGE_SIZE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One runner or automation with what its list says about it."""

    resource: Any
    facts: list[str]
    classes: list[str] = field(default_factory=list)
    runner: str = ""


def room_list(
    *, access: Access, kind: str, search: str, cursor: str | None
) -> tuple[Page[Resource], list[Row]]:
    """Those of one kind that this person may see, by name. Two queries.

    Each has `last_at` and `last_state` of its newest record, and `shared`, the number of people
    and groups it is shared with.
    """
    found = access.visible(Resource.objects.filter(kind=kind))
    if search:
        found = found.filter(Q(name__icontains=search) | Q(description__icontains=search))
    newest = Execution.objects.in_org(access.org.id).filter(resource=OuterRef("pk"))
    newest = newest.order_by("-started_at", "-id")
    found = found.annotate(
        last_at=Subquery(newest.values("started_at")[:1]),
        last_state=Subquery(newest.values("state")[:1]),
        shared=_holders(ResourceGrant, access.org.id) + _holders(ResourceGroupGrant, access.org.id),
    )
    page: Page[Resource] = keyset_page(
        found, order=("sort_name", "id"), cursor=cursor, size=PAGE_SIZE
    )
    rows = (
        _runners(access, page.rows)
        if kind == Resource.Kind.RUNNER
        else _automations(access, page.rows)
    )
    return page, rows


def integration_list(org: UUID, *, kind: str, cursor: str | None) -> Page[Integration]:
    """Integrations by name, without their tokens; `has_token` says whether there is one. One query.

    `label` is the provider in words.
    """
    rows = Integration.objects.in_org(org).select_related("runner").defer("ciphertext")
    if kind:
        rows = rows.filter(kind=kind)
    told: QuerySet[Any] = rows.annotate(
        has_token=Q(ciphertext__isnull=False), label=provider_label()
    )
    return keyset_page(told, order=("name", "id"), cursor=cursor, size=PAGE_SIZE)


def runner_facts(configuration: dict[str, Any]) -> list[str]:
    """Where it stands, and how much runs on it at once."""
    provider = CLOUDS.get(str(configuration.get("provider")), "")
    place = " ".join(filter(None, [provider, str(configuration.get("region") or "")]))
    capacity = configuration.get("capacity")
    return list(filter(None, [place, f"{capacity:,} at once" if isinstance(capacity, int) else ""]))


def automation_facts(configuration: dict[str, Any]) -> list[str]:
    """What starts it."""
    trigger, schedule = str(configuration.get("trigger")), configuration.get("schedule")
    if trigger == "schedule" and schedule:
        words = in_words(str(schedule))
        return [words[:1].upper() + words[1:], str(schedule)]
    if trigger == "event" and configuration.get("event"):
        return [TRIGGERS["event"], str(configuration["event"])]
    return [TRIGGERS[trigger]] if trigger in TRIGGERS else []


def _runners(access: Access, runners: list[Resource]) -> list[Row]:
    classes = defaultdict(list)
    rows = EnvironmentClass.objects.in_org(access.org.id).filter(runner__in=runners)
    for runner, name in rows.order_by("sort_name", "id").values_list("runner", "name"):
        classes[runner].append(name)
    return [
        Row(resource=each, facts=runner_facts(each.configuration), classes=classes[each.pk])
        for each in runners
    ]


def _automations(access: Access, automations: list[Resource]) -> list[Row]:
    wanted = {each.pk: str(each.configuration.get("runner") or "") for each in automations}
    runners = access.visible(Resource.objects.filter(kind=Resource.Kind.RUNNER))
    known = runners.filter(pk__in=[name for name in wanted.values() if _is_id(name)])
    names = {str(pk): name for pk, name in known.values_list("pk", "name")}
    return [
        Row(
            resource=each,
            facts=automation_facts(each.configuration),
            runner=names.get(wanted[each.pk], ""),
        )
        for each in automations
    ]


def _holders(table: Any, org: UUID) -> Any:
    """How many grants of this table are in force on the row."""
    live: QuerySet[Any] = table.objects.in_org(org).live().filter(content_object=OuterRef("pk"))
    counted = live.order_by().values("content_object").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
