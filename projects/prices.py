"""A public price list of models, read: whatever it says an amount for becomes a unit with a rate.

A rate is nano-units of the currency for a million of the unit, an integer. What the list says in
a form that no rate can hold is named, never dropped in silence. The deed is in
`actions/prices.py`; the database applies the rates (`price_of`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

Rates = dict[str, int]

LARGEST_FILE = 100 * 2**20
LONGEST_NAME = 200
LARGEST = Decimal(1_000_000)  # Of the currency, for a single token, second or image.
_NANO_A_MILLION = 15

# The list's fields → our units. A size, hours, tokens of context and a service may follow.
_UNITS = {
    "input_cost_per_token": "input_token",
    "output_cost_per_token": "output_token",
    "output_cost_per_reasoning_token": "reasoning_token",
    "cache_read_input_token_cost": "cached_input_token",
    "input_cost_per_token_cache_hit": "cached_input_token",
    "explicit_cache_read_input_token_cost": "explicitly_cached_input_token",
    "cache_creation_input_token_cost": "cache_write_token",
    "cache_creation_input_audio_token_cost": "cache_write_audio_token",
    "cache_read_input_audio_token_cost": "cached_input_audio_token",
    "cache_read_input_image_token_cost": "cached_input_image_token",
    "citation_cost_per_token": "citation_token",
    **{
        f"{way}_cost_per_{kind}_token": f"{way}_{kind}_token"
        for way in ("input", "output")
        for kind in ("audio", "image", "video")
    },
    **{
        f"{way}_cost_per_{unit}": f"{way}_{unit}"
        for way in ("input", "output")
        for unit in ("character", "image", "pixel", "query", "second")
    },
    **{
        f"{way}_cost_per_{kind}_per_second": f"{way}_{kind}_second"
        for way in ("input", "output")
        for kind in ("audio", "video")
    },
    "input_cost_per_video_per_second_above_8s_interval": "input_video_second_above_8s",
    "input_cost_per_video_per_second_above_15s_interval": "input_video_second_above_15s",
    "input_cost_per_request": "request",
    "input_cost_per_text_message": "text_message",
    "cost_per_second": "second",
    "ocr_cost_per_page": "page",
    "ocr_cost_per_credit": "credit",
    "annotation_cost_per_page": "annotated_page",
    "code_interpreter_cost_per_session": "code_session",
    "google_maps_grounding_cost_per_query": "map_query",
}
# Fields whose value is a table of units of their own.
_TABLES = {"search_context_cost_per_query": "search", "guardrail_cost_per_unit": "guardrail"}
_FIELD = re.compile(
    r"(?P<base>.+?)(?:_above_(?P<hours>\d+)hr)?(?:_above_(?P<thousands>\d+)k_tokens)?"
    r"(?:_(?P<size>[\d.]+[kKp]?))?"
    r"(?:_(?P<service>batches|priority|flex|balanced|ultrafast|decisions))?"
)
# What is about money, whether it is understood or not.
_MONEY = re.compile(r"cost|pric(?:e|ing)|multiplier|search_free_requests|provider_specific_entry")

LEFT_OUT = {
    "input_dbu_cost_per_token": "in a provider's own units; the price in the currency counts",
    "output_dbu_cost_per_token": "in a provider's own units; the price in the currency counts",
    "off_peak_pricing": "by the hour of the day; the full price counts",
    "provider_specific_entry": "surcharges of a region or a speed",
    "regional_endpoint_uplift_multiplier": "surcharge of a region",
    "regional_processing_uplift_multiplier_eu": "surcharge of a region",
    "regional_processing_uplift_multiplier_us": "surcharge of a region",
    "search_free_requests": "free searches a day or a month",
}
# What is not priced on its own costs what it is a part of.
_FALLS_BACK = (
    ("cached_input_token", "input_token"),
    ("cache_write_token", "input_token"),
    ("reasoning_token", "output_token"),
)
SAMPLE = "sample_spec"


class PriceListError(Exception):
    """The list cannot be taken: the sentence names the model and the field."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one model costs. `rates["above"]` holds what applies beyond so many input tokens."""

    model: str
    provider: str
    mode: str
    rates: dict[str, Any]


@dataclass(slots=True)
class PriceList:
    """A list as it was read, with everything in it that did not become a rate."""

    digest: str
    prices: list[Price] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    rounded: Counter[str] = field(default_factory=Counter)


def read(content: bytes, *, worth: Decimal = Decimal(1)) -> PriceList:
    """The list of a file. `worth` is how much of our currency one of the list's is worth.

    Raises PriceListError for what is no such list, and for an amount that is no price.
    """
    found = PriceList(hashlib.sha256(content).hexdigest())
    for model, entry in _entries(content).items():
        if model == SAMPLE:
            continue
        if not isinstance(entry, dict):
            raise PriceListError(f"{model[:LONGEST_NAME]!r}: this is no entry of a model.")
        if not model.strip() or not model.isprintable() or len(model) > LONGEST_NAME:
            raise PriceListError(f"{model[:LONGEST_NAME]!r}: this is no name of a model.")
        rates = _Entry(model, entry, worth, found).rates()
        if rates:
            provider, mode = _text(entry, "litellm_provider"), _text(entry, "mode")
            found.prices.append(Price(model, provider, mode, rates))
        else:
            found.without.append(model)
    return found


