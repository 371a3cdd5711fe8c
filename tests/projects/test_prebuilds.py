"""A project's prebuilds: typed, kept, told before and after, and refused in words (S3-038)."""

from __future__ import annotations

import json

import pytest

from config.roles import Role
from orgs.tenancy import bound
from projects.models import Project
from projects.prebuilds import Prebuilds
from projects.schedules import in_words
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.projects.factories import make_grant, make_group_role, make_project
from tests.projects.parts import newest

FORM = {
    "enabled": "on",
    "trigger": "both",
    "branches": "main\r\nrelease/*\r\n\r\nmain",
    "schedule": "0 3 * * 1-5",
    "timeout": "90",
}


def of(project: Project) -> Prebuilds:
    with bound(project.organization_id):
        return Prebuilds.read(Project.objects.get(pk=project.pk).prebuilds)


@pytest.mark.requirement("S3-038")
def test_a_projects_admin_sets_them_for_any_project(cast: Cast) -> None:
    project, group = make_project(cast.acme), make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, Role.PROJECTS_ADMIN)
    client, url = sign_in(cast.mia), cast.url(f"projects/{project.pk}/prebuilds/")
    assert client.post(url, FORM).status_code == 302
    assert of(project).branches == ("main", "release/*")
    assert (of(project).enabled, of(project).timeout) == (True, 90)
    before, after = json.loads(newest(cast).body)["changes"]["configuration"]
    assert (before["prebuilds"], after["prebuilds"]) == ("off", "on")
    assert after["branches"] == "main, release/*"
    sequence = newest(cast).sequence
    client.post(url, FORM)
    assert newest(cast).sequence == sequence
    assert "at 03:00 on Monday to Friday (UTC)" in client.get(url).content.decode()


@pytest.mark.requirement("S3-038")
def test_a_project_member_does_not(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    url = cast.url(f"projects/{project.pk}/prebuilds/")
    assert sign_in(cast.mia).post(url, FORM).status_code == 302
    assert of(project) == Prebuilds()


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"schedule": "0 24 * * *"}, "24"),
        ({"schedule": "every day"}, "five parts"),
        ({"schedule": ""}, "Say when."),
        ({"schedule": "1 " * 5_000}, "characters"),
        ({"branches": ""}, "Name a branch"),
        ({"branches": "a..b"}, "cannot be the name"),
        ({"branches": "-rf"}, "cannot be the name"),
        ({"branches": "a b"}, "cannot be the name"),
        ({"branches": "x" * 201}, "200 characters"),
        ({"branches": "\n".join(f"b{n}" for n in range(21))}, "20 branches"),
        ({"branches": "a\x00b"}, "Null characters"),
        ({"timeout": "4"}, "Give 5 to 360 minutes"),
        ({"timeout": "nan"}, "Give 5 to 360 minutes"),
        ({"trigger": "reboot"}, "Choose one of these"),
    ],
)
def test_what_is_wrong_is_said_in_words(cast: Cast, wrong: dict[str, str], says: str) -> None:
    project = make_project(cast.acme)
    url = cast.url(f"projects/{project.pk}/prebuilds/")
    response = sign_in(cast.alice).post(url, FORM | wrong)
    assert response.status_code == 422
    assert says in response.content.decode()
    assert of(project) == Prebuilds()


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("0 3 * * 1-5", "at 03:00 on Monday to Friday (UTC)"),
        ("*/15 * * * *", "every 15 minutes every day (UTC)"),
        ("30 6 1 * *", "at 06:30 on day 1 of the month (UTC)"),
        ("0 0 1 * 1", "at 00:00 on day 1 of the month or on Monday (UTC)"),
        (
            "5 4 1,15 1-3 7",
            "at 04:05 on day 1 and 15 of the month or on Sunday in January to March (UTC)",
        ),
        ("0 9-17 * * *", "at minute 0 of the hours 9 to 17 every day (UTC)"),
        ("not a schedule", "not a schedule"),
    ],
)
def test_a_schedule_is_told_in_words(schedule: str, words: str) -> None:
    assert in_words(schedule) == words
