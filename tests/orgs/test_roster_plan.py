"""What a roster file would change: people, roles, groups and seats, and what is refused."""

from dataclasses import replace

import pytest

from orgs.roster.document import OrgFile
from orgs.roster.peribolos import read
from orgs.roster.plan import GroupNow, Kind, PersonNow, Plan, Snapshot, apply_to, plan

ALICE = PersonNow("a", "Alice", "alice@acme.example", "owner", placeholder=False)
ADAM = PersonNow("d", "adam", None, "admin", placeholder=False)
MIA = PersonNow("m", None, "mia@acme.example", "member", placeholder=False)
VERA = PersonNow("v", "vera", None, "viewer", placeholder=True)
PEOPLE = (ALICE, ADAM, MIA, VERA)
EVERYONE = "admins: [alice]\nmembers: [adam, mia@acme.example, vera]\n"


def acme(text: str) -> OrgFile:
    document = read(text, name="acme.yaml", key="acme")
    assert document.ok, document.errors
    return document.orgs[0]


def state(*groups: GroupNow, people: tuple[PersonNow, ...] = PEOPLE) -> Snapshot:
    return Snapshot("acme", people, groups)


def group(name: str, *, parent: str | None = None, secret: bool = False, **people: bool):
    return GroupNow(f"g-{name}", name, "", secret, parent and f"g-{parent}", people)


def planned(text: str, now: Snapshot, **options) -> Plan:
    """The plan, checked to change nothing when it is made again."""
    org = acme(text)
    options.setdefault("allow_removals", 1.0)
    found = plan(org, now, **options)
    if not found.refused:
        assert plan(org, apply_to(now, found), **options).changes == ()
    return found


def changes(found: Plan) -> list[tuple[str, str]]:
    return [(change.kind.value, change.summary) for change in found.changes]


def codes(found: Plan) -> list[tuple[str, str]]:
    return [(problem.level, problem.code) for problem in found.problems]


# People


def test_same_people_change_nothing():
    found = planned(EVERYONE, state())
    assert found.empty
    assert found.problems == ()


def test_people_are_found_by_login_and_by_address_in_any_letter_case():
    found = planned("admins: ['@ALICE']\nmembers: [Adam, MIA@acme.example, Vera]", state())
    assert found.empty


def test_newcomers_become_placeholders_in_their_role():
    found = planned(
        "admins: [alice, Zoe]\nmembers: [adam, vera, mia@acme.example, Ned@acme.example]", state()
    )
    assert changes(found) == [
        ("person.add", "Add Zoe as Owner, who cannot sign in until invited"),
        ("person.add", "Add Ned@acme.example as Member, who cannot sign in until invited"),
    ]
    assert [(c.person, c.person_id, dict(c.after)) for c in found.changes] == [
        ("zoe", None, {"login": "Zoe", "email": None, "role": "owner"}),
        ("ned@acme.example", None, {"login": None, "email": "ned@acme.example", "role": "member"}),
    ]
    added = apply_to(state(), found).people[-2:]
    assert [person.placeholder for person in added] == [True, True]


def test_members_of_the_file_keep_the_role_they_have_below_owner():
    roles = [person.role for person in apply_to(state(), planned(EVERYONE, state())).people]
    assert roles == ["owner", "admin", "member", "viewer"]


def test_admins_of_the_file_become_owners():
    found = planned("admins: [alice, adam]\nmembers: [mia@acme.example, vera]", state())
    assert changes(found) == [("person.change_role", "Change adam from Admin to Owner")]


def test_people_whom_the_file_leaves_out_go_with_their_seats():
    now = state(group("core", v=False, m=True))
    found = planned("admins: [alice]\nmembers: [adam, mia@acme.example]", now)
    assert changes(found) == [
        ("person.remove", "Remove vera from the organization and from 1 group")
    ]
    after = apply_to(now, found)
    assert [person.id for person in after.people] == ["a", "d", "m"]
    assert after.groups[0].members == {"m": True}


def test_lists_that_the_file_lacks_manage_nobody():
    assert planned("teams: {}", state()).empty
    assert planned("admins: [alice]", state()).empty
    assert planned("members: [adam, mia@acme.example, vera]", state()).empty


def test_owner_without_account_is_demoted_or_removed():
    zoe = PersonNow("z", "zoe", None, "owner", placeholder=True)
    now = state(people=(*PEOPLE, zoe))
    assert changes(planned("admins: [alice]", now)) == [
        ("person.change_role", "Change zoe from Owner to Member")
    ]
    assert changes(planned(EVERYONE, now)) == [
        ("person.remove", "Remove zoe from the organization")
    ]
    assert planned("members: [adam, mia@acme.example, vera]", now).empty


