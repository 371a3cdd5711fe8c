"""The vault: what it seals opens for its own place, under any key that is still known."""

from __future__ import annotations

from typing import Any

import pytest

from config import vault

OLD, NEW = "o" * 40, "n" * 40
PLACE = ("secret", "org", "project", "id")


def test_what_is_sealed_opens_again_and_looks_different_each_time(settings: Any) -> None:
    settings.SECRETS_KEYS = [OLD]
    one, other = (vault.seal("välue", place=PLACE) for _ in range(2))
    assert one != other
    assert vault.unseal(one, place=PLACE) == vault.unseal(memoryview(other), place=PLACE) == "välue"


@pytest.mark.parametrize("part", range(4))
def test_in_another_place_it_does_not_open(settings: Any, part: int) -> None:
    settings.SECRETS_KEYS = [OLD]
    sealed = vault.seal("value", place=PLACE)
    elsewhere = (*PLACE[:part], "other", *PLACE[part + 1 :])
    with pytest.raises(vault.CannotOpenError, match="another row"):
        vault.unseal(sealed, place=elsewhere)


def test_a_new_key_in_front_seals_and_the_old_one_still_opens(settings: Any) -> None:
    settings.SECRETS_KEYS = [OLD]
    sealed = vault.seal("value", place=PLACE)
    settings.SECRETS_KEYS = [NEW, OLD]
    assert vault.unseal(sealed, place=PLACE) == "value"
    newer = vault.seal("value", place=PLACE)
    settings.SECRETS_KEYS = [NEW]
    assert vault.unseal(newer, place=PLACE) == "value"
    with pytest.raises(vault.CannotOpenError) as refusal:
        vault.unseal(sealed, place=PLACE)
    assert "value" not in str(refusal.value)


def test_one_changed_byte_does_not_open(settings: Any) -> None:
    settings.SECRETS_KEYS = [OLD]
    sealed = bytearray(vault.seal("value", place=PLACE))
    sealed[-5] ^= 1
    with pytest.raises(vault.CannotOpenError):
        vault.unseal(bytes(sealed), place=PLACE)


@pytest.mark.parametrize(("keys", "found"), [([], "vault.E001"), (["short"], "vault.E002")])
def test_without_a_good_key_it_does_not_start(settings: Any, keys: list[str], found: str) -> None:
    settings.SECRETS_KEYS = keys
    (error,) = vault.secrets_have_a_key()
    assert error.id == found
    assert "SECRETS_KEYS" in error.msg
    assert "short" not in error.msg.replace("shorter", "")


def test_a_good_key_is_no_complaint(settings: Any) -> None:
    settings.SECRETS_KEYS = [NEW, OLD]
    assert vault.secrets_have_a_key() == []
    settings.SECRETS_KEYS = [settings.SECRET_KEY]
    (warning,) = vault.secrets_have_a_key()
    assert warning.id == "vault.W001"
