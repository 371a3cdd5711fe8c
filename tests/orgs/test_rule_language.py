"""Rules as people write them: what is understood is written in one way, what is not is named."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from config.roles import GROUP_ROLES, ORGANIZATION_ROLES, Permission, Role
from orgs.rules.language import EXAMPLES, TEXT_LENGTH, Form, Sentence, parse

ROLES = [role for role in Role if role is not Role.SUPERADMIN]
a_role = st.sampled_from(ROLES)
a_counted_role = st.sampled_from([*ORGANIZATION_ROLES, *GROUP_ROLES])
a_permission = st.sampled_from(list(Permission))


def in_order(kind, chosen) -> tuple:
    return tuple(one for one in kind if one in set(chosen))


some_roles = st.lists(a_role, min_size=1, max_size=6).map(lambda chosen: in_order(Role, chosen))
two_permissions = st.lists(a_permission, min_size=2, max_size=2, unique=True).map(
    lambda chosen: in_order(Permission, chosen)
)
a_domain = st.from_regex(r"[a-z]{1,8}\.(example|test)", fullmatch=True)
one = st.tuples(a_permission)


def sentence(form: Form, **parts) -> st.SearchStrategy[Sentence]:
    return st.builds(Sentence, form=st.just(form), **parts)


@st.composite
def counted(draw) -> Sentence:
    low, high = sorted((draw(st.integers(0, 50)), draw(st.integers(0, 50))))
    only = draw(st.sampled_from(["low", "high", "both"]))
    return Sentence(
        form=Form.COUNT,
        roles=(draw(a_counted_role),),
        low=None if only == "high" else low,
        high=None if only == "low" else high,
    )


sentences = st.one_of(
    sentence(Form.NO, roles=st.tuples(a_role), permissions=one),
    sentence(Form.EVERY, roles=st.tuples(a_role), permissions=one),
    sentence(Form.ONLY, roles=some_roles, permissions=one),
    sentence(Form.ALONE, roles=some_roles, permissions=one),
    sentence(Form.BOTH, roles=st.just(()) | some_roles, permissions=two_permissions),
    counted(),
    sentence(Form.OUTSIDE, roles=st.tuples(a_role), domains=st.tuples(a_domain)),
    sentence(Form.ENDS, roles=st.tuples(a_role), days=st.integers(1, 3650)),
    st.tuples(st.sampled_from(ORGANIZATION_ROLES), st.sampled_from(GROUP_ROLES)).map(
        lambda pair: Sentence(form=Form.GROUP, roles=pair)
    ),
    st.tuples(st.sampled_from(ORGANIZATION_ROLES), st.sampled_from(GROUP_ROLES)).map(
        lambda pair: Sentence(form=Form.TWO, roles=pair)
    ),
)


@given(sentences)
def test_what_is_written_is_read_again(said: Sentence) -> None:
    assert parse(str(said)) == said


@given(sentences, st.sampled_from([str.upper, str.lower, "  {}. ".format]))
def test_case_spaces_and_a_full_stop_say_nothing(said: Sentence, spoken) -> None:
    assert parse(spoken(str(said))) == said


@given(st.text(max_size=200))
def test_any_other_text_is_refused_in_words(text: str) -> None:
    try:
        parse(text)
    except ValidationError as error:
        assert error.code == "language"
        assert error.messages[0].endswith((".", "?", "”"))


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_is_a_rule(text: str) -> None:
    assert parse(str(parse(text))) == parse(text)


def test_no_two_permissions_are_called_the_same() -> None:
    assert len({one.label.casefold() for one in Permission}) == len(Permission)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2 to 3 owners", "between 2 and 3 Owners"),
        ("exactly 1 owner", "exactly 1 Owner"),
        ("no member may billing.view_invoices", "no Member may view invoices"),
        ("no a viewer may “View invoices”", "no Viewer may view invoices"),
        (
            "only Admins, Owners, and Admins may view invoices",
            "only Owners and Admins may view invoices",
        ),
        (
            "nobody may both keys.create and org.approve_production",
            "nobody may both “give final approval for production access” and"
            " “create, rotate and revoke organization API keys”",
        ),
        ("no Viewer is in any group with billing viewer", None),
    ],
)
def test_it_may_be_said_in_several_ways(text: str, written: str | None) -> None:
    assert str(parse(text)) == (written or "no Viewer is in a group with Billing Viewer")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Write a rule"),
        ("nobdy may both x and y", "“nobdy” begins no rule. Did you mean “nobody”?"),
        ("no Membr may view invoices", "“Membr” is no role. Did you mean “Member”?"),
        (
            "no Member may view invoces",
            "“view invoces” is no permission. Did you mean “view invoices”?",
        ),
        ("no Member", "“no” goes on like this"),
        ("only Owners and Bosses may view invoices", "“Bosses” is no role"),
        (
            "nobody may both view invoices and keys.craete",
            "“keys.craete” is no permission. Did you mean",
        ),
        ("nobody may both view invoices", "takes two permissions"),
        ("nobody may both view invoices and billing.view_invoices", "two different"),
        ("between 3 and 2 Owners", "there is no number"),
        ("at most 9999999999999 Owners", "more than the"),
        ("at least 2 Project Owners", "only roles of the whole organization"),
        ("no Viewer is in a group with Owner", "No group carries the role Owner"),
        ("nobody is both Owner and Admin", "nobody is both"),
        ("nobody outside localhost is Owner", "“localhost” is no domain"),
        ("at least 1 Superadmin", "only roles of the whole organization"),
        ("no Owner may " + "x" * TEXT_LENGTH, "characters at most"),
    ],
)
def test_the_word_that_was_not_understood_is_named(text: str, said: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        parse(text)
    assert said in refusal.value.messages[0]