@pytest.mark.parametrize(
    "text",
    ["admins: []\nmembers: [adam, mia@acme.example, vera]",
     "admins: []\nmembers: [alice, adam, mia@acme.example, vera]",
     "members: [alice, adam, mia@acme.example, vera]"],
)  # fmt: skip
def test_owner_who_can_sign_in_stays(text: str):
    found = planned(text, state())
    assert found.empty
    assert codes(found) == [("warning", "owner.kept")]
    assert found.problems[0].message.startswith("Alice stays Owner")


def test_owner_whom_the_caller_keeps_stays_and_counts():
    first = PersonNow("f", None, "first@acme.example", "owner", placeholder=True)
    now = Snapshot("acme", (first,))
    found = planned("admins: []\nmembers: []", now, keep_owner_keys={"First@acme.example"})
    assert found.empty
    assert codes(found) == [("warning", "owner.kept")]


def test_organization_without_an_owner_who_can_sign_in_is_refused():
    found = planned("admins: [zoe]\nmembers: []", Snapshot("acme"))
    assert codes(found) == [("error", "owner.last")]
    assert found.refused
    with pytest.raises(ValueError, match="refused"):
        apply_to(Snapshot("acme"), found)


def test_member_with_account_who_becomes_owner_counts():
    found = planned("admins: [adam]\nmembers: []", Snapshot("acme", (ADAM,)))
    assert not found.refused


def test_two_names_of_one_person_are_refused():
    found = planned("admins: [alice]\nmembers: [alice@acme.example]", state(people=(ALICE,)))
    assert codes(found) == [("error", "login.same_person")]


# Groups


def test_groups_are_added_parents_first():
    found = planned(
        "teams: {core: {description: The core, privacy: secret, teams: {docs: {}}}}", state()
    )
    assert changes(found) == [
        ("group.add", "Add the group core"),
        ("group.add", "Add the group docs below core"),
    ]
    assert [dict(change.after) for change in found.changes] == [
        {"description": "The core", "secret": True, "parent": None},
        {"description": "", "secret": False, "parent": "core"},
    ]


def test_teams_that_the_file_lacks_manage_no_group():
    assert planned(EVERYONE, state(group("core", m=True))).empty


def test_group_that_the_file_leaves_out_goes_children_first():
    now = state(group("core", m=True), group("docs", parent="core"), group("keep", parent="docs"))
    found = planned("teams: {keep: {}}", now)
    assert changes(found) == [
        ("group.change", "Change the group keep: moves to the top level"),
        ("group.remove", "Remove the group docs with no people"),
        ("group.remove", "Remove the group core with 1 person"),
    ]


def test_group_changes_only_what_the_file_says():
    now = state(replace(group("core", secret=True), description="Old"))
    assert planned("teams: {core: {}}", now).empty
    found = planned("teams: {core: {description: '', privacy: closed}}", now)
    assert changes(found) == [
        ("group.change", "Change the group core: new description, becomes visible")
    ]
    assert dict(found.changes[0].before) == {"description": "Old", "secret": True}


def test_group_with_children_or_a_parent_becomes_visible_unless_the_file_says_secret():
    now = state(group("core", secret=True), group("docs", parent="core", secret=True))
    found = planned("teams: {core: {teams: {docs: {}}}}", now)
    assert [change.group for change in found.changes] == ["core", "docs"]
    text = "teams: {core: {privacy: secret, teams: {docs: {privacy: secret}}}}"
    assert planned(text, now).empty


def test_parent_and_child_change_places():
    found = planned("teams: {docs: {teams: {core: {}}}}",
                    state(group("core"), group("docs", parent="core")))  # fmt: skip
    assert changes(found) == [
        ("group.change", "Change the group docs: moves to the top level"),
        ("group.change", "Change the group core: moves below docs"),
    ]


def test_first_old_name_that_exists_is_renamed_and_keeps_its_seats():
    now = state(group("kernel", m=True), group("older"))
    found = planned("teams: {core: {previously: [none, kernel, older]}}", now)
    assert changes(found) == [
        ("group.rename", "Rename the group kernel to core"),
        ("group.remove", "Remove the group older with no people"),
    ]
    assert (found.changes[0].group, found.changes[0].group_id) == ("kernel", "g-kernel")
    assert apply_to(now, found).groups[0] == replace(now.groups[0], name="core")


def test_old_name_is_not_used_if_the_new_one_exists():
    found = planned("teams: {core: {previously: [kernel]}}", state(group("core"), group("kernel")))
    assert changes(found) == [("group.remove", "Remove the group kernel with no people")]


def test_old_name_is_not_used_if_another_team_bears_it():
    found = planned(
        "teams: {core: {teams: {kernel: {}}}, new: {teams: {x: {previously: [kernel]}}}}",
        state(group("core"), group("kernel", parent="core"), group("new")),
    )
    assert changes(found) == [("group.add", "Add the group x below new")]


def test_one_old_name_renames_one_group():
    text = "teams: {a: {teams: {x: {previously: [old]}}}, b: {teams: {y: {previously: [old]}}}}"
    found = planned(text, state(group("a"), group("b"), group("old", parent="a")))
    assert changes(found) == [
        ("group.rename", "Rename the group old to x"),
        ("group.add", "Add the group y below b"),
    ]


