"""Model providers: an Owner's alone, for the whole organization, and no token is ever shown."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from audit.models import Event as Entry
from config import vault
from orgs.tenancy import bound
from projects.actions import providers as actions
from projects.models import ModelProvider
from projects.queries.providers import providers_of
from tests.factories import Cast, access_of, body_of, sign_in
from tests.projects.factories import make_project

pytestmark = pytest.mark.django_db

TOKEN = "sk-live-abcdef-123456"
SAID = {
    "name": "Main",
    "provider": "anthropic",
    "url": "",
    "serves": ["claude"],
    "is_enabled": True,
}
TYPED = SAID | {"serves": "claude", "is_enabled": "on", "token": TOKEN}


def url(cast: Cast, name: str, *pk: UUID) -> str:
    return reverse(name, args=[cast.acme.slug, *pk])


def made(cast: Cast, **said: Any) -> ModelProvider:
    return actions.provider_create(token=TOKEN, said=SAID | said, actor=cast.access(cast.alice))


@pytest.mark.requirement("S2-027", "S2-055", "S2-108")
def test_an_owner_sets_one_up_and_nobody_else_may(cast: Cast) -> None:
    for who in ("adam", "mia", "vera", "eddie"):
        client = sign_in(getattr(cast, who))
        assert client.get(url(cast, "provider_list")).status_code == 302
        assert client.post(url(cast, "provider_create"), TYPED).status_code == 302
    with bound(cast.acme.id):
        assert not ModelProvider.objects.exists()
    alice = sign_in(cast.alice)
    assert alice.post(url(cast, "provider_create"), TYPED).status_code == 302
    page = alice.get(url(cast, "provider_list")).content.decode()
    assert "Main" in page
    assert TOKEN not in page
    assert TOKEN[-6:] not in page
    with bound(cast.acme.id):
        assert actions.provider_open(provider=ModelProvider.objects.get()) == TOKEN
        bodies = list(Entry.objects.values_list("body", flat=True))
    assert not any(TOKEN in str(body) for body in bodies)


def test_it_takes_a_fresh_sign_in(cast: Cast) -> None:
    client = sign_in(cast.alice, fresh=False)
    assert "/again/" in client.post(url(cast, "provider_create"), TYPED)["Location"]


@pytest.mark.requirement("S2-135")
def test_another_organization_finds_nothing_and_opens_nothing(cast: Cast) -> None:
    provider = made(cast)
    oscar = sign_in(cast.oscar)
    for name in ("provider_change", "provider_delete"):
        theirs = reverse(name, args=[cast.umbrella.slug, provider.pk])
        assert oscar.get(theirs).status_code == 404
        assert oscar.post(theirs, TYPED).status_code == 404
    with bound(cast.umbrella.id):
        assert list(ModelProvider.objects.all()) == []
    copied = ModelProvider(organization_id=cast.umbrella.id, ciphertext=provider.ciphertext)
    with pytest.raises(vault.CannotOpenError):
        actions.provider_open(provider=copied)


def test_without_a_new_token_the_old_one_stays_but_not_for_another_place(cast: Cast) -> None:
    provider, alice = made(cast), cast.access(cast.alice)
    renamed = actions.provider_change(
        provider=provider, token="", said=SAID | {"name": "Renamed"}, actor=alice
    )
    assert actions.provider_open(provider=renamed) == TOKEN
    with pytest.raises(ValidationError) as refused:
        actions.provider_change(
            provider=provider,
            token="",
            said=SAID | {"url": "https://evil.example"},
            actor=alice,
        )
    assert refused.value.error_dict["token"][0].code == "token_again"
    moved = actions.provider_change(
        provider=provider, token="another", said=SAID | {"url": "https://b.example"}, actor=alice
    )
    assert actions.provider_open(provider=moved) == "another"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("provider", "github", "Choose one of these."),
        ("url", "http://plain.example", "Write an address"),
        ("url", "https://name:word@host.example", "Leave out user name"),
        ("token", "", "Paste the token"),
        ("token", "x" * 9000, "at most 8,192"),
        ("token", "ключ", "plain characters"),
        ("name", "a‮b", "invisible"),
        ("serves", "\n".join(f"m{n}" for n in range(201)), "at most 200"),
    ],
)
def test_what_is_wrong_is_named_and_the_token_is_not_sent_back(
    cast: Cast, field: str, value: str, says: str
) -> None:
    answer = sign_in(cast.alice).post(url(cast, "provider_create"), TYPED | {field: value})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert TOKEN not in answer.content.decode()


def test_two_of_one_name_are_refused_and_a_removed_one_is_gone(cast: Cast) -> None:
    provider = made(cast)
    alice = sign_in(cast.alice)
    again = alice.post(url(cast, "provider_create"), TYPED)
    assert again.status_code == 422
    assert "A provider with this name exists." in again.content.decode()
    gone = alice.post(url(cast, "provider_delete", provider.pk), {"confirm": "Main"})
    assert gone.status_code == 302
    with bound(cast.acme.id):
        assert not ModelProvider.objects.exists()
        last = Entry.objects.order_by("-sequence").first()
    assert last is not None
    assert last.action == "model_provider.deleted"


def test_what_a_project_asks_is_counted_in_words(cast: Cast) -> None:
    one, two = made(cast), made(cast, name="Second")
    project = make_project(cast.acme)
    page = cast.url(f"projects/{project.pk}/providers/")
    alice = sign_in(cast.alice)
    for chosen, words in (([one], "asks 1 model provider"), ([one, two], "asks 2 model providers")):
        answer = alice.post(page, {"chosen": [each.pk for each in chosen]}, follow=True)
        assert f"{words}<" in body_of(answer)


@pytest.mark.requirement("S2-027", "S2-135")
def test_a_project_asks_every_provider_in_use_or_those_that_it_chose(cast: Cast) -> None:
    main, spare, off = (
        made(cast, name=name, is_enabled=on)
        for name, on in (("Main", True), ("Spare", True), ("Off", False))
    )
    with bound(cast.acme.id):
        project = make_project(cast.acme, "Atlas")
        assert [one.name for one in providers_of(project)] == ["Main", "Spare"]
    page = url(cast, "project_choose_providers", project.pk)
    alice = sign_in(cast.alice)
    assert alice.post(page, {"chosen": [spare.pk, off.pk]}).status_code == 302
    with bound(cast.acme.id):
        assert [one.name for one in providers_of(project)] == ["Spare"]
    assert TOKEN not in alice.get(page).content.decode()
    assert alice.post(page).status_code == 302
    with bound(cast.acme.id):
        assert [one.name for one in providers_of(project)] == ["Main", "Spare"]
        chosen = Entry.objects.filter(action="project.providers_changed", outcome="done")
        assert chosen.count() == 2
    assert main.pk


def test_a_project_chooses_none_of_another_organization(cast: Cast) -> None:
    with bound(cast.umbrella.id):
        access = access_of(cast.umbrella, cast.oscar)
        theirs = actions.provider_create(token=TOKEN, said=SAID, actor=access)
    with bound(cast.acme.id):
        project = make_project(cast.acme, "Atlas")
    page = url(cast, "project_choose_providers", project.pk)
    refused = sign_in(cast.alice).post(page, {"chosen": [theirs.pk]})
    assert refused.status_code == 422
    assert "is gone" in refused.content.decode()
    assert sign_in(cast.oscar).get(page).status_code == 404
    other = reverse("project_choose_providers", args=[cast.umbrella.slug, project.pk])
    assert sign_in(cast.oscar).post(other, {"chosen": [theirs.pk]}).status_code == 404
