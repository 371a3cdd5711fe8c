"""Jobs: the web role may queue and do them, and the clock asks for each."""

from __future__ import annotations

import pytest
from django.db import connection
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from orgs.tasks import organizations_purge
from projects.tasks import (
    ends_tell,
    limits_tell,
    projects_purge,
    requests_expire,
    reservations_release,
)

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
