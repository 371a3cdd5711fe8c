"""Keeping a secret: who may, what is refused, and that no value comes out again (S3-036)."""

from __future__ import annotations

import logging

import pytest

from audit.models import Outcome, Particulars
from config import vault
from config.roles import Role
from orgs.tenancy import bound
from projects.actions.secrets import secret_open
from projects.models import Secret
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.projects.factories import make_grant, make_group_role, make_project
from tests.projects.parts import make_secret, newest

VALUE = "s3cr3t-of-the-harbour"


def kept(cast: Cast) -> list[Secret]:
    with bound(cast.acme.id):
        return list(Secret.objects.in_org(cast.acme).order_by("name"))


def form(name: str = "API_TOKEN", value: str = VALUE) -> dict[str, str]:
    return {"name": name, "value": value}


@pytest.mark.requirement("S3-036")
def test_an_owner_keeps_a_secret_and_it_can_be_opened(cast: Cast) -> None:
    project = make_project(cast.acme)
    url = cast.url(f"projects/{project.pk}/secrets/")
    response = sign_in(cast.alice).post(f"{url}new/", form())
    assert response["Location"] == url
    (secret,) = kept(cast)
    assert (secret.name, secret.length) == ("API_TOKEN", len(VALUE))
    assert secret.changed_by_id == cast.member(cast.alice).pk
    assert VALUE.encode() not in bytes(secret.ciphertext)
    assert secret_open(secret=secret) == VALUE
    assert newest(cast).action == "secret.created"


@pytest.mark.requirement("S3-036")
def test_who_is_in_a_group_of_projects_admins_may(cast: Cast) -> None:
    project, group = make_project(cast.acme), make_group(cast.acme)
    make_seat(group, cast.member(cast.mia))
    make_group_role(group, Role.PROJECTS_ADMIN)
    url = cast.url(f"projects/{project.pk}/secrets/new/")
    assert sign_in(cast.mia).get(url).status_code == 200
    sign_in(cast.mia).post(url, form())
    assert [secret.name for secret in kept(cast)] == ["API_TOKEN"]


@pytest.mark.requirement("S2-062")
def test_a_project_owner_may(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_OWNER)
    sign_in(cast.mia).post(cast.url(f"projects/{project.pk}/secrets/new/"), form())
    assert len(kept(cast)) == 1


def test_a_project_member_may_not(cast: Cast) -> None:
    project = make_project(cast.acme)
    make_grant(project, cast.member(cast.mia), Role.PROJECT_MEMBER)
    url = cast.url(f"projects/{project.pk}/secrets/new/")
    assert sign_in(cast.mia).post(url, form()).status_code == 302
    assert kept(cast) == []
    assert (newest(cast).action, newest(cast).outcome) == ("secret.created", Outcome.DENIED)


@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
def test_to_others_the_project_is_not_there(cast: Cast, who: str) -> None:
    project = make_project(cast.acme)
    url = cast.url(f"projects/{project.pk}/secrets/")
    client = sign_in(getattr(cast, who))
    assert client.get(url).status_code == 404
    assert client.post(f"{url}new/", form()).status_code == 404


def test_another_organizations_project_is_not_there(cast: Cast) -> None:
    theirs = make_project(cast.umbrella)
    response = sign_in(cast.alice).post(cast.url(f"projects/{theirs.pk}/secrets/new/"), form())
    assert response.status_code == 404


def test_one_megabyte_is_refused_with_the_limit_and_nothing_is_stored(cast: Cast) -> None:
    project = make_project(cast.acme)
    big = "x" * 1_000_000
    response = sign_in(cast.alice).post(
        cast.url(f"projects/{project.pk}/secrets/new/"), form(value=big)
    )
    body = response.content.decode()
    assert response.status_code == 422
    assert "1,000,000 bytes" in body
    assert "65,536 (64 KiB)" in body
    assert "xxxx" not in body
    assert 'value="API_TOKEN"' in body
    assert kept(cast) == []
    assert (newest(cast).outcome, newest(cast).action) == (Outcome.FAILED, "secret.created")


