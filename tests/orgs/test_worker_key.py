"""The worker key: made, shown whole to Owners alone, replaced, and the one before retired."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_ssh_private_key, load_ssh_public_key
from django.core.exceptions import ValidationError
from django.urls import reverse

from audit.models import Event as Entry
from config import vault
from orgs.actions import worker_keys as actions
from orgs.models import WorkerKey
from orgs.tenancy import bound
from tests.factories import Cast, sign_in

pytestmark = pytest.mark.django_db


def made(cast: Cast) -> WorkerKey:
    return actions.worker_key_create(actor=cast.access(cast.alice))


def url(cast: Cast, name: str, *args: Any) -> str:
    return reverse(name, args=[cast.acme.slug, *args])


@pytest.mark.requirement("S4-014", "S4-046")
def test_an_owner_makes_it_and_owners_alone_see_its_public_half(cast: Cast) -> None:
    for who in ("adam", "mia", "vera", "eddie"):
        assert sign_in(getattr(cast, who)).post(url(cast, "worker_key_create")).status_code == 302
        with bound(cast.acme.id):
            assert not WorkerKey.objects.exists()
    alice = sign_in(cast.alice)
    assert alice.post(url(cast, "worker_key_create")).status_code == 302
    with bound(cast.acme.id):
        key = WorkerKey.objects.get()
        private = load_ssh_private_key(actions.worker_key_open(key=key).encode(), None)
        bodies = "".join(Entry.objects.values_list("body", flat=True))
    public = load_ssh_public_key(key.public.encode())
    assert private.public_key().public_bytes_raw() == public.public_bytes_raw()
    page = alice.get(cast.url("settings/")).content.decode()
    assert key.public in page
    assert key.fingerprint in page
    assert "PRIVATE" not in page + bodies
    assert (
        key.public.split()[1] not in sign_in(cast.adam).get(cast.url("settings/")).content.decode()
    )


def test_the_fingerprint_is_the_one_that_ssh_keygen_prints(cast: Cast, tmp_path: Path) -> None:
    key = made(cast)
    file = tmp_path / "key.pub"
    file.write_text(key.public)
    try:
        said = subprocess.run(["ssh-keygen", "-lf", file], capture_output=True, text=True).stdout
    except FileNotFoundError:
        pytest.skip("no ssh-keygen here")
    assert said.split()[1] == key.fingerprint


def test_replaced_it_works_on_until_it_is_retired_and_then_nothing_opens_it(cast: Cast) -> None:
    alice, first = sign_in(cast.alice), made(cast)
    assert alice.post(url(cast, "worker_key_rotate", first.pk)).status_code == 302
    again = alice.post(url(cast, "worker_key_rotate", first.pk))
    assert again.status_code == 422
    assert "replaced this key already" in again.content.decode()
    with bound(cast.acme.id):
        second = WorkerKey.objects.get(replaced_at=None)
    third = alice.post(url(cast, "worker_key_rotate", second.pk))
    assert "Retire it first" in third.content.decode()
    assert (
        "Replace it first" in alice.post(url(cast, "worker_key_retire", second.pk)).content.decode()
    )
    for _ in range(2):
        assert alice.post(url(cast, "worker_key_retire", first.pk)).status_code == 302
    with bound(cast.acme.id):
        first.refresh_from_db()
        assert bytes(first.ciphertext) == b""
        with pytest.raises(vault.CannotOpenError):
            actions.worker_key_open(key=first)
        assert actions.worker_key_open(key=second)
        retired = Entry.objects.filter(action="worker_key.retired")
        assert retired.filter(outcome="done").count() == 1


def test_another_organization_finds_nothing_and_opens_nothing(cast: Cast) -> None:
    key = made(cast)
    oscar = sign_in(cast.oscar)
    for name in ("worker_key_rotate", "worker_key_retire"):
        theirs = reverse(name, args=[cast.umbrella.slug, key.pk])
        assert oscar.get(theirs).status_code == oscar.post(theirs).status_code == 404
    copied = WorkerKey(organization_id=cast.umbrella.id, ciphertext=key.ciphertext)
    with pytest.raises(vault.CannotOpenError):
        actions.worker_key_open(key=copied)


def test_a_second_first_key_is_refused(cast: Cast) -> None:
    made(cast)
    with pytest.raises(ValidationError) as refusal:
        made(cast)
    assert refusal.value.code == "made_already"
