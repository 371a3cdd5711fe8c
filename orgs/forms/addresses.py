"""A list of people as it is typed, pasted or uploaded: text in, lines out, nothing looked up.

Addresses with or without names, parted by commas, semicolons or line ends; or a CSV whose first
line names the columns email, role and reason.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from config.roles import ORGANIZATION_ROLES, Role
from config.text import clean_email, clean_line
from orgs.actions.invitation_batches import Line
from orgs.actions.invitations import Ask

MOST_PEOPLE = 1000
MOST_BYTES = 10 * 1024 * 1024
# Room for all of them with a name or a reason each; reading costs a hundred times the text.
MOST_CHARACTERS = 1_000_000
REASON_LENGTH = 500
SHOWN_LENGTH = 80
COLUMNS = ("email", "role", "reason")

_ENTRY = re.compile(r'(?:"[^"\n]*"|[^,;\n\t"]|")+')
_BRACKETED = re.compile(r"<([^<>]*)>\s*$")
_ROLES = {key: role for role in ORGANIZATION_ROLES for key in (role.value, role.label.lower())}

Cells = dict[str, str]


def read_csv(file: UploadedFile[Any]) -> str:
    """The text of an uploaded CSV, its first line naming the columns.

    A file without that line is taken to have the columns in their usual order. Raises
    ValidationError: `too_large`, `encoding`, `columns`.
    """
    if file.size is None or file.size > MOST_BYTES:
        raise ValidationError("Use a file of at most 10 MB.", code="too_large")
    try:
        text = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise ValidationError(
            "This file is not in UTF-8. Save it as “CSV UTF-8”, then choose it again.",
            code="encoding",
        )
    text = _with_plain_ends(text)
    first = _first_line(text)
    header = _cells(first)
    if "email" in header:
        return text
    if "@" not in header[0] or len(header) > len(COLUMNS):
        raise ValidationError(
            "The first line must name the columns: email and, if you like, role and reason. "
            "Here it is: %(found)s",
            code="columns",
            params={"found": shown(first) or "empty"},
        )
    return _delimiter(first).join(COLUMNS[: len(header)]) + "\n" + text


def lines_of(text: str, *, role: Role, reason: str) -> list[Line]:
    """A line for each entry; those that name no role or reason get these.

    Raises ValidationError: `empty`, `too_many`, `too_large`, `columns`, `csv`.
    """
    text = _with_plain_ends(text)
    is_csv = "email" in _cells(_first_line(text))
    is_long = len(text) > MOST_CHARACTERS
    has = _count(text) - is_csv if is_csv or is_long else sum(1 for _ in _entries(text))
    if is_long and has <= MOST_PEOPLE:
        raise ValidationError(
            "Use at most %(most)s characters; this has %(has)s.",
            code="too_large",
            params={"most": f"{MOST_CHARACTERS:,}", "has": f"{len(text):,}"},
        )
    if has < 1:
        raise ValidationError("Give at least one address.", code="empty")
    if has > MOST_PEOPLE:
        raise ValidationError(
            "At most %(most)s at a time; this has %(has)s.",
            code="too_many",
            params={"most": f"{MOST_PEOPLE:,}", "has": f"{has:,}"},
        )
    rows = _csv_rows(text) if is_csv else ({"email": entry} for entry in _entries(text))
    return [_line(number, row, role, reason) for number, row in enumerate(rows, start=1)]


def shown(raw: str) -> str:
    """What was typed, fit to be shown: short, and without characters that hide or turn text."""
    text = "".join(char if char.isprintable() else "\ufffd" for char in raw[: SHOWN_LENGTH + 1])
    return text if len(text) <= SHOWN_LENGTH else text[: SHOWN_LENGTH - 1] + "…"


def _line(number: int, cells: Cells, role: Role, reason: str) -> Line:
    typed = cells["email"]
    try:
        ask = Ask(
            email=clean_email(_address(typed)),
            role=_role(cells.get("role", "")) or role,
            reason=clean_line(cells.get("reason", ""), max_length=REASON_LENGTH) or reason,
        )
        if cells.get("more"):
            raise ValidationError("This line has more cells than columns.", code="columns")
    except ValidationError as refusal:
        return Line(number=number, shown=shown(typed), refusal=refusal)
    return Line(number=number, shown=ask.email, ask=ask)


def _address(typed: str) -> str:
    """The address alone: `Ana Silva <ana@example.com>` names her too."""
    found = _BRACKETED.search(typed)
    return found[1] if found else typed


def _role(typed: str) -> Role | None:
    """A role by its name; None where none is given. Never a guess: a typo is no role."""
    if not typed.strip():
        return None
    role = _ROLES.get(" ".join(typed.lower().split()))
    if role is None:
        raise ValidationError(
            "There is no role “%(role)s”.", code="unknown_role", params={"role": shown(typed)}
        )
    return role


def _entries(text: str) -> Iterator[str]:
    for found in _ENTRY.finditer(text):
        if entry := found[0].strip():
            yield entry


def _csv_rows(text: str) -> Iterator[Cells]:
    first = _first_line(text)
    header = _cells(first)
    unknown = [name for name in header if name not in COLUMNS]
    if unknown or len(set(header)) < len(header):
        raise ValidationError(
            "The columns may be email, role and reason. Here they are: %(found)s",
            code="columns",
            params={"found": shown(first)},
        )
    try:
        reader = csv.reader(io.StringIO(text.lstrip()), delimiter=_delimiter(first))
        next(reader)
        for row in reader:
            if any(cell.strip() for cell in row):
                cells = dict(zip(header, row, strict=False))
                yield {"email": ""} | cells | {"more": "".join(row[len(header) :]).strip()}
    except csv.Error as error:
        raise ValidationError(
            "This cannot be read as CSV: a quotation mark may be left open.", code="csv"
        ) from error


def _with_plain_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _first_line(text: str) -> str:
    return text.lstrip().partition("\n")[0].strip()


def _cells(line: str) -> list[str]:
    delimiter = _delimiter(line)
    return [cell.strip().strip('"').strip().lower() for cell in line[:1000].split(delimiter)]


def _delimiter(line: str) -> str:
    return ";" if line.count(";") > line.count(",") else ","


def _count(text: str) -> int:
    """Lines that say something. Counting first keeps a huge file from being parsed at all."""
    return sum(1 for line in text.splitlines() if line.strip())