def test_sixty_four_kib_are_kept_and_one_byte_more_is_not(cast: Cast) -> None:
    project = make_project(cast.acme)
    url = cast.url(f"projects/{project.pk}/secrets/new/")
    client = sign_in(cast.alice)
    assert client.post(url, form("LARGEST", "é" * 32 * 1024)).status_code == 302
    assert client.post(url, form("LARGER", "x" + "é" * 32 * 1024)).status_code == 422
    assert [secret.length for secret in kept(cast)] == [64 * 1024]


@pytest.mark.parametrize(
    "name", ["", "lower", "1ST", "A-B", "A B", "A.B", "Ä", "A" * 101, "A\x00B", "＿A"]
)
def test_a_name_is_one_that_a_program_can_read(cast: Cast, name: str) -> None:
    project = make_project(cast.acme)
    url = cast.url(f"projects/{project.pk}/secrets/new/")
    response = sign_in(cast.alice).post(url, form(name))
    assert response.status_code == 422
    assert VALUE not in response.content.decode()
    assert kept(cast) == []


def test_lines_spaces_and_quotes_of_a_value_stay(cast: Cast) -> None:
    project = make_project(cast.acme)
    url = cast.url(f"projects/{project.pk}/secrets/new/")
    sign_in(cast.alice).post(url, form(value="  -----BEGIN\r\n\ta'\"<b>\\u0000\r\n "))
    (secret,) = kept(cast)
    assert secret_open(secret=secret) == "  -----BEGIN\n\ta'\"<b>\\u0000\n "


@pytest.mark.parametrize("value", ["", "a\x00b"])
def test_an_empty_value_and_a_nul_are_refused(cast: Cast, value: str) -> None:
    project = make_project(cast.acme)
    url = cast.url(f"projects/{project.pk}/secrets/new/")
    assert sign_in(cast.alice).post(url, form(value=value)).status_code == 422
    assert kept(cast) == []


def test_sent_twice_it_is_kept_once(cast: Cast) -> None:
    project = make_project(cast.acme)
    url = cast.url(f"projects/{project.pk}/secrets/new/")
    client = sign_in(cast.alice)
    client.post(url, form())
    response = client.post(url, form(value="another"))
    assert response.status_code == 422
    assert "exists here" in response.content.decode()
    (secret,) = kept(cast)
    assert secret_open(secret=secret) == VALUE


def test_the_value_is_in_no_page_no_entry_and_no_log(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    project = make_project(cast.acme)
    url = cast.url(f"projects/{project.pk}/secrets/")
    client = sign_in(cast.alice)
    with caplog.at_level(logging.DEBUG):
        client.post(f"{url}new/", form())
        pages = [client.get(url), client.get(cast.url(f"projects/{project.pk}/audit/"))]
        pages.append(client.get(f"{url}{kept(cast)[0].pk}/"))
        pages.append(client.get(f"{url}{kept(cast)[0].pk}/delete/"))
    assert all(page.status_code == 200 for page in pages)
    assert not any(VALUE in page.content.decode() for page in pages)
    assert str(len(VALUE)) + " bytes" not in pages[0].content.decode()
    with bound(cast.acme.id):
        words = Particulars.objects.filter(organization_id=cast.acme.id)
        assert not any(VALUE in (row.words or "") for row in words)
    assert VALUE not in newest(cast).body
    assert VALUE not in caplog.text


def test_a_ciphertext_opens_in_its_own_row_alone(cast: Cast) -> None:
    project = make_project(cast.acme)
    one, other = make_secret(cast, project, "ONE", "first"), make_secret(cast, project, "TWO", "2")
    other.ciphertext = one.ciphertext
    with pytest.raises(vault.CannotOpenError, match="another row"):
        secret_open(secret=other)
    one.project_id = make_project(cast.acme).pk
    with pytest.raises(vault.CannotOpenError, match="another row"):
        secret_open(secret=one)


def test_an_archived_project_takes_no_secret(cast: Cast) -> None:
    project = make_project(cast.acme, state="archived")
    url = cast.url(f"projects/{project.pk}/secrets/new/")
    assert sign_in(cast.alice).post(url, form()).status_code == 302
    assert kept(cast) == []
