"""Names and addresses as people type them, and as those type them who mean harm."""

from __future__ import annotations

import time

import pytest
from django.core.exceptions import ValidationError

from config.text import clean_email, clean_line
from orgs.roster.values import one_line

MARKS = "a" + "\u0301\u0316" * 200_000


def code_of(value: str, clean: object = clean_line) -> str | None:
    with pytest.raises(ValidationError) as refused:
        clean(value)  # type: ignore[operator]
    return refused.value.code


def test_a_letter_under_a_mountain_of_marks_is_refused_at_once() -> None:
    started = time.process_time()
    assert code_of(MARKS) == "too_long"
    one_line(MARKS)
    # Composing it would take minutes.
    assert time.process_time() - started < 5


def test_a_name_may_use_as_many_marks_as_it_needs() -> None:
    assert clean_line("a\u0302\u0301" * 100) == "\u1ea5" * 100
    assert code_of("a\u0302\u0301" * 101) == "too_long"


@pytest.mark.parametrize(
    "name", ["a\x00b", "\u202eevil", "a\u2066b", "a\u200bb", "\ufeffa", "\ud800", "a\x1bb"]
)
def test_a_name_hides_nothing(name: str) -> None:
    assert code_of(name) == "characters"


def test_a_name_is_one_line_of_text_and_markup_is_text() -> None:
    assert clean_line("  Ana\t\n \u2028 <b>Silva</b> ") == "Ana <b>Silva</b>"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("", "invalid_email"),
        ("ana", "invalid_email"),
        ("ana@\x00example.com", "invalid_email"),
        ("ana@example.com\nbcc:eve@example.com", "invalid_email"),
        ("\u0430na@example.com", "look_alike"),
        ("\u212aim@example.com", "look_alike"),
        ("ana@ex\uff41mple.com", "look_alike"),
        ("a" * 300 + "@example.com", "too_long"),
    ],
)
def test_an_address_that_is_none_is_refused_with_the_reason(address: str, code: str) -> None:
    assert code_of(address, clean_email) == code


def test_case_is_no_difference_and_a_tag_is_one() -> None:
    assert clean_email(" Ana@Example.COM ") == "ana@example.com"
    assert clean_email("ana+x@example.com") == "ana+x@example.com"
