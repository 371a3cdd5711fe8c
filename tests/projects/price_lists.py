"""Price lists for tests: the public one where it is at hand, a small invented one everywhere; and
what their amounts come to, computed again with fractions and none of the application's code.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from typing import Any

from django.conf import settings

PUBLIC = sorted(Path(settings.BASE_DIR).parent.glob("shared/data/litellm-prices/*.json"))

INVENTED: dict[str, Any] = {
    "sample_spec": {"mode": "one of: chat", "input_cost_per_token": 0.0},
    "north-large": {
        "litellm_provider": "north",
        "mode": "chat",
        "input_cost_per_token": 2.5e-06,
        "output_cost_per_token": 1e-05,
        "cache_read_input_token_cost": 2.5e-07,
        "input_cost_per_token_above_200k_tokens": 5e-06,
        "output_cost_per_token_above_200k_tokens": 1.5e-05,
        "input_cost_per_token_batches": 1.25e-06,
        "search_context_cost_per_query": {
            "search_context_size_low": 0.01,
            "search_context_size_high": 0.03,
        },
    },
    "north-small": {
        "litellm_provider": "north",
        "mode": "chat",
        "tiered_pricing": [
            {"range": [0, 32000], "input_cost_per_token": 1e-07, "output_cost_per_token": 4e-07},
            {
                "range": [32000, 256000],
                "input_cost_per_token": 3e-07,
                "output_cost_per_token": 9e-07,
                "output_cost_per_reasoning_token": 2e-06,
            },
        ],
    },
    "north-vision": {
        "litellm_provider": "north",
        "mode": "image_generation",
        "output_cost_per_image": 0.04,
        "output_cost_per_image_4K": 0.16,
        "input_cost_per_pixel": 8.39233e-08,
        "off_peak_pricing": {"input_cost_per_pixel": 1e-08},
    },
    "north-free": {"mode": "chat", "input_cost_per_token": 0, "output_cost_per_token": 0.0},
    "north-unpriced": {"mode": "chat", "max_input_tokens": 1000},
}

_WHOLE = {"cached_input_token": "input_token", "cache_write_token": "input_token"}
_WHOLE["reasoning_token"] = "output_token"  # a unit, not a password


def fractions(text: str) -> dict[str, dict[str, Any]]:
    """The entries with every number as an exact fraction of its digits."""
    said = json.loads(text, parse_float=Fraction, parse_int=Fraction)
    return {model: entry for model, entry in said.items() if model != "sample_spec"}


def rate(amount: Fraction) -> int:
    """Nano-units for a million, rounded half up."""
    return math.floor(amount * 10**15 + Fraction(1, 2))


def amounts(entry: dict[str, Any]) -> dict[tuple[str, int], Fraction]:
    """What an entry asks for each unit, by the input tokens beyond which it does."""
    found: dict[tuple[str, int], Fraction] = {}
    for tier in entry.get("tiered_pricing", ()):
        if "range" in tier:
            found |= {
                (unit, int(tier["range"][0])): value
                for name, value in tier.items()
                if (unit := _plain(name))
            }
    for name, value in entry.items():
        if isinstance(value, dict):
            for key, amount in value.items():
                if name == "search_context_cost_per_query":
                    found[f"search_{key.rpartition('_')[2]}", 0] = amount
                if name == "guardrail_cost_per_unit":
                    snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in key)
                    found[f"guardrail_{snake.rstrip('s')}", 0] = amount
            continue
        first, service, hours, words = 0, "", "", name.split("_")
        if words[-1] in ("batches", "priority", "flex", "balanced", "ultrafast", "decisions"):
            service = "_" + words.pop()
        if len(words) > 2 and words[-1] == "tokens" and words[-3] == "above":
            first, words = int(words[-2][:-1]) * 1000, words[:-3]
        if len(words) > 2 and words[-1].endswith("hr") and words[-2] == "above":
            hours, words = f"_{words[-1][:-2]}h", words[:-2]
        size = ""
        if words[-1][0].isdigit() and words[-1] != "1M":
            size = "_" + words.pop().lower().replace(".", "_")
        if unit := _plain("_".join(words)):
            found[f"{unit}{hours}{size}{service}", first] = value
    return found


def _plain(name: str) -> str:
    """Our word for a field, rebuilt from its own: "input_cost_per_audio_token" is an input's."""
    special = {
        "cache_read_input_token_cost": "cached_input_token",
        "input_cost_per_token_cache_hit": "cached_input_token",
        "explicit_cache_read_input_token_cost": "explicitly_cached_input_token",
        "cache_creation_input_token_cost": "cache_write_token",
        "cache_creation_input_audio_token_cost": "cache_write_audio_token",
        "cache_read_input_audio_token_cost": "cached_input_audio_token",
        "cache_read_input_image_token_cost": "cached_input_image_token",
        "output_cost_per_reasoning_token": "reasoning_token",
        "citation_cost_per_token": "citation_token",
        "input_cost_per_request": "request",
        "input_cost_per_text_message": "text_message",
        "cost_per_second": "second",
        "ocr_cost_per_page": "page",
        "ocr_cost_per_credit": "credit",
        "annotation_cost_per_page": "annotated_page",
        "code_interpreter_cost_per_session": "code_session",
        "google_maps_grounding_cost_per_query": "map_query",
    }
    if name in special:
        return special[name]
    way, _, what = name.partition("_cost_per_")
    if way not in ("input", "output") or not what:
        return ""
    what = what.replace("_per_second", "_second").removesuffix("_interval")
    return f"{way}_{what}"


def rates(entry: dict[str, Any]) -> dict[tuple[str, int], int]:
    """The rates that an entry comes to, with those that are a part of another's."""
    found = {at: rate(amount) for at, amount in amounts(entry).items()}
    given = {unit for unit, first in found if not first}
    for part, whole in _WHOLE.items():
        for unit, first in list(found):
            if unit in given and unit.startswith(whole):
                own = part + unit.removeprefix(whole)
                if own not in given:
                    found.setdefault((own, first), found[unit, first])
    return found


def cost(rates: dict[tuple[str, int], int], units: dict[str, int]) -> int:
    """What these units come to, half a nano-unit rounded up."""
    beginnings = ("input", "cached_input", "cache_write", "explicitly_cached_input")
    read = sum(n for unit, n in units.items() if unit.startswith(beginnings) and "_token" in unit)
    total = Fraction(0)
    for unit, n in units.items():
        first = max(first for at, first in rates if at == unit and (read > first or not first))
        total += Fraction(n * rates[unit, first], 10**6)
    return math.floor(total + Fraction(1, 2))
