"""What people type: names and addresses, cleaned once, the same way everywhere."""

from __future__ import annotations

import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator

NAME_LENGTH = 100
# So many characters at most become one when they are composed.
COMPOSED = 4
EMAIL_LENGTH = 254

_check_email = EmailValidator()


def clean_line(value: str, *, max_length: int = NAME_LENGTH) -> str:
    """One line of plain text: NFC, single spaces, no control or direction characters.

    Raises ValidationError with the code `characters` or `too_long`.
    """
    text = " ".join(value.split())
    # Asked first: composing takes time by the square of how many marks stand on one letter.
    if len(text) > max_length * COMPOSED:
        raise _too_long(text, max_length)
    text = " ".join(unicodedata.normalize("NFC", text).split())
    hidden = sorted({f"U+{ord(char):04X}" for char in text if _is_hidden(char)})
    if hidden:
        raise ValidationError(
            "Remove the invisible characters (%(which)s).",
            code="characters",
            params={"which": ", ".join(hidden[:5])},
        )
    if len(text) > max_length:
        raise _too_long(text, max_length)
    return text


def plain_line(value: str) -> str:
    """One line of what a program sent: what `clean_line` would refuse in it is left out."""
    shown = "".join(char for char in " ".join(value.split()) if not _is_hidden(char))
    return " ".join(shown.split())


def clean_email(value: str) -> str:
    """An address in the one form in which it is stored and compared: ASCII, lower case.

    A tag (`ana+work@…`) makes a different address. Letters outside ASCII are refused, because
    a look-alike of an invited address must not pass for it. Raises ValidationError.
    """
    address = value.strip()
    # Before the letters are made small: the Kelvin sign would become a plain k.
    if not address.isascii():
        raise ValidationError(
            "Use plain letters in the address: a look-alike letter is a different mailbox.",
            code="look_alike",
        )
    address = address.lower()
    if len(address) > EMAIL_LENGTH:
        raise ValidationError("An address has at most 254 characters.", code="too_long")
    try:
        _check_email(address)
    except ValidationError:
        raise ValidationError(
            "Write an address like name@example.com.", code="invalid_email"
        ) from None
    return address


def _too_long(text: str, most: int) -> ValidationError:
    return ValidationError(
        "Use at most %(most)d characters; this has %(has)d.",
        code="too_long",
        params={"most": most, "has": len(text)},
    )


def _is_hidden(char: str) -> bool:
    """Control, format (direction marks, zero width), surrogate and private-use characters.

    The zero-width joiner stays: names in several scripts and emoji need it.
    """
    return char != "\u200d" and unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"}
