"""Back in the browser's history: htmx asks for the page again, and gets the whole of it."""

from __future__ import annotations

import pytest

from tests.factories import Cast, body_of, sign_in
from tests.projects.factories import make_project, make_workspace

LISTS = (
    "projects/",
    "projects/{project}/resources/",
    "projects/{project}/keys/",
    "projects/{project}/secrets/",
    "projects/{project}/access/",
    "workspaces/",
    "workspaces/{workspace}/",
    "hub/",
    "settings/keys/",
    "settings/keys/requests/",
    "settings/limits/",
    "settings/service-accounts/",
    "runners/",
    "executions/",
)


@pytest.mark.parametrize("path", LISTS)
def test_a_list_answers_a_filter_with_its_part_and_the_way_back_with_the_page(
    cast: Cast, path: str
) -> None:
    workspace = make_workspace(cast.acme, "Logistics")
    project = make_project(cast.acme, "Picking", workspace)
    url = cast.url(path.format(project=project.pk, workspace=workspace.pk))
    alice = sign_in(cast.alice)
    part = body_of(alice.get(url, headers={"HX-Request": "true"}))
    back = body_of(
        alice.get(url, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    )
    assert "<html" not in part
    assert "<html" in back
    assert back.count('id="total"') <= 1
