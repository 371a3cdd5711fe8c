"""What a plan gives, written onto the organization's row and its limits, where others read it."""

from __future__ import annotations

from django.conf import settings
from django.db.models import F, Value
from django.db.models.functions import Greatest

from billing.plans import Plan, plan_of
from orgs.models import Organization
from projects.models import Limit


def begin_with_default_plan(organization: Organization) -> None:
    """A new organization begins with the plan that one has without a subscription."""
    if organization.plan != settings.DEFAULT_PLAN:
        plan_write(organization, plan_of(settings.DEFAULT_PLAN))


def plan_write(organization: Organization, plan: Plan, *, seats: int | None = None) -> None:
    """Write a plan where the other apps read it: seats and entitlements on the row, the budget
    and the rate as the limits of the layer "plan".

    `seats` is what was bought; without it, what the plan has. Never fewer than are in use: an
    organization that shrank to a smaller plan keeps its people, and takes in no more: a seat that
    falls free is gone, by trigger. The caller records the deed.
    """
    room = plan.seats if seats is None else seats
    Organization.objects.filter(pk=organization.pk).update(
        plan=plan.code,
        seats=Value(None) if room is None else Greatest(Value(room), F("seats_used")),
        seats_of_plan=room,
        entitlements=sorted(plan.entitlements),
    )
    organization.refresh_from_db(fields=["plan", "seats", "entitlements"])
    _limit(organization, plan)


def _limit(organization: Organization, plan: Plan) -> None:
    rows = Limit.objects.in_org(organization.pk).filter(layer=Limit.Layer.PLAN)
    if plan.budget is None and plan.rpm is None:
        rows.delete()
        return
    Limit.objects.update_or_create(
        organization_id=organization.pk,
        layer=Limit.Layer.PLAN,
        defaults={"budget": plan.budget, "rpm": plan.rpm, "zone": settings.TIME_ZONE},
    )
