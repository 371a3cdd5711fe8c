"""The page of an import: its steps, what it refuses, and that nothing happens before Apply."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from audit.models import Event as Entry
from orgs.forms.roster import Upload
from orgs.roster.nodes import MAX_BYTES
from orgs.tenancy import bound
from tests.factories import Cast, make_member, sign_in
from tests.orgs.rosters import entries, groups, keeping, members, reload, state_of

PACKED = re.compile(r'name="roster"\s+value="([^"]+)"')


def upload(cast: Cast, text: str | bytes, who: Any = None, name: str = "acme.yaml") -> Any:
    content = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile(name, content)
    return sign_in(who or cast.alice).post(cast.url("roster/import/"), {"file": file})


def send(cast: Cast, page: HttpResponse, step: str, **fields: str) -> Any:
    data = {"roster": packed(page), "step": step} | fields
    return sign_in(cast.alice).post(cast.url("roster/import/"), data)


def packed(page: HttpResponse) -> str:
    found = PACKED.search(page.content.decode())
    assert found, "the page offers nothing to apply"
    return found[1]


def offers_apply(page: HttpResponse) -> bool:
    return 'value="apply"' in page.content.decode()


def failures(cast: Cast) -> list[str]:
    with bound(cast.acme.id):
        found = Entry.objects.filter(organization_id=cast.acme.id, outcome="failed")
        return [entry.body for entry in found]


# The way through


def test_plan_is_shown_and_nothing_happens_until_it_is_applied(cast: Cast):
    before = state_of(cast.acme), entries(cast.acme)
    page = upload(cast, keeping(cast, "Zoe-K", "ned") + "teams:\n  Docs:\n    members: [ned]\n")
    assert page.status_code == 200
    assert "Apply 4 changes" in page.content.decode()
    assert (state_of(cast.acme), entries(cast.acme)) == before
    done = send(cast, page, "apply")
    assert done.status_code == 302
    assert {"Zoe-K", "ned"} <= set(members(cast.acme))
    assert set(groups(cast.acme)) == {"Docs"}
    shown = sign_in(cast.alice).get(done["Location"])
    assert "4 changes made in" in shown.content.decode()
    assert "2 people added, 1 group added, 1 place in a group added" in shown.content.decode()


def test_pasted_text_does_the_same(cast: Cast):
    text = keeping(cast, "zoe")
    page = sign_in(cast.alice).post(cast.url("roster/import/"), {"text": text})
    send(cast, page, "apply")
    assert "zoe" in members(cast.acme)


def test_form_shows_without_a_file(cast: Cast):
    page = sign_in(cast.alice).get(cast.url("roster/import/"))
    assert page.status_code == 200
    assert 'type="file"' in page.content.decode()


def test_pressing_apply_twice_finds_nothing_left_to_do(cast: Cast):
    page = upload(cast, keeping(cast, "zoe"))
    send(cast, page, "apply")
    before = entries(cast.acme)
    second = send(cast, page, "apply")
    shown = sign_in(cast.alice).get(second["Location"]).content.decode()
    assert "Nothing to change" in shown
    assert entries(cast.acme) == before


def test_file_that_says_the_same_offers_nothing_to_apply(cast: Cast):
    page = upload(cast, keeping(cast))
    assert "Nothing to change" in page.content.decode()
    assert not offers_apply(page)


def test_plan_that_changed_meanwhile_is_shown_anew_and_not_applied(cast: Cast):
    page = upload(cast, keeping(cast, "zoe"))
    make_member(cast.acme, login="someone-else")
    again = send(cast, page, "apply", confirm=cast.acme.name)
    assert again.status_code == 409
    assert "changed since this plan was made" in again.content.decode()
    assert "someone-else" in again.content.decode()
    assert "zoe" not in members(cast.acme)
    assert "plan_changed" in failures(cast)[-1]
    send(cast, again, "apply", confirm=cast.acme.name)
    assert "zoe" in members(cast.acme)


# Several organizations in one file

SEVERAL = """
orgs:
  cedar:
    members: [ivy]
  {slug}:
    {keeping}
