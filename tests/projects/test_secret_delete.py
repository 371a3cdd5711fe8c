"""Deleting a secret: typed by name, gone for good, and still told in the project's log."""

from __future__ import annotations

from orgs.tenancy import bound
from projects.models import FormerPart, Secret
from tests.factories import Cast, sign_in
from tests.projects.factories import make_project
from tests.projects.parts import make_secret, newest


def test_it_takes_the_name(cast: Cast) -> None:
    project = make_project(cast.acme)
    secret = make_secret(cast, project, "API_TOKEN")
    url = cast.url(f"projects/{project.pk}/secrets/{secret.pk}/delete/")
    client = sign_in(cast.alice)
    assert client.post(url, {"confirm": "api_token"}).status_code == 422
    assert client.post(url, {"confirm": "API_TOKEN"}).status_code == 302
    with bound(cast.acme.id):
        assert not Secret.objects.in_org(cast.acme).exists()
    assert newest(cast).action == "secret.deleted"
    assert client.post(url, {"confirm": "API_TOKEN"}).status_code == 404


def test_the_projects_log_still_tells_of_it(cast: Cast) -> None:
    project = make_project(cast.acme)
    secret = make_secret(cast, project, "API_TOKEN")
    client = sign_in(cast.alice)
    url = cast.url(f"projects/{project.pk}/")
    client.post(f"{url}secrets/{secret.pk}/delete/", {"confirm": "API_TOKEN"})
    body = client.get(f"{url}audit/").content.decode()
    assert "secret.<wbr>deleted" in body
    assert "secret.<wbr>created" in body


def test_a_project_that_goes_leaves_no_trace_of_its_parts(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_secret(cast, project, "API_TOKEN")
    with bound(cast.acme.id):
        type(project).objects.filter(pk=project.pk).delete()
        assert not FormerPart.objects.in_org(cast.acme).exists()
        assert not Secret.objects.in_org(cast.acme).exists()
