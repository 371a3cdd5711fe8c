"""`manage.py import_roster`: make organizations what a roster file says, all of them or none.

What a file means, and how a plan is told, is in `orgs/roster`; the deed itself is in
`orgs/actions/roster.py`.
"""

import re
import sys
import time
from argparse import ArgumentTypeError
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.models import User
from audit.ledger import Actor
from config.roles import Preset, Role
from config.text import NAME_LENGTH, clean_email, clean_line
from orgs.access import Access
from orgs.actions.organizations import organization_create
from orgs.actions.roster import (
    PlanRefusedError,
    counts_in_words,
    digest,
    roster_import,
    roster_plan,
)
from orgs.models.organizations import SLUG
from orgs.queries.roster import organization_at
from orgs.roster.document import Document, OrgFile, Problem
from orgs.roster.nodes import MAX_BYTES
from orgs.roster.peribolos import read
from orgs.roster.plan import OWNER, PersonNow, Plan, Snapshot, plan
from orgs.roster.told import bar, count, printable, table
from orgs.tenancy import bound

COMMAND = Actor("command", None, "Command line")
DEMO_OWNER = "alice.marlow@acme.example"
MOST_PROBLEMS = 50


@dataclass(frozen=True, kw_only=True)
class Job:
    """One organization of the file and what would happen to it; without an id it is to be made."""

    org_file: OrgFile
    slug: str
    id: UUID | None
    owner: User | None
    plan: Plan


