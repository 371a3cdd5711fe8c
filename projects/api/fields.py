"""What the bodies of metering and records are made of: text, amounts, units, ids and moments.

Each says in its schema all that it refuses, so that a document of the interface is never looser.
"""

from __future__ import annotations

import datetime
import ipaddress
import json
import re
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal, InvalidOperation
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)

from config.money import LARGEST, NANO
from config.text import plain_line
from projects.api.reading import Number

LONGEST_NAME = 200
MOST_UNITS = 10**12
# A call is priced by what it used: units of the price list, by these names where they have one.
TOKENS = {
    "input_tokens": "input_token",
    "output_tokens": "output_token",
    "cached_input_tokens": "cached_input_token",
    "cache_write_tokens": "cache_write_token",
    "reasoning_tokens": "reasoning_token",
}
_PLAIN = re.compile(r"[0-9]{1,9}(\.[0-9]{1,30})?")
_UUID = re.compile(r"[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


class Body(BaseModel):
    """A request's body: nothing is bent into shape, and what is not named here is left aside."""

    model_config = ConfigDict(strict=True)


def _storable(said: str) -> str:
    if "\0" in said:
        raise ValueError("Leave out the character NUL.")
    return said


def _uuid(said: Any) -> UUID:
    if not isinstance(said, str) or not _UUID.fullmatch(said):
        raise ValueError("Write a UUID like 0192f0c1-3b5e-7c1a-9d2e-5f60718293a4.")
    return UUID(said)


def _address(said: Any) -> str:
    try:
        found = ipaddress.ip_address(said if isinstance(said, str) else "")
        if isinstance(found, ipaddress.IPv6Address) and found.scope_id:
            raise ValueError
    except ValueError:
        raise ValueError("Write an IPv4 or IPv6 address.") from None
    return plain_address(str(found))


def plain_address(address: str) -> str:
    """An IPv4 address that came over IPv6 is the IPv4 address, for every network it is in."""
    if not address.lower().startswith("::ffff:"):
        return address
    mapped = ipaddress.IPv6Address(address).ipv4_mapped
    return str(mapped) if mapped else address


def _nano(said: Any) -> int:
    """Nano-units of an amount of the currency, upwards: what is set aside is never too little."""
    text = said.text if isinstance(said, Number) else str(said)
    is_number = isinstance(said, Number | int) and not isinstance(said, bool)
    if not is_number and not (isinstance(said, str) and _PLAIN.fullmatch(said)):
        raise ValueError('Write an amount like "0.0125", of the currency, not below zero.')
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError("This amount is too large.") from None
    if amount < 0:
        raise ValueError("An amount is not below zero.")
    if amount > LARGEST // NANO:
        raise ValueError(f"An amount is at most {LARGEST // NANO}.")
    return int(amount.scaleb(9).to_integral_value(ROUND_CEILING)) if amount else 0


def _count(said: Any) -> int:
    whole = isinstance(said, int) and not isinstance(said, bool)
    if isinstance(said, Number) and said.is_integer():
        said, whole = int(said), True
    if not whole or not 0 <= said <= MOST_UNITS:
        raise ValueError(f"Write a whole number from 0 to {MOST_UNITS}.")
    return int(said)


def _units(said: Any) -> dict[str, str]:
    """The units as the database reads them: decimals, exactly as they were written."""
    if not isinstance(said, dict) or len(said) > 30:
        raise ValueError('Write units and amounts, like {"output_image": 2}; at most 30.')
    return {name: _amount(name, amount) for name, amount in said.items()}


def _amount(name: str, said: Any) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", name) or name == "above":
        raise ValueError(f"{name[:60]!r} is no unit.")
    is_number = isinstance(said, Number | int) and not isinstance(said, bool)
    if not is_number or not 0 <= said <= MOST_UNITS:
        raise ValueError(f"{name}: write a number from 0 to {MOST_UNITS}.")
    if not isinstance(said, Number):
        return str(said)
    try:
        return f"{Decimal(said.text).quantize(Decimal('1e-9'), ROUND_CEILING):f}"
    except InvalidOperation:
        raise ValueError(f"{name}: this exponent is too large.") from None


def _moment(said: Any) -> datetime.datetime:
    # The second that is put in now and then (RFC 3339, 5.7) is one that no clock here has.
    text = re.sub(r":60(?=[.Z+-])", ":59", said.upper() if isinstance(said, str) else "")
    try:
        moment = datetime.datetime.fromisoformat(text)
        return moment.astimezone(datetime.UTC) if moment.tzinfo else _no_moment()
    except (ValueError, OverflowError):
        return _no_moment()


def _no_moment() -> datetime.datetime:
    raise ValueError("Write a moment with its offset, like 2026-03-01T12:00:00Z.")


_NO_NUL = {"pattern": "^[^\\u0000]*$"}
Name = Annotated[
    str, AfterValidator(_storable), Field(max_length=LONGEST_NAME, json_schema_extra=_NO_NUL)
]
# What people read, in the log and in letters: without marks that turn it around or hide in it.
Line = Annotated[Name, AfterValidator(plain_line)]
Uuid = Annotated[UUID, PlainValidator(_uuid), WithJsonSchema({"type": "string", "format": "uuid"})]
Address = Annotated[
    str,
    PlainValidator(_address),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}),
]
Money = Annotated[
    int,
    PlainValidator(_nano),
    WithJsonSchema(
        {
            "description": "Of the currency of the installation; beyond nine decimals, rounded up.",
            "anyOf": [
                {"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,30})?$"},
                {"type": "number", "minimum": 0, "maximum": LARGEST // NANO},
            ],
        }
    ),
]
Count = Annotated[
    int,
    PlainValidator(_count),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MOST_UNITS}),
]
Units = Annotated[
    dict[str, str],
    PlainValidator(_units),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": 30,
            "propertyNames": {"pattern": "^(?!above$)[a-z][a-z0-9_]{0,59}$"},
            "additionalProperties": {"type": "number", "minimum": 0, "maximum": MOST_UNITS},
        }
    ),
]
Moment = Annotated[
    datetime.datetime,
    PlainValidator(_moment),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Used(Body):
    """What a call uses, or used. Every kind is counted beside the others, none within another."""

    input_tokens: Count = 0
    output_tokens: Count = 0
    cached_input_tokens: Count = 0
    cache_write_tokens: Count = 0
    reasoning_tokens: Count = 0
    units: Units = Field(
        default_factory=dict, description="Other units of the price list, like output_image."
    )

    @model_validator(mode="after")
    def _once(self) -> Self:
        for name, unit in TOKENS.items():
            if name in self.model_fields_set and unit in self.units:
                raise ValueError(f"{name} and units.{unit} are the same: send one of them.")
        return self

    def as_units(self) -> str | None:
        """JSON for the database; None where nothing was said."""
        said: Mapping[str, int] = {
            unit: getattr(self, name)
            for name, unit in TOKENS.items()
            if name in self.model_fields_set
        }
        rows = [f"{json.dumps(unit)}: {amount}" for unit, amount in {**said, **self.units}.items()]
        return f"{{{', '.join(rows)}}}" if rows else None
