"""Replacing a value: the old one is gone, and nobody learns either (S3-036)."""

from __future__ import annotations

from orgs.tenancy import bound
from projects.actions.secrets import secret_open
from projects.models import Secret
from tests.factories import Cast, sign_in
from tests.projects.factories import make_project
from tests.projects.parts import make_secret, newest


def now(secret: Secret) -> Secret:
    with bound(secret.organization_id):
        return Secret.objects.get(pk=secret.pk)


def test_an_owner_replaces_a_value(cast: Cast) -> None:
    project = make_project(cast.acme)
    secret = make_secret(cast, project, "API_TOKEN", "old")
    url = cast.url(f"projects/{project.pk}/secrets/{secret.pk}/")
    response = sign_in(cast.alice).post(url, {"value": "brand new"})
    assert response.status_code == 302
    assert secret_open(secret=now(secret)) == "brand new"
    assert newest(cast).action == "secret.changed"


def test_what_is_too_large_leaves_the_old_value(cast: Cast) -> None:
    project = make_project(cast.acme)
    secret = make_secret(cast, project, "API_TOKEN", "old")
    url = cast.url(f"projects/{project.pk}/secrets/{secret.pk}/")
    response = sign_in(cast.alice).post(url, {"value": "x" * 1_000_000})
    assert response.status_code == 422
    assert secret_open(secret=now(secret)) == "old"


def test_the_same_value_is_written_like_any_other(cast: Cast) -> None:
    """Else whoever tries one would learn that it was right."""
    project = make_project(cast.acme)
    secret = make_secret(cast, project, "API_TOKEN", "guess")
    before = newest(cast).sequence
    url = cast.url(f"projects/{project.pk}/secrets/{secret.pk}/")
    sign_in(cast.alice).post(url, {"value": "guess"})
    assert newest(cast).sequence == before + 1
    assert bytes(now(secret).ciphertext) != bytes(secret.ciphertext)


def test_a_secret_of_another_project_is_not_there(cast: Cast) -> None:
    project, other = make_project(cast.acme), make_project(cast.acme)
    secret = make_secret(cast, project, "API_TOKEN")
    client = sign_in(cast.alice)
    for page in ("", "delete/"):
        url = cast.url(f"projects/{other.pk}/secrets/{secret.pk}/{page}")
        assert client.get(url).status_code == 404
        assert client.post(url, {"value": "x", "confirm": "API_TOKEN"}).status_code == 404
    assert secret_open(secret=now(secret)) == "hunter2"
