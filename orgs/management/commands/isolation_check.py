"""`manage.py isolation_check`: can an outsider tell what exists in an organization?

It calls every route as an owner of another organization and as a superadmin, both made for this
and undone with all the rest, and says what it found. 0: nothing; 1: something.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import Any
from uuid import UUID, uuid4

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.test import Client

from accounts.models import User
from config.roles import Preset, Role
from orgs.actions.organizations import organization_create
from orgs.isolation.routes import routes
from orgs.isolation.samples import sample
from orgs.isolation.walk import Outsider, Report, walk
from orgs.models import Organization
from orgs.tasks import JOB
from orgs.tenancy import bound

SIGN_IN = settings.AUTHENTICATION_BACKENDS[-1]


class Command(BaseCommand):
    help = "Call every route as outsiders and compare what exists with what does not."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--org", help="the address of the organization that is tried")

    def handle(self, *args: Any, org: str | None, **options: Any) -> None:
        # Each missing page that is asked for would be a line of the server's log.
        logging.getLogger("django.request").setLevel(logging.CRITICAL)
        with transaction.atomic():
            reports = [self._try(*found) for found in _organizations(org)]
            transaction.set_rollback(True)
        if not reports:
            raise CommandError("There is no open organization to try.")
        for report in reports:
            self._tell(report)
        if any(report.findings for report in reports):
            raise CommandError("An outsider can tell what exists.", returncode=1)

    def _try(self, organization: UUID, slug: str) -> Report:
        stranger, superadmin = _person(), _person(is_staff=True)
        own = organization_create(
            name="Isolation check",
            slug=f"isolation-{uuid4().hex[:12]}",
            preset=Preset.S1,
            owner=stranger,
            actor=JOB,
        )
        with bound(organization):
            samples = sample(organization)
            insider = User.objects.filter(
                is_active=True,
                memberships__organization=organization,
                memberships__role=Role.OWNER.value,
            )[0]
        client = _client(stranger)
        outsiders = [
            Outsider(name="another organization’s owner", client=client, slug=own.slug),
            Outsider(name="the same, under the foreign address", client=client, slug=slug),
            Outsider(name="a superadmin", client=_client(superadmin), slug=slug),
        ]
        return walk(
            list(routes()),
            insider=_client(insider),
            outsiders=outsiders,
            slug=slug,
            samples=samples,
            progress=self._progress,
        )

    def _progress(self, done: int, of: int) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r{done} of {of} routes ", ending="" if done < of else "\n")

    def _tell(self, report: Report) -> None:
        said = self.stdout.write
        said(f"{report.organization}: {report.pairs:,} pairs of calls compared")
        for finding in report.findings:
            line = f"  {finding.method.upper()} {finding.route}, {finding.outsider}: "
            said(self.style.ERROR(line + finding.told_by))
        if not report.findings:
            said("  Nobody outside can tell what exists: status, body and statements are equal.")
        said(f"  What exists took {report.time_ratio:.2f} times as long as what does not (median).")
        if report.unopened:
            said(f"  Not tried, since nothing of theirs is there: {', '.join(report.unopened)}")


def _organizations(slug: str | None) -> list[tuple[UUID, str]]:
    """The one at this address, or the largest that is open; for who asks at a server’s console."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT organization_id, slug FROM ledgers(%s)", [slug])
        found = [(pk, address) for pk, address in cursor.fetchall() if address]
    opened: list[tuple[int, UUID, str]] = []
    for pk, address in found:
        with bound(pk):
            row = Organization.objects.filter(id=pk, state="open", owner_count__gt=0).first()
        if row is not None:
            opened.append((row.member_count, pk, address))
    return [(pk, address) for _, pk, address in sorted(opened, reverse=True)[:1]]


def _person(*, is_staff: bool = False) -> User:
    return User.objects.create(
        email=f"{uuid4().hex}@isolation.invalid", name="Isolation check", is_staff=is_staff
    )


def _client(person: User) -> Client:
    """Signed in just now, as the pages that ask for that want it."""
    client = Client(
        headers={"host": settings.ALLOWED_HOSTS[0].replace("*", "localhost")},
        raise_request_exception=False,
    )
    client.force_login(person, backend=SIGN_IN)
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "password", "at": time.time()}]
    session.save()
    return client