def _entries(content: bytes) -> dict[str, Any]:
    if len(content) > LARGEST_FILE:
        raise PriceListError(f"A price list has at most {LARGEST_FILE // 2**20} MiB.")
    try:
        said = json.loads(
            content.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_no_number,
            object_pairs_hook=_once,
        )
    except RecursionError:
        raise PriceListError("This is no price list: it is nested too deeply.") from None
    except (ValueError, ArithmeticError) as error:
        raise PriceListError(f"This is no price list: {error}") from None
    if not isinstance(said, dict) or not said:
        raise PriceListError("This is no price list: it names no models.")
    return said


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        twice = next(
            name for name, times in Counter(name for name, _ in pairs).items() if times > 1
        )
        raise ValueError(f"{twice[:200]!r} is named twice")
    return said


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value.replace("\x00", "")[:100] if isinstance(value, str) else ""


class _Entry:
    """One model's entry while it is read."""

    def __init__(
        self, model: str, entry: Mapping[str, Any], worth: Decimal, found: PriceList
    ) -> None:
        self.model, self.entry, self.worth, self.found = model, entry, worth, found
        self.base: Rates = {}
        self.above: dict[int, Rates] = {}

    def rates(self) -> dict[str, Any]:
        """All that it costs; nothing where the list says no amount."""
        for name, value in self.entry.items():
            if value is not None and _MONEY.search(name):
                self._take(name, value)
        for first, tier in self._tiers():
            into = self.above.setdefault(first, {}) if first else self.base
            for name, value in tier.items():
                if name != "range" and value is not None:
                    unit, _ = _unit(name)
                    into.setdefault(unit, self._amount(f"tiered_pricing.{name}", value))
        if not self.base and not self.above:
            return {}
        self._fall_back()
        rates: dict[str, Any] = dict(sorted(self.base.items()))
        if self.above:
            rates["above"] = [
                {"input": first, "rates": dict(sorted(tier.items()))}
                for first, tier in sorted(self.above.items())
            ]
        return rates

    def _take(self, name: str, value: Any) -> None:
        unit, first = _unit(name)
        if name == "tiered_pricing":
            pass  # Taken last: what the entry says itself comes before.
        elif name in LEFT_OUT:
            if not isinstance(value, dict) or _has_amount(value):
                self.found.left_out[name] += 1
        elif name in _TABLES and isinstance(value, dict):
            for key, amount in value.items():
                self.base[_unit_of_table(name, key)] = self._amount(f"{name}.{key}", amount)
        elif unit:
            into = self.above.setdefault(first, {}) if first else self.base
            into[unit] = self._amount(name, value)
        else:
            self.found.unknown[_shown(name)] += 1

    def _tiers(self) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """By the tokens of input from which they hold; what is tiered by another count is left."""
        said = self.entry.get("tiered_pricing") or []
        if not isinstance(said, list) or not all(isinstance(tier, dict) for tier in said):
            raise self._error("tiered_pricing", "this is no list of tiers")
        for tier in said:
            if "range" not in tier:
                self.found.left_out["tiered_pricing by another count than tokens"] += 1
                return
            unknown = [name for name in tier if name != "range" and not _unit(name)[0]]
            for name in unknown:
                self.found.unknown[f"tiered_pricing.{_shown(name)}"] += 1
            first = tier["range"][0] if isinstance(tier["range"], list) and tier["range"] else None
            if not isinstance(first, Decimal) or first != first.to_integral_value() or first < 0:
                raise self._error("tiered_pricing.range", "this is no range of tokens")
            yield int(first), {k: v for k, v in tier.items() if k not in unknown}

    def _fall_back(self) -> None:
        for part, whole in _FALLS_BACK:
            for unit in [one for one in self.base if one.startswith(whole)]:
                own = unit.replace(whole, part, 1)
                if own not in self.base:
                    for rates in (self.base, *self.above.values()):
                        if unit in rates:
                            rates.setdefault(own, rates[unit])

    def _amount(self, name: str, value: Any) -> int:
        """Nano-units of our currency for a million, rounded half up."""
        if not isinstance(value, Decimal):
            raise self._error(name, f"{json.dumps(value, default=str)[:60]} is no number")
        if not value.is_finite() or value < 0:
            raise self._error(name, f"{value:.10g} is no price")
        if value.adjusted() > LARGEST.adjusted() or value > LARGEST:
            raise self._error(name, f"{value:.6g} is beyond what one unit may cost")
        with localcontext(prec=60):
            exact = (value * self.worth).scaleb(_NANO_A_MILLION)
            whole = exact.to_integral_value(ROUND_HALF_UP)
        if whole != exact:
            self.found.rounded[self.model] += 1
        return int(whole)

    def _error(self, name: str, message: str) -> PriceListError:
        return PriceListError(f"{self.model}, {_shown(name)}: {message}.")


def _unit(name: str) -> tuple[str, int]:
    """Our unit of one of the list's fields, and the input tokens beyond which it holds; or ''."""
    if name in _UNITS:
        return _UNITS[name], 0
    found = _FIELD.fullmatch(name)
    if found is None or found["base"] not in _UNITS:
        return "", 0
    unit = _UNITS[found["base"]]
    hours = f"_{found['hours']}h" if found["hours"] else ""
    size = f"_{found['size'].lower().replace('.', '_')}" if found["size"] else ""
    service = f"_{found['service']}" if found["service"] else ""
    return f"{unit}{hours}{size}{service}", int(found["thousands"] or 0) * 1000


def _unit_of_table(name: str, key: str) -> str:
    key = key.removeprefix("search_context_size_")
    return f"{_TABLES[name]}_{re.sub(r'(?<=[a-z])(?=[A-Z])', '_', key).lower()}".removesuffix("s")


def _shown(name: str) -> str:
    """A field of somebody else's file, for a terminal."""
    return (name if name.isprintable() else ascii(name))[:100]


def _has_amount(value: Mapping[str, Any]) -> bool:
    return any(isinstance(one, Decimal) for one in value.values())
