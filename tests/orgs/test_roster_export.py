"""The roster as a file: who may have it, what is in it, and that importing it changes nothing."""

from __future__ import annotations

import pytest
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile

from config.roles import Role
from config.text import clean_email
from orgs.roster.peribolos import read
from tests.factories import Cast, make_group, make_member, make_person, make_seat, sign_in
from tests.orgs.rosters import entries, imported, state_of

HOSTILE = (
    "yes", "null", "1e3", "a: b", "# no comment", "- dash", "'", '"', "\\n", "<<", "*star", "&and",
    "<script>", "Größe", "名前", "👩\u200d🔬", "{{ x }}", "%", "=cmd()", "teams", "0x1F", "2024-01-01",
)  # fmt: skip


def export(cast: Cast, who=None, organization=None):
    return sign_in(who or cast.alice).get(cast.url("roster/export/", organization))


def test_export_is_a_file_that_names_everyone(cast: Cast):
    make_seat(make_group(cast.acme, "Docs"), cast.member(cast.mia), maintainer=True)
    response = export(cast)
    assert response["Content-Type"] == "application/yaml; charset=utf-8"
    assert response["Content-Disposition"] == f'attachment; filename="{cast.acme.slug}-roster.yaml"'
    org = yaml.safe_load(response.content)["orgs"][cast.acme.slug]
    assert org["name"] == cast.acme.name
    assert org["admins"] == [cast.alice.email]
    assert set(org["members"]) == {p.email for p in (cast.adam, cast.mia, cast.vera, cast.eddie)}
    assert org["teams"]["Docs"]["maintainers"] == [cast.mia.email]


def test_export_is_recorded(cast: Cast):
    export(cast)
    assert entries(cast.acme)[-1] == "roster.exported"


def test_export_then_import_changes_nothing_whatever_the_names(cast: Cast):
    zoe = make_member(cast.acme, Role.OWNER, login="Zoe-K")
    make_member(cast.acme, login="null")
    make_member(cast.acme, login="1e3")
    above = None
    for number, name in enumerate(HOSTILE):
        description = f"{name} # {name}"
        above = make_group(
            cast.acme, name, description=description, secret=number % 3 == 0,
            parent=above if number % 4 else None,
        )  # fmt: skip
        make_seat(above, zoe if number % 2 else cast.member(cast.vera), maintainer=number % 2 == 0)
    text = export(cast).content.decode()
    before, log = state_of(cast.acme), entries(cast.acme)
    document = read(text, name="acme.yaml", key=None)
    assert document.problems == ()
    found = imported(cast, text)
    assert found.empty, [change.summary for change in found.changes]
    assert found.problems == ()
    assert (state_of(cast.acme), entries(cast.acme)) == (before, log)


def test_page_says_so_too(cast: Cast):
    file = SimpleUploadedFile("acme.yaml", export(cast).content)
    page = sign_in(cast.alice).post(cast.url("roster/import/"), {"file": file})
    assert "Nothing to change" in page.content.decode()


def test_same_state_gives_the_same_bytes(cast: Cast):
    make_group(cast.acme, "Docs")
    assert export(cast).content == export(cast).content


def test_secret_groups_are_left_out_for_those_who_may_not_see_them(cast: Cast):
    secret = make_group(cast.acme, "Night watch", secret=True)
    inner = make_group(cast.acme, "Rota", parent=secret)
    make_seat(secret, cast.member(cast.vera))
    make_seat(inner, cast.member(cast.mia))
    seen = {who: teams(cast, getattr(cast, who)) for who in ("alice", "mia", "vera")}
    assert seen["alice"]["Night watch"]["teams"]["Rota"]["members"] == [cast.mia.email]
    assert "Night watch" not in seen["mia"]
    assert seen["mia"]["Rota"]["members"] == [cast.mia.email]
    assert "Rota" in seen["vera"]["Night watch"]["teams"]
    text = export(cast, cast.mia).content.decode()
    assert text.startswith("# Groups that are secret to whoever exported this are left out")
    assert "Night watch" not in text
    assert not export(cast).content.startswith(b"# Groups that are secret")


def teams(cast: Cast, who) -> dict:
    return yaml.safe_load(export(cast, who).content)["orgs"][cast.acme.slug]["teams"]


def test_whoever_may_not_see_members_gets_no_file(cast: Cast):
    response = export(cast, cast.eddie)
    assert response.status_code == 302
    assert "roster.exported" not in entries(cast.acme)[:-1]


@pytest.mark.parametrize("who", ["oscar", "sam"])
def test_strangers_see_no_such_page(cast: Cast, who: str):
    assert export(cast, getattr(cast, who)).status_code == 404


def test_nothing_of_another_organization_is_in_it(cast: Cast):
    make_group(cast.umbrella, "Umbrella only")
    text = export(cast).content.decode()
    assert "Umbrella" not in text
    assert cast.oscar.email not in text


@pytest.mark.parametrize(
    "address",
    [
        "o'hara+tag@partner.example",
        "a.b-c_d@sub.partner.example",
        "x@y.co",
        "ops@localhost",
        "ops@[192.0.2.7]",
        '"on.call"@partner.example',
        "a" * 64 + "@" + "b" * 60 + "." + "c" * 60 + "." + "d" * 59 + ".example",
    ],
)
def test_every_address_that_may_sign_in_comes_back(cast: Cast, address: str):
    make_member(cast.acme, person=make_person("Ned Abara", clean_email(address)))
    found = imported(cast, export(cast).content.decode())
    assert found.empty
    assert found.problems == ()
