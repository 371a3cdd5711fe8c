"""Many keys, limits, service accounts and requests, each row with other neighbours.

What else there are many of is in `crowd.py`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from orgs.models import Group, Membership
from orgs.tenancy import bound
from projects.models import Key, Limit, Project, ServiceAccount, ServiceAccountProject
from tests.factories import Cast
from tests.projects.keys import (
    Platform,
    make_account,
    make_key,
    make_limit,
    make_secret,
    make_token,
)


def populate_machines(cast: Cast, rows: int) -> dict[str, Any]:
    """Grow Acme to this many of each; ids of what has most around it. Runs unbound."""
    with bound(cast.acme.id):
        members = list(Membership.objects.filter(login__gt="").order_by("login"))
        groups = list(Group.objects.order_by("name"))
        projects = list(Project.objects.order_by("name"))
    accounts = _accounts(cast, projects, rows)
    keys = _keys(cast, projects, members, groups, accounts, rows)
    _limits(cast, [*keys, *projects, *groups, *members])
    first = accounts[0]
    with bound(cast.acme.id):
        missing = rows - first.tokens.count()
        works_in = set(first.projects.values_list("project", flat=True))
    tokens = [make_token(first, "decide", "record")[0] for _ in range(missing)]
    with bound(cast.acme.id):
        for project in projects:
            if project.pk not in works_in:
                ServiceAccountProject.objects.create(
                    organization=cast.acme, account=first, project=project
                )
        token = tokens[0].pk if tokens else first.tokens.all()[0].pk
    return {
        "key": keys[0].pk,
        "service": first.pk,
        "token": token,
        "limit": projects[0].pk,
        "keyed": members[0].pk,
    }


def _accounts(cast: Cast, projects: list[Project], rows: int) -> list[ServiceAccount]:
    with bound(cast.acme.id):
        made = list(ServiceAccount.objects.order_by("name"))
    return made + [
        make_account(cast.acme, f"Account {number:03}", (projects[number],), role="member")
        for number in range(len(made), rows)
    ]


def _keys(
    cast: Cast,
    projects: list[Project],
    members: list[Membership],
    groups: list[Group],
    accounts: list[ServiceAccount],
    rows: int,
) -> list[Key]:
    """Each is rotated, used and refused; half are in the first project and of one account.

    The first member holds twice as many as there are rows besides, the first account as many.
    """
    platform = Platform(cast.acme)
    with bound(cast.acme.id):
        made = list(Key.objects.order_by("created_at", "pk"))
        counted = len(made) // 4
    for number in range(counted, rows):
        project = projects[0 if number % 2 == 0 else number]
        more = {"cost_centre": groups[number], "expires_at": _soon(number)}
        for where, holder in (
            (project, members[number]),
            (projects[number], members[0]),
            (projects[-1 - number], members[0]),
            (cast.acme if number % 2 else projects[number], accounts[0]),
        ):
            key, text = make_key(where, holder, **more)
            with bound(cast.acme.id):
                key.secrets.update(ends_at=timezone.now() + timedelta(days=2))
            make_secret(key)
            platform.verify(text, model=f"model-{number}", task=f"task-{number}")
            platform.verify(text, action="organization.delete")
            made.append(key)
    return made


def _limits(cast: Cast, subjects: list[Any]) -> None:
    with bound(cast.acme.id):
        there = set(Limit.objects.values_list("subject", flat=True))
    for number, subject in enumerate(subjects):
        if subject.pk not in there:
            make_limit(subject, budget=10**9 * (number + 2), rpm=90 + number, allowed_tasks=["a"])


def _soon(number: int) -> Any:
    return timezone.now() + timedelta(days=3 + number) if number % 2 else None
