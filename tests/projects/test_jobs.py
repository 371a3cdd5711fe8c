"""Jobs: the web role may queue and do them, and the clock asks for each."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from orgs.tasks import organizations_purge
from orgs.tenancy import bound
from projects import tasks
from projects.management.commands import projects_purge as command
from projects.models import Project
from projects.tasks import (
    ends_tell,
    limits_tell,
    projects_purge,
    requests_expire,
    reservations_release,
)
from tests.factories import Cast
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

BY_THE_CLOCK = (
    ends_tell,
    organizations_purge,
    projects_purge,
    requests_expire,
    limits_tell,
    reservations_release,
)


def jobs() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id")
        return cursor.fetchall()


def test_the_clock_asks_for_each_job() -> None:
    asked = {periodic.task.name for periodic in app.periodic_registry.periodic_tasks.values()}
    assert {task.name for task in BY_THE_CLOCK} <= asked


def test_the_web_role_queues_a_job_with_the_change_that_asks_for_it() -> None:
    before = len(jobs())
    ends_tell.defer(timestamp=0)
    assert jobs()[before:] == [("projects.tasks.ends_tell", "todo")]


def test_a_job_waits_once() -> None:
    requests_expire.defer(timestamp=0)
    with pytest.raises(AlreadyEnqueued):
        requests_expire.defer(timestamp=1)


@pytest.mark.parametrize("task", BY_THE_CLOCK, ids=lambda task: task.name)
def test_a_job_with_nothing_to_do_does_nothing(task: object) -> None:
    task(0)  # type: ignore[operator]


def deleted(cast: Cast, name: str) -> Project:
    """A project whose days of grace are over."""
    project = make_project(cast.acme, name)
    over = timezone.now() - datetime.timedelta(minutes=5)
    with bound(cast.acme.pk):
        Project.objects.filter(pk=project.pk).update(state="deleted", deletes_at=over)
    return project


def refusing(purge: Any, name: str) -> Any:
    """The deed, for which this project breaks a rule of its organization."""

    def deed(*, project: Any, organization: Any, **said: Any) -> Any:
        with bound(organization):
            if Project.objects.filter(pk=project, name=name).exists():
                raise ValidationError("This would break a rule.", code="rule")
        return purge(project=project, organization=organization, **said)

    return deed


def names(cast: Cast) -> list[str]:
    with bound(cast.acme.pk):
        return list(Project.objects.order_by("name").values_list("name", flat=True))


def test_a_project_that_a_rule_keeps_stops_no_other_from_going(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted(cast, "Kept"), deleted(cast, "Gone")
    monkeypatch.setattr(tasks, "project_purge", refusing(tasks.project_purge, "Kept"))
    projects_purge(0)
    assert names(cast) == ["Kept"]


def test_the_command_goes_on_and_says_what_stays(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deleted(cast, "Kept"), deleted(cast, "Gone")
    monkeypatch.setattr(command, "project_purge", refusing(command.project_purge, "Kept"))
    with pytest.raises(CommandError, match="1 of 2 could not be deleted"):
        call_command("projects_purge")
    assert names(cast) == ["Kept"]
    assert "Kept" in capsys.readouterr().err


def test_what_one_organization_refuses_stops_no_other(cast: Cast) -> None:
    asked = []

    def deed(*, organization: Any) -> int:
        asked.append(organization)
        if organization == cast.acme.pk:
            raise ValidationError("This would break a rule.", code="rule")
        return 1

    tasks._in_each([cast.acme.pk, cast.umbrella.pk], deed)
    assert asked == [cast.acme.pk, cast.umbrella.pk]
