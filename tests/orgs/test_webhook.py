"""The webhooks of an organization: an Owner's alone, and their secrets are shown once."""

from __future__ import annotations

import re
import socket
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from uuid6 import uuid7

from audit.models import Event as Entry
from audit.models import Particulars
from audit.streaming import AREAS
from config.roles import Role
from orgs.actions import webhooks as actions
from orgs.models import Webhook, WebhookAttempt
from orgs.tenancy import bound
from tests.factories import Cast, make_group, make_seat, sign_in
from tests.orgs.webhooks import make_webhook, now_of, write
from tests.projects.factories import make_group_role

pytestmark = pytest.mark.django_db

URL = "https://siem.example.com/hook/of/one?token=very-secret"
TYPED = {"name": "Collector", "url": URL, "format": "entry", "start": "now"}
DEEDS = ("change", "rotate_secret", "pause", "resume", "skip", "test", "delete")


@pytest.fixture(autouse=True)
def _known_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name leads to the open internet, and nothing is sent anywhere."""
    row = (2, 1, 6, "", ("93.184.216.34", 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: [row])


def url(cast: Cast, name: str, *pk: UUID) -> str:
    return reverse(f"webhook_{name}", args=[cast.acme.slug, *pk])


def made(cast: Cast, **said: Any) -> Webhook:
    webhook, _ = make_webhook(cast.access(cast.alice), URL, **said)
    return webhook


def entries(cast: Cast) -> list[str]:
    with bound(cast.acme.id):
        newest = Entry.objects.order_by("-sequence")
        return list(newest.values_list("action", flat=True))


@pytest.mark.requirement("S3-050")
def test_only_an_owner_manages_webhooks_an_automations_admin_does_not(cast: Cast) -> None:
    webhook = made(cast)
    team = make_group(cast.acme, "Automators")
    with bound(cast.acme.id):
        make_seat(team, cast.member(cast.mia))
    make_group_role(team, Role.AUTOMATIONS_ADMIN)
    for who in ("adam", "mia", "vera", "eddie"):
        client = sign_in(getattr(cast, who))
        assert "/settings/webhooks/" not in client.get(cast.url(), follow=True).content.decode()
        assert client.get(url(cast, "list")).status_code == 302
        assert client.get(url(cast, "view", webhook.pk)).status_code == 302
        assert client.post(url(cast, "create"), TYPED | {"name": "Theirs"}).status_code == 302
        for deed in DEEDS:
            assert client.post(url(cast, deed, webhook.pk), TYPED).status_code == 302
    found = now_of(webhook)
    assert (found.state, found.position, found.test_at) == ("active", webhook.position, None)
    with bound(cast.acme.id):
        assert Webhook.objects.count() == 1
        assert Entry.objects.filter(outcome="denied", action__startswith="webhook.").count() == 32


def test_another_organization_finds_none_of_them(cast: Cast) -> None:
    webhook, oscar = made(cast), sign_in(cast.oscar)
    for name in ("view", *DEEDS):
        for pk in (webhook.pk, uuid7()):
            there = reverse(f"webhook_{name}", args=[cast.umbrella.slug, pk])
            assert oscar.get(there).status_code == 404
            assert oscar.post(there, TYPED).status_code == 404
    assert oscar.get(url(cast, "view", webhook.pk)).status_code == 404
    with bound(cast.umbrella.id):
        assert list(Webhook.objects.all()) == []


def test_what_matters_takes_a_fresh_sign_in(cast: Cast) -> None:
    webhook, client = made(cast), sign_in(cast.alice, fresh=False)
    assert "/again/" in client.post(url(cast, "create"), TYPED)["Location"]
    for deed in ("change", "rotate_secret", "delete"):
        assert "/again/" in client.post(url(cast, deed, webhook.pk), TYPED)["Location"]


def test_the_secret_is_in_the_answer_that_makes_it_and_nowhere_else(
    cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    alice = sign_in(cast.alice)
    answer = alice.post(url(cast, "create"), TYPED)
    assert "no-store" in answer["Cache-Control"]
    (secret,) = set(re.findall(r"whsec_[A-Za-z0-9+/=]{32}", answer.content.decode()))
    with bound(cast.acme.id):
        webhook = Webhook.objects.get()
    changed = alice.post(
        url(cast, "rotate_secret", webhook.pk), {"seen": webhook.changed_at.isoformat()}
    )
    (second,) = set(re.findall(r"whsec_[A-Za-z0-9+/=]{32}", changed.content.decode()))
    assert actions.keys_of(now_of(webhook)) == (second, secret)
    pages = [url(cast, "list"), *(url(cast, name, webhook.pk) for name in ("view", *DEEDS))]
    shown = "".join(alice.get(page, follow=True).content.decode() for page in pages)
    shown += alice.get(cast.url("audit-log/")).content.decode()
    with bound(cast.acme.id):
        told = "".join(Entry.objects.values_list("body", flat=True))
        told += "".join(filter(None, Particulars.objects.values_list("words", flat=True)))
        row = Webhook.objects.values().get()
    for one in (secret, second):
        for place in (shown, told, caplog.text, str(dict(alice.session)), str(row)):
            assert one not in place
    assert "very-secret" not in told
    assert "siem.example.com" in told


def test_the_ledger_tells_each_deed_and_nothing_is_told_twice(cast: Cast) -> None:
    alice = sign_in(cast.alice)
    alice.post(url(cast, "create"), TYPED | {"areas": ["member", "billing_details"]})
    with bound(cast.acme.id):
        webhook = Webhook.objects.get()
    before = len(entries(cast))
    pk = webhook.pk
    moved = TYPED | {"url": URL + "2", "areas": ["member", "billing_details"]}
    for name, data in (
        ("change", moved),
        ("pause", {}),
        ("resume", {}),
        ("test", {}),
        ("skip", {"up_to": 10**6}),
    ):
        for _ in range(2):
            assert alice.post(url(cast, name, pk), data).status_code == 302, name
    # What is skipped the second time is the entry that told of the first.
    assert entries(cast)[: len(entries(cast)) - before] == [
        "webhook.skipped",
        "webhook.skipped",
        "webhook.tested",
        "webhook.resumed",
        "webhook.paused",
        "webhook.changed",
    ]
    page = alice.get(cast.url("audit-log/")).content.decode()
    assert "another path" in page
    assert alice.post(url(cast, "delete", pk), {"confirm": "Collector"}).status_code == 302
    assert alice.post(url(cast, "delete", pk), {"confirm": "Collector"}).status_code == 404
    assert entries(cast)[0] == "webhook.deleted"


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("https://127.0.0.1/", "127.0.0.1 is not a public address"),
        ("https://2130706433/", "not as a number"),
        ("https://[::ffff:7f00:1]/", "is not a public address"),
        ("https://169.254.169.254/", "is not a public address"),
        ("https://metadata.google.internal/", "a name within a network"),
        ("https://me:word@siem.example.com/", "Leave out user name and password"),
        ("http://siem.example.com/", "Begin the address with https://"),
        ("https://siem.example.com:25/", "Port 25 belongs to another service"),
        ("ftp://x" + "y" * 4000, "Write an address like"),
        ("", "This field is required"),
    ],
)
def test_what_is_wrong_with_an_address_is_said_at_its_field(
    cast: Cast, address: str, says: str
) -> None:
    answer = sign_in(cast.alice).post(url(cast, "create"), TYPED | {"url": address})
    assert answer.status_code == 422
    assert says in " ".join(answer.context["form"].errors["url"])
    assert entries(cast)[0] == "webhook.created"
    with bound(cast.acme.id):
        assert Entry.objects.order_by("-sequence")[0].outcome == "failed"
        assert not Webhook.objects.exists()


def test_a_name_that_is_not_known_or_leads_inside_is_refused(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = sign_in(cast.alice)
    inside = [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: inside)
    page = alice.post(url(cast, "create"), TYPED).content.decode()
    assert "leads into a private network" in page
    assert "10.0.0.7" not in page

    def unknown(*args: Any, **kwargs: Any) -> None:
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert "check the name" in alice.post(url(cast, "create"), TYPED).content.decode()
    # A name that cannot be found just now stops no change of something else.
    webhook = made(cast)
    renamed = alice.post(url(cast, "change", webhook.pk), TYPED | {"name": "Renamed"})
    assert renamed.status_code == 302


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\u202eb"),
        ("name", "x" * 101),
        ("areas", ["nothing"]),
        ("format", "xml"),
        ("start", "yesterday"),
    ],
)
def test_what_else_is_wrong_is_named(cast: Cast, field: str, value: Any) -> None:
    answer = sign_in(cast.alice).post(url(cast, "create"), TYPED | {field: value})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors


def test_all_areas_are_everything_so_that_what_comes_later_is_sent_as_well(cast: Cast) -> None:
    sign_in(cast.alice).post(url(cast, "create"), TYPED | {"areas": list(AREAS)})
    with bound(cast.acme.id):
        assert Webhook.objects.get().areas == []


def test_a_form_sent_twice_makes_one(cast: Cast) -> None:
    alice = sign_in(cast.alice)
    assert alice.post(url(cast, "create"), TYPED).status_code == 200
    again = alice.post(url(cast, "create"), TYPED)
    assert again.status_code == 422
    assert "A webhook with this name exists." in again.content.decode()


def test_a_rotation_sent_twice_keeps_the_secret_that_the_receiver_has(cast: Cast) -> None:
    webhook, secret = make_webhook(cast.access(cast.alice), URL)
    alice, seen = sign_in(cast.alice), webhook.changed_at.isoformat()
    assert alice.post(url(cast, "rotate_secret", webhook.pk), {"seen": seen}).status_code == 200
    again = alice.post(url(cast, "rotate_secret", webhook.pk), {"seen": seen})
    assert again.status_code == 422
    assert actions.keys_of(now_of(webhook))[1] == secret
    for bad in ("", "yesterday", "2026-01-01"):
        page = alice.post(url(cast, "rotate_secret", webhook.pk), {"seen": bad})
        assert page.status_code == 422


def test_there_is_an_end_to_how_many_there_are(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST", 2)
    made(cast)
    made(cast, name="Second")
    with pytest.raises(ValidationError) as refused:
        made(cast, name="Third")
    assert refused.value.code == "too_many"
    alice = sign_in(cast.alice)
    assert url(cast, "create") not in alice.get(url(cast, "list")).content.decode()
    refused_form = alice.post(url(cast, "create"), TYPED | {"name": "Third"})
    assert "remove one first" in refused_form.content.decode()


def test_only_what_was_seen_is_skipped(cast: Cast) -> None:
    webhook, alice = made(cast), sign_in(cast.alice)
    write(cast.acme.id, 3)
    page = alice.get(url(cast, "skip", webhook.pk)).content.decode()
    assert "Skip 4 entries" in page
    (up_to,) = re.findall(r'name="up_to" value="(\d+)"', page)
    write(cast.acme.id, 2)
    alice.post(url(cast, "skip", webhook.pk), {"up_to": up_to})
    assert now_of(webhook).position == int(up_to) == webhook.position + 4
    for bad in ("", "-1", "x", str(2**70)):
        assert alice.post(url(cast, "skip", webhook.pk), {"up_to": bad}).status_code == 422


def test_the_name_is_typed_before_it_is_removed(cast: Cast) -> None:
    webhook, alice = made(cast), sign_in(cast.alice)
    assert alice.post(url(cast, "delete", webhook.pk), {"confirm": "Other"}).status_code == 422
    assert now_of(webhook)


def test_the_pages_say_where_it_stands(cast: Cast) -> None:
    webhook, alice = made(cast, areas=["audit"]), sign_in(cast.alice)
    write(cast.acme.id, 5)
    page = alice.get(url(cast, "list")).content.decode()
    assert "6 entries behind" in page
    assert "1 area" in page
    with bound(cast.acme.id):
        Webhook.objects.filter(pk=webhook.pk).update(failures=3, last_error="It answered 503.")
    page = alice.get(url(cast, "view", webhook.pk)).content.decode()
    assert "Failing" in page
    assert "3 tries failed" in page
    part = alice.get(url(cast, "view", webhook.pk), headers={"HX-Request": "true"})
    assert b'id="moving"' in part.content
    assert b"<html" not in part.content


@pytest.mark.parametrize("deed", ["pause", "resume", "test"])
def test_looking_changes_nothing(cast: Cast, deed: str) -> None:
    webhook, alice = made(cast), sign_in(cast.alice)
    before = entries(cast)
    assert alice.get(url(cast, deed, webhook.pk)).status_code == 302
    assert entries(cast) == before


def test_pages_cost_the_same_with_many_rows(cast: Cast) -> None:
    webhook, alice = made(cast), sign_in(cast.alice)
    pages = (url(cast, "list"), url(cast, "view", webhook.pk))
    alice.get(cast.url())
    few = [queries_of(alice, page) for page in pages]
    for number in range(10):
        made(cast, name=f"Collector {number}")
    with bound(cast.acme.id):
        WebhookAttempt.objects.bulk_create(
            WebhookAttempt(
                organization_id=cast.acme.id, webhook=webhook, milliseconds=5, status=200
            )
            for _ in range(45)
        )
    assert [queries_of(alice, page) for page in pages] == few
    seen, address = 0, url(cast, "view", webhook.pk)
    while address:
        page = alice.get(address)
        seen += len(page.context["page"].rows)
        address = page.context["older_url"]
    assert seen == 45
    for cursor in ("x", "é", "W10", "a" * 3000):
        assert alice.get(url(cast, "view", webhook.pk), {"page": cursor}).status_code == 200


def queries_of(client: Client, page: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(page)
    return len(captured)
