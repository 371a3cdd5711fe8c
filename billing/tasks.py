"""Jobs on usage and money, by the clock. What they do is in the actions; they may run twice."""

from __future__ import annotations

import logging
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from procrastinate.contrib.django import app

from billing.actions.month import months_invoice
from billing.actions.provider_round import organizations_at, planned_send, provider_round
from billing.actions.reminders import overdue_remind
from billing.actions.rollup import ForeignLogError, usage_roll
from billing.gateway import GatewayError
from billing.periods import today_here
from orgs.tasks import JOB

log = logging.getLogger(__name__)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="usage_add_up")
def usage_add_up(timestamp: int) -> None:
    """Add up what keys used since the last minute."""
    try:
        if taken := usage_roll():
            log.info("Usage: %s requests added up", taken)
    except ForeignLogError as error:
        log.error("Usage: %s", error)


@app.periodic(cron="20 2 * * *")
@app.task(queueing_lock="months_invoice")
def months_invoice_due(timestamp: int) -> None:
    """Invoice the months that are over. Daily, so that one that was missed is caught up with."""
    if issued := months_invoice(today=today_here(), actor=JOB):
        log.info("Issued %s invoices", len(issued))


@app.periodic(cron="30 8 * * *")
@app.task(queueing_lock="overdue_remind")
def overdue_remind_due(timestamp: int) -> None:
    """Remind of what is overdue, in the morning."""
    if reminded := overdue_remind(today=today_here(), actor=JOB):
        log.info("Reminded of %s invoices", reminded)


@app.periodic(cron="12 * * * *")
@app.task(queueing_lock="providers_look")
def providers_look(timestamp: int) -> None:
    """Look at what Stripe has, for what its events did not tell; send what was planned."""
    if settings.STRIPE_API_KEY:
        for organization in organizations_at("stripe"):
            _look(organization)


def _look(organization: UUID) -> None:
    """What fails in one organization is logged, tried again next time, and stops no other."""
    try:
        planned_send(organization=organization)
        provider_round(organization=organization)
    except (GatewayError, ValidationError, DatabaseError):
        log.exception("What Stripe has of the organization %s was not read", organization)