def test_letter_case_makes_another_group_and_is_worth_a_word():
    found = planned("teams: {Core: {}}", state(group("core")))
    assert [change.kind for change in found.changes] == [Kind.GROUP_ADD, Kind.GROUP_REMOVE]
    assert ("warning", "group.case") in codes(found)


def test_children_that_say_the_same_become_one_group():
    text = "teams: {a: {teams: {docs: {}}}, b: {teams: {docs: {}}}}"
    found = planned(text, state())
    assert [change.group for change in found.changes] == ["a", "docs", "b"]


# Seats


def test_seats_come_change_and_go():
    now = state(group("core", a=False, m=False, v=True))
    found = planned(EVERYONE + "teams: {core: {maintainers: [alice], members: [adam, vera]}}", now)
    assert changes(found) == [
        ("seat.remove", "Remove mia@acme.example from core"),
        ("seat.change", "Mark Alice as maintainer of core"),
        ("seat.change", "Unmark vera as maintainer of core"),
        ("seat.add", "Add adam to core"),
    ]
    assert apply_to(now, found).groups[0].members == {"a": True, "v": False, "d": False}


def test_newcomers_join_new_groups():
    found = planned(
        "admins: [alice]\nmembers: [Zoe]\nteams: {core: {maintainers: [zoe]}}",
        state(people=(ALICE,)),
    )
    assert changes(found)[-1] == ("seat.add", "Add Zoe to core as maintainer")
    assert (found.changes[-1].person, found.changes[-1].person_id) == ("zoe", None)
    assert (found.changes[-1].group, found.changes[-1].group_id) == ("core", None)


@pytest.mark.parametrize(
    ("body", "after"),
    [("", {"m": True, "v": False}),
     ("members: []", {"m": True}),
     ("members: [mia@acme.example]", {"m": False}),
     ("maintainers: []", {"m": False, "v": False}),
     ("maintainers: [vera]", {"m": False, "v": True}),
     ("members: [vera], maintainers: []", {"v": False}),
     ("members: ~, maintainers: ~", {})],
)  # fmt: skip
def test_seat_list_that_the_file_lacks_leaves_its_people(body: str, after: dict[str, bool]):
    now = state(group("core", m=True, v=False))
    found = planned(f"{EVERYONE}teams: {{core: {{{body}}}}}", now)
    assert apply_to(now, found).groups[0].members == after


def test_person_of_a_child_who_is_not_in_the_organization_is_left_out():
    text = EVERYONE + "teams: {core: {teams: {docs: {members: [zoe]}}}}"
    found = planned(text, state(group("core"), group("docs", parent="core")))
    assert found.empty


def test_people_of_teams_may_be_present_people_where_the_file_lists_none():
    found = planned("teams: {core: {members: [vera]}}", state())
    assert changes(found)[-1] == ("seat.add", "Add vera to core")
    text = "teams: {core: {members: [zoe], teams: {docs: {members: [ned]}}}}"
    assert codes(planned(text, state())) == [
        ("error", "login.not_in_org"),
        ("warning", "login.not_in_org"),
    ]


def test_two_names_of_one_person_are_one_seat():
    text = "teams: {core: {members: [alice@acme.example], maintainers: [alice]}}"
    found = planned(text, state())
    assert changes(found)[1:] == [("seat.add", "Add Alice to core as maintainer")]


# Guard rails


def test_a_quarter_of_the_people_may_go_and_no_more():
    text = "admins: [alice]\nmembers: [adam, mia@acme.example]"
    assert not planned(text, state(), allow_removals=0.25).refused
    found = planned("admins: [alice]\nmembers: [adam]", state(), allow_removals=0.25)
    assert codes(found) == [("error", "removals.people")]
    assert "2 of 4 people would be removed (50%)" in found.problems[0].message
    assert [change.kind for change in found.changes] == [Kind.PERSON_REMOVE] * 2


def test_a_quarter_of_the_groups_may_go_and_no_more():
    now = state(*(group(name) for name in "abcd"))
    assert not planned("teams: {a: {}, b: {}, c: {}}", now, allow_removals=0.25).refused
    found = planned("teams: {a: {}, b: {}}", now, allow_removals=0.25)
    assert codes(found) == [("error", "removals.groups")]
    assert found.problems[0].path == "teams"


def test_many_seats_that_go_are_worth_a_word():
    now = state(group("core", m=True, v=False))
    found = planned("teams: {core: {members: [], maintainers: []}}", now, allow_removals=0.25)
    assert codes(found) == [("warning", "removals.seats")]


def test_counts_name_every_kind():
    found = planned("teams: {core: {}}", state())
    assert found.counts[Kind.GROUP_ADD] == 1
    assert set(found.counts) == set(Kind)
    assert found.of(Kind.GROUP_ADD, Kind.SEAT_ADD) == found.changes
