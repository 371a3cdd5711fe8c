"""The platform's own ledger proven: its checkpoints in the portal, and what checks them outside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from audit import ledger, proof, queries, signing
from audit.actions.checkpoints import Made, checkpoint_create
from audit.events import Event
from audit.ledger import SYSTEM, Target
from audit.models import PLATFORM
from orgs.tenancy import bound
from tests.audit.exported import text_of
from tests.factories import Cast, sign_in
from tests.portal import putting_on_the_portal
from verify_ledger import check

LOG = "/admin/log/"
PAGE = f"{LOG}checkpoints/"
EXPORT = f"{LOG}export/?format=jsonl"


@pytest.fixture
def sam(cast: Cast) -> Client:
    return sign_in(cast.sam)


def sign() -> Made:
    """As the hourly job does, once something has happened."""
    with bound(PLATFORM):
        ledger.record_platform(
            Event.ACCOUNT_EMAIL_CONFIRMED,
            actor=SYSTEM,
            target=Target("account", None, "mia@example.com"),
        )
        target = Target("organization", PLATFORM, "")
        return checkpoint_create(organization=PLATFORM, target=target, actor=SYSTEM)


@pytest.mark.requirement("S2-018", "S2-019")
def test_a_superadmin_sees_up_to_when_the_platforms_log_is_verified(
    cast: Cast, sam: Client
) -> None:
    made = sign().checkpoint
    assert made
    page = sam.get(PAGE).content.decode()
    assert "Verified up to" in page
    assert f"#{made.number}" in page
    assert made.hash_words in page
    assert signing.public_keys()[0].fingerprint in page
    assert f'href="{PAGE}"' in sam.get(LOG).content.decode()


def test_before_the_first_one_the_page_says_when_it_will_be(
    cast: Cast, sam: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proof, "newest_checkpoint", lambda _: None)
    page = sam.get(PAGE).content.decode()
    assert "not yet" in page
    assert "made within the hour" in page


@pytest.mark.requirement("S2-018")
def test_the_files_check_out_with_nothing_of_ours(cast: Cast, sam: Client, tmp_path: Path) -> None:
    made = sign().checkpoint
    assert made
    names = {EXPORT: "export", f"{PAGE}export/": "signed", f"{PAGE}verify_ledger.py": "program"}
    for address, name in names.items():
        answer = sam.get(address)
        assert answer.status_code == 200, address
        (tmp_path / name).write_text(text_of(answer), encoding="utf-8")
    assert (tmp_path / "program").read_text() == Path("verify_ledger.py").read_text()
    signed = [json.loads(line) for line in (tmp_path / "signed").read_text().splitlines()]
    assert signed[-1]["sequence"] == made.sequence
    assert {line["organization"] for line in signed} == {str(PLATFORM)}
    (tmp_path / "keys").write_text(json.dumps(signing.keys_document()))
    code, said, _ = check(*(str(tmp_path / name) for name in ("export", "signed", "keys")))
    assert code == 0, said


@pytest.mark.requirement("S2-018", "S3-056")
def test_that_it_was_taken_out_stands_in_it(cast: Cast, sam: Client) -> None:
    text_of(sam.get(EXPORT))
    with bound(PLATFORM):
        entry = queries.recent(PLATFORM, 1)[0]
    assert (entry.event, entry.actor_label) == (Event.AUDIT_EXPORTED, cast.sam.name)
    assert "exported the audit log" in sam.get(LOG).content.decode()


def test_an_export_that_is_not_asked_for_by_its_form_leads_to_the_page(
    cast: Cast, sam: Client
) -> None:
    for address in (f"{LOG}export/", f"{LOG}export/?format=csv"):
        assert sam.get(address).url == PAGE


@pytest.mark.requirement("S2-016", "S2-018")
def test_nobody_else_finds_them(cast: Cast) -> None:
    for person in (cast.alice, cast.adam, cast.mia):
        for address in (PAGE, f"{PAGE}export/", f"{PAGE}verify_ledger.py", EXPORT):
            assert sign_in(person).get(address).status_code == 404


@pytest.mark.requirement("S2-016", "S2-017")
def test_the_portal_reads_no_other_ledgers_checkpoints_and_signs_none(cast: Cast) -> None:
    """Whoever could say that they lie outside could have the entries before them dropped."""
    with bound(cast.acme.id):
        target = Target("organization", cast.acme.id, cast.acme.name)
        assert checkpoint_create(organization=cast.acme.id, target=target, actor=SYSTEM).is_new
    with putting_on_the_portal(), connection.cursor() as cursor:
        cursor.execute("SELECT bind_organization(%s)", [cast.acme.id])
        cursor.execute("SELECT count(*) FROM audit_checkpoint")
        assert cursor.fetchone() == (0,)
        cursor.execute(
            "SELECT has_function_privilege(oid, 'EXECUTE') FROM pg_proc"
            " WHERE proname IN ('checkpoint_keep', 'checkpoint_delivered')"
        )
        assert cursor.fetchall() == [(False,), (False,)]