class Command(BaseCommand):
    help = (
        "Show what a roster file (peribolos form) would change, then change it in one transaction. "
        "Organizations that are missing are created. Applied twice it changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the roster; - reads standard input")
        parser.add_argument(
            "--owner",
            metavar="EMAIL",
            help="the account that becomes first owner of organizations that are missing",
        )
        parser.add_argument(
            "--org", metavar="KEY", action="append", help="only this organization; repeatable"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask before applying")
        parser.add_argument(
            "--plan",
            "--dry-run",
            action="store_true",
            dest="plan_only",
            help="show, change nothing",
        )
        parser.add_argument(
            "--allow-removals",
            type=_percent,
            default=25,
            metavar="PERCENT",
            help="how many of the people, and of the groups, may go in one import (25)",
        )

    def handle(
        self,
        *args: Any,
        file: str,
        owner: str | None,
        org: list[str] | None,
        yes: bool,
        plan_only: bool,
        allow_removals: int,
        **options: Any,
    ) -> None:
        self.share = allow_removals / 100
        document = self._read(file, org or [])
        self.file = document.file
        chosen = _chosen(document, org or [])
        with transaction.atomic():
            jobs = self._plan(chosen, owner)
        self._show(jobs)
        changes = sum(len(job.plan.changes) for job in jobs)
        if not changes and all(job.id for job in jobs):
            self.stdout.write("Nothing to change.")
        elif plan_only or not (yes or self._agreed(changes)):
            self.stdout.write("Nothing was changed.")
        else:
            self._apply_all(jobs)

    # Reading and planning

    def _read(self, file: str, keys: list[str]) -> Document:
        try:
            content = _content(file)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        name = "standard input" if file == "-" else Path(file).name
        document = read(content, name=name, key=keys[0] if len(keys) == 1 else None)
        self._say(document.problems)
        if not document.ok:
            hint = " Name it with --org KEY." if document.errors[0].code == "org.unnamed" else ""
            found = count(len(document.errors), "error")
            raise CommandError(f"Nothing was changed: {found} in {name}.{hint}")
        return document

    def _plan(self, chosen: list[OrgFile], owner: str | None) -> list[Job]:
        slugs: dict[str, str] = {}
        for org_file in chosen:
            slug = _slug(org_file.key)
            other = slugs.setdefault(slug, org_file.key)
            if other != org_file.key:
                raise CommandError(f"{other} and {org_file.key} would share the address {slug}.")
        found = {slug: organization_at(slug) for slug in slugs}
        missing = [key for slug, key in slugs.items() if found[slug] is None]
        first = _owner(owner, missing) if missing else None
        jobs = [
            self._job(org_file, slug, found[slug], first)
            for org_file, slug in zip(chosen, slugs, strict=True)
        ]
        if refused := [job.org_file.key for job in jobs if job.plan.refused]:
            for job in jobs:
                self._say(job.plan.problems)
            raise CommandError(f"Nothing was changed: {', '.join(refused)} refused.")
        return jobs

    def _job(self, org_file: OrgFile, slug: str, pk: UUID | None, owner: User | None) -> Job:
        if pk is None and owner is not None:
            first = PersonNow("", None, owner.email, OWNER, placeholder=False)
            now = Snapshot(key=org_file.key, people=(first,))
            found = plan(org_file, now, allow_removals=self.share, file=self.file)
            return Job(org_file=org_file, slug=slug, id=None, owner=owner, plan=found)
        assert pk is not None  # noqa: S101  an owner is asked for whenever one is missing
        with bound(pk):
            found = roster_plan(
                org_file=org_file, organization=pk, file=self.file, allow_removals=self.share
            )
        return Job(org_file=org_file, slug=slug, id=pk, owner=None, plan=found)

    # Applying

    def _apply_all(self, jobs: list[Job]) -> None:
        started = time.monotonic()
        try:
            with transaction.atomic():
                changes = sum(self._apply(job) for job in jobs)
        except ValidationError as error:
            self._say(error.plan.problems if isinstance(error, PlanRefusedError) else ())
            raise CommandError(f"Nothing was changed. {' '.join(error.messages)}") from error
        seconds = time.monotonic() - started
        done = f"Applied {count(changes, 'change')} in {seconds:.1f} s."
        self.stdout.write(self.style.SUCCESS(done))

    def _apply(self, job: Job) -> int:
        """Returns how many changes were made."""
        pk = job.id or _create(job)
        with bound(pk):
            done = roster_import(
                org_file=job.org_file,
                organization=pk,
                file=self.file,
                actor=Access(organization=None, roles=frozenset({Role.OWNER}), identity=COMMAND),
                allow_removals=self.share,
                # The rows of an organization made just now have other ids than in its plan.
                shown=digest(job.plan) if job.id else "",
                progress=lambda done, total: self._progress(job.slug, done, total),
            )
        clear = "\r\x1b[2K" if self.stdout.isatty() else ""
        self.stdout.write(f"{clear}{job.slug}: {counts_in_words(done)}")
        return len(done.changes)

    # Showing

    def _show(self, jobs: list[Job]) -> None:
        for job in jobs:
            # That whoever founds an organization owns it is no news.
            self._say(tuple(p for p in job.plan.problems if job.id or p.code != "owner.kept"))
        heads, *lines = table([(job.slug, job.id is None, job.plan) for job in jobs])
        self.stdout.write(self.style.MIGRATE_HEADING(heads))
        for line in lines:
            self.stdout.write(line)

    def _say(self, problems: tuple[Problem, ...]) -> None:
        for problem in problems[:MOST_PROBLEMS]:
            style = self.style.ERROR if problem.level == "error" else self.style.WARNING
            self.stderr.write(style(printable(f"{problem.level}: {problem}")))
        if len(problems) > MOST_PROBLEMS:
            self.stderr.write(f"and {len(problems) - MOST_PROBLEMS:,} more")

    def _agreed(self, changes: int) -> bool:
        """Without a terminal there is nobody to ask, and running the command says yes."""
        if not sys.stdin.isatty():
            return True
        return input(f"Apply {count(changes, 'change')}? [y/N] ").strip().lower() in ("y", "yes")

    def _progress(self, slug: str, done: int, total: int) -> None:
        if self.stdout.isatty():
            self.stdout.write(f"\r{slug}  {bar(done, total)}", ending="")
            self.stdout.flush()


def _create(job: Job) -> UUID:
    assert job.owner is not None  # noqa: S101  see _job
    organization = organization_create(
        name=_name(job.org_file),
        slug=job.slug,
        preset=Preset.S1,
        owner=job.owner,
        actor=COMMAND,
    )
    return organization.id


def _content(file: str) -> bytes:
    """One byte more than may be read, so that a larger file is seen to be one."""
    if file == "-":
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    with Path(file).open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


def _percent(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 100:
        raise ArgumentTypeError("a whole number from 0 to 100")
    return int(text)


def _chosen(document: Document, keys: list[str]) -> list[OrgFile]:
    """The organizations of the file that are asked for, all without a choice."""
    if not keys:
        return list(document.orgs)
    found = {key: document.org(key) for key in keys}
    missing = [key for key, org_file in found.items() if org_file is None]
    if missing:
        there = ", ".join(org_file.key for org_file in document.orgs)
        message = f"{document.file} has no {', '.join(missing)}. It has: {there}."
        raise CommandError(printable(message))
    return list({id(org): org for org in found.values() if org is not None}.values())


def _slug(key: str) -> str:
    """The address of an organization from its key in the file."""
    slug = re.sub(r"[^a-z0-9]+", "-", key.lower()).strip("-")
    try:
        SLUG(slug)
    except ValidationError as error:
        raise CommandError(printable(f"'{key}' gives no address. {error.message}")) from error
    if len(slug) > 40:
        raise CommandError(f"'{key}' is too long for an address: 40 characters at most.")
    return slug


def _name(org_file: OrgFile) -> str:
    try:
        return clean_line(org_file.name or org_file.key, max_length=NAME_LENGTH) or org_file.key
    except ValidationError as error:
        raise CommandError(f"The name of {org_file.key}: {' '.join(error.messages)}") from error


def _owner(email: str | None, missing: list[str]) -> User:
    """The account that will own what is made; beside the demo it is Alice unless told otherwise.

    Raises CommandError with the way to mend it.
    """
    try:
        address = clean_email(email or DEMO_OWNER)
    except ValidationError as error:
        raise CommandError(f"--owner: {' '.join(error.messages)}") from error
    person = User.objects.filter(email=address, is_active=True).first()
    if person is None and not email:
        raise CommandError(
            f"To be created: {', '.join(missing)}. Name the first owner: --owner EMAIL."
        )
    if person is None:
        raise CommandError(
            f"No active account has the address {address}. Sign up with it first, "
            "then run this again."
        )
    return person
