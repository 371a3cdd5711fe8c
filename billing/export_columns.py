"""The columns of a usage export, and how a line of them is written by the database itself.

One list for both forms, so that they say the same. No query and no HTTP.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from config.money import NANO
from config.spreadsheets import harmless_sql


class Form(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


class Kind(StrEnum):
    """TEXT may hold anything; PLAIN needs quotes alone; VALUE is a number, a truth or JSON; MADE
    has been through `made` already, once a name instead of once a line."""

    TEXT = "text"
    PLAIN = "plain"
    VALUE = "value"
    MADE = "made"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Column:
    """`is_money` columns are for who may see costs; some have nothing to say in a line."""

    name: str
    expression: str
    kind: Kind = Kind.VALUE
    is_money: bool = False
    may_be_null: bool = False


# Control characters never stand in JSON as they are, so nothing is quoted, doubled or escaped.
COPY = {
    Form.CSV: "FORMAT csv, HEADER true",
    Form.JSONL: "FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02'",
}


def made(expression: str, form: Form) -> str:
    """Text as a cell, or as a value of JSON."""
    if form is Form.JSONL:
        return f"to_json({expression})::text"
    return harmless_sql(expression)


def money_text(nano: str) -> str:
    """Nano-units as a decimal number with nine digits after the point. Most are nought."""
    return (
        f"CASE {nano} WHEN 0 THEN '0.000000000'"
        f" ELSE ({nano} / {NANO}) || '.' || lpad(({nano} %% {NANO})::text, 9, '0') END"
    )


def line(columns: Sequence[Column], form: Form) -> str:
    """What is selected for one line."""
    if form is Form.CSV:
        return ", ".join(f'{_cell(column)} AS "{column.name}"' for column in columns)
    parts, said = [], "{"
    for column in columns:
        before, expression, after = _value(column)
        parts += [f"'{said}\"{column.name}\":{before}'", expression]
        said = f"{after},"
    return f"concat({', '.join(parts)}, '{said.removesuffix(',')}}}')"


def _cell(column: Column) -> str:
    return made(column.expression, Form.CSV) if column.kind is Kind.TEXT else column.expression


def _value(column: Column) -> tuple[str, str, str]:
    """A value of JSON, and the marks around it that are the same in every line."""
    said = column.expression
    if column.kind is Kind.TEXT:
        said = made(said, Form.JSONL)
    elif column.kind is Kind.TIME:
        return '"', f"""to_char({said}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""", '"'
    elif column.kind is Kind.PLAIN:
        if not column.may_be_null:
            return '"', said, '"'
        said = f"""'"' || ({said}) || '"'"""
    if column.may_be_null:
        said = f"coalesce(({said})::text, 'null')"
    return "", said, ""