"""


def several(cast: Cast) -> str:
    body = keeping(cast, "zoe").replace("\nmembers", "\n    members")
    return SEVERAL.format(slug=cast.acme.slug.upper(), keeping=body)


def test_file_of_several_asks_which_and_starts_from_its_namesake(cast: Cast):
    page = upload(cast, several(cast))
    text = page.content.decode()
    assert "Which organization" in text
    assert re.search(rf'value="{cast.acme.slug.upper()}"\s+checked', text)
    plan = send(cast, page, "plan", key=cast.acme.slug.upper())
    send(cast, plan, "apply")
    assert "zoe" in members(cast.acme)
    assert "ivy" not in members(cast.acme)


def test_choosing_what_is_not_in_the_file_asks_again(cast: Cast):
    page = upload(cast, several(cast))
    again = send(cast, page, "plan", key="nowhere")
    assert "Which organization" in again.content.decode()


def test_error_of_another_organization_does_not_stop_this_one(cast: Cast):
    text = several(cast).replace("members: [ivy]", "members: [ivy, 'no login']")
    plan = send(cast, upload(cast, text), "plan", key=cast.acme.slug)
    assert offers_apply(plan)


def test_only_one_that_is_named_otherwise_says_so(cast: Cast):
    text = "orgs:\n  cedar:\n    members: [ivy]\n"
    page = upload(cast, text)
    assert "<bdi>cedar</bdi> is another name" in page.content.decode()


# Removals


def test_removing_people_asks_for_the_name_of_the_organization(cast: Cast):
    make_member(cast.acme, login="zoe")
    page = upload(cast, keeping(cast))
    assert "People to remove" in page.content.decode()
    for typed in ("", "acme robotics", "Umbrella"):
        refused = send(cast, page, "apply", confirm=typed)
        assert refused.status_code == 422
        assert "exactly" in refused.content.decode()
    assert "zoe" in members(cast.acme)
    send(cast, page, "apply", confirm=cast.acme.name)
    assert "zoe" not in members(cast.acme)


def test_more_than_a_quarter_is_refused_and_may_be_planned_on_purpose(cast: Cast):
    text = f"admins: [{cast.alice.email}]\nmembers: [{cast.adam.email}]\n"
    page = upload(cast, text)
    assert page.status_code == 422
    assert "3 of 5 people would be removed" in page.content.decode()
    assert not offers_apply(page)
    plan = send(cast, page, "allow")
    assert plan.status_code == 200
    send(cast, plan, "apply", confirm=cast.acme.name)
    assert len(members(cast.acme)) == 2


def test_packed_roster_of_a_refused_plan_cannot_be_applied(cast: Cast):
    page = upload(cast, f"admins: [{cast.alice.email}]\nmembers: []\n")
    refused = send(cast, page, "apply", confirm=cast.acme.name)
    assert refused.status_code == 422
    assert len(members(cast.acme)) == 5


# What is refused


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ("members: [zoe\nadmins: x\n", "", "line"),
        ("members: [zoe]\nmembers: [ned]\n", "stands twice", "line 2"),
        ("admins: [zoe]\nmembers: [ZOE]\n", "users in both roles", "line 2"),
        ("admins: []\nmembers: []\nteams:\n  T:\n    members: [zoe]\n", "not in the organization", "line 5"),
        ("members: zoe\n", "list of logins", "line 1"),
        (b"\x7fELF\x02\x01\x01\x00\xff\xfe\x00", "UTF-8", "acme.yaml"),
        (b"PK\x03\x04" + b"\x00" * 500, "does not belong in text", "acme.yaml"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [" + "*b, " * 150 + "]\nmembers: [" + "*c, " * 90 + "]\n", "aliases", "line"),
        ("[" * 5000, "levels", "line"),
        ("members: " + "{a: " * 2000, "levels", "line"),
        ("--- 1\n--- 2\n", "second document", "line"),
        ("!!python/object/apply:os.system ['true']\n", "", "acme.yaml"),
    ],
)  # fmt: skip
def test_bad_files_are_refused_with_their_place(cast: Cast, text: Any, said: str, line: str):
    before = state_of(cast.acme)
    page = upload(cast, text)
    assert page.status_code == 422
    shown = page.content.decode()
    assert said in shown
    assert line in shown
    assert not offers_apply(page)
    assert state_of(cast.acme) == before
    assert "refused" in failures(cast)[-1]


def test_empty_and_missing_files_are_named_at_the_field(cast: Cast):
    page = upload(cast, "")
    assert page.status_code == 422
    assert "This file is empty." in page.content.decode()
    page = sign_in(cast.alice).post(cast.url("roster/import/"), {})
    assert page.status_code == 422
    assert "Choose a file" in page.content.decode()


@pytest.mark.parametrize("filler", ["- person-{}\n", "# {:032x}\n"])
def test_twelve_megabytes_are_sent_to_the_command_line(cast: Cast, filler: str):
    """Too many people to show in the one case, too much to carry between pages in the other."""
    dice = random.Random(1)
    lines = (
        filler.format(dice.getrandbits(60 if "person" in filler else 128)) for _ in range(30_000)
    )
    text = "members:\n- zoe\n" + "".join(lines)
    text = text + text[16:] * 5 if "#" in filler else text
    text += "# " + "x" * (12 * 1024 * 1024 - len(text))
    page = upload(cast, text)
    assert page.status_code == 422
    assert "import_roster FILE" in page.content.decode()
    assert not offers_apply(page)


def test_file_above_the_limit_is_refused(cast: Cast):
    page = upload(cast, b"#" * (MAX_BYTES + 1))
    assert page.status_code == 422
    assert "larger than 16 MiB" in page.content.decode()


def test_markup_in_names_stays_text(cast: Cast):
    nasty = "<script>alert(1)</script>"
    text = keeping(cast) + f"teams:\n  '{nasty}':\n    description: '<img src=x onerror=y>'\n"
    page = upload(cast, text, name='"><svg onload=z>.yaml')
    shown = page.content.decode()
    assert page.status_code == 200
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    for raw in (nasty, "<img src=x", "<svg onload"):
        assert raw not in shown
    send(cast, page, "apply")
    assert nasty in groups(cast.acme)


# Who may, and whose it is


@pytest.mark.parametrize("who", ["adam", "mia", "vera", "eddie"])
def test_others_than_owners_are_turned_away(cast: Cast, who: str):
    person = getattr(cast, who)
    page = upload(cast, keeping(cast, "zoe"), who=person)
    assert page.status_code == 302
    assert sign_in(person).get(cast.url("roster/import/")).status_code == 302
    assert "zoe" not in members(cast.acme)


def test_strangers_see_no_such_page(cast: Cast):
    for person in (cast.oscar, cast.sam):
        assert upload(cast, keeping(cast), who=person).status_code == 404
        assert sign_in(person).get(cast.url("roster/import/")).status_code == 404


def test_plan_of_one_organization_does_not_apply_to_another(cast: Cast):
    page = upload(cast, keeping(cast, "zoe"))
    before = state_of(cast.umbrella)
    taken = sign_in(cast.oscar).post(
        cast.url("roster/import/", cast.umbrella), {"roster": packed(page), "step": "apply"}
    )
    assert taken.status_code == 422
    assert "Choose the file again" in taken.content.decode()
    assert state_of(cast.umbrella) == before


@pytest.mark.parametrize("roster", ["", "x", "a:b:c", "." + "A" * 5000, "\x00"])
def test_forged_plans_are_refused(cast: Cast, roster: str):
    page = sign_in(cast.alice).post(cast.url("roster/import/"), {"roster": roster, "step": "apply"})
    assert page.status_code == 422
    assert len(members(cast.acme)) == 5


def test_unknown_step_is_refused(cast: Cast):
    page = send(cast, upload(cast, keeping(cast, "zoe")), "everything")
    assert page.status_code == 422
    assert "zoe" not in members(cast.acme)


def test_any_bytes_survive_packing(cast: Cast):
    content = bytes(range(256)) * 3
    first = Upload(name="é.yaml", content=content, key="k", shown="s", all_removals=True)
    assert Upload.unpack(first.pack(cast.acme.id), cast.acme.id) == first


def test_result_is_not_taken_from_a_forged_address(cast: Cast):
    page = sign_in(cast.alice).get(cast.url("roster/import/?done=x"))
    assert 'type="file"' in page.content.decode()


def test_suspended_organization_takes_no_import(cast: Cast):
    page = upload(cast, keeping(cast, "zoe"))
    with bound(cast.acme.id):
        type(cast.acme).objects.filter(pk=cast.acme.pk).update(state="suspended")
    assert send(cast, page, "apply").status_code == 403
    assert reload(cast.acme).member_count == 5


def test_a_plan_costs_the_same_number_of_queries_at_any_size(
    cast: Cast, django_assert_max_num_queries: Any
):
    alice = sign_in(cast.alice)
    text = keeping(cast, *(f"person-{n}" for n in range(400)))
    file = SimpleUploadedFile("acme.yaml", text.encode())
    alice.get(cast.url("roster/import/"))
    with django_assert_max_num_queries(16):
        alice.post(cast.url("roster/import/"), {"file": file})
