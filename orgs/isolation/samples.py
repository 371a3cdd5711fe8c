"""Ids of what an organization has, a few of each table, as values for the open parts of a route.

They come from the tables themselves, so a table that is added tomorrow is sampled tomorrow. Which
row a route wants is not known here: those whose name is most like the route's come first.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator, Mapping
from difflib import SequenceMatcher
from itertools import product
from uuid import UUID, uuid4

from django.apps import apps
from django.db.models import Model

from config.roles import Preset, Role
from orgs.isolation.routes import Route

OF_EACH = 6
EACH_TRIED = 18
MOST_TRIED = 24

Samples = dict[str, list[UUID]]
Values = dict[str, object]

# Parts that are no ids: a few words that some route takes.
_WORDS: dict[str, tuple[object, ...]] = {
    "role": (Role.BILLING_VIEWER.value, Role.MEMBER.value),
    "layer": ("project", "organization", "group", "key"),
    "preset": (Preset.S1.value,),
    "sequence": (1, 2),
}
# What an address or a program calls otherwise than the table is called.
_ALSO_CALLED = {"verification": "call", "hub": "resource", "seat": "groupmembership"}
# By these a page is filtered, whatever the table is called.
_FILTERS = ("pk", "id", "actor", "target", "member", "person", "organization", "next_id")


def tenant_models() -> list[type[Model]]:
    """Every model whose rows belong to one organization and have an id of their own."""
    return [
        model
        for model in apps.get_models()
        if model._meta.managed
        and any(
            getattr(field, "attname", "") == "organization_id" for field in model._meta.get_fields()
        )
        and model._meta.pk is not None
        and model._meta.pk.get_internal_type() == "UUIDField"
    ]


def sample(organization: UUID) -> Samples:
    """The newest ids of each table of the bound organization, by the model's name."""
    found: Samples = {}
    for model in tenant_models():
        there = model._default_manager.filter(organization_id=organization)
        # What stands there once an organization has its id: that is no thing inside of it.
        ids = there.exclude(pk=organization).order_by("-pk").values_list("pk", flat=True)
        if some := list(ids[:OF_EACH]):
            found[model._meta.model_name or ""] = some
    return found


def candidates(route: Route, samples: Samples, known: Values) -> Iterator[Values]:
    """Values for the open parts, the likeliest first, at most `MOST_TRIED`.

    `known` are those that opened a route of the same noun: they are tried first.
    """
    choices = [
        [*([known[name]] if name in known else []), *_of_part(route, name, kind, samples)]
        for name, kind in route.parts.items()
    ]
    places = sorted(product(*(range(min(len(some), EACH_TRIED)) for some in choices)), key=sum)
    for place in places[:MOST_TRIED]:
        values = (some[at] for some, at in zip(choices, place, strict=True))
        yield dict(zip(route.parts, values, strict=True))


def likeliest(samples: Samples, most: int, *about: str) -> list[UUID]:
    """One id of each of the tables that are named most like these, the likeliest first."""
    return [samples[model][0] for model in _by_likeness(about, samples)[:most]]


def rows(samples: Samples, most: int, *about: str) -> list[UUID]:
    """Every id that is known of these tables: only some of them may be what is wanted."""
    return [pk for model in _by_likeness(about, samples)[:most] for pk in samples[model]]


def references(samples: Samples, organization: UUID) -> dict[str, str]:
    """What a filter or a form could name: an id of each table under the table's name."""
    named = {model: str(ids[0]) for model, ids in samples.items()}
    about = {name: likeliest(samples, 1, name) for name in _FILTERS}
    found = {name: str(ids[0]) for name, ids in about.items() if ids}
    return named | found | {"organization": str(organization), "org": str(organization)}


def alike(value: str) -> str:
    """The same of nobody's: as long, with the same signs between, and an ending that is kept."""
    try:
        return str(UUID(value)) and str(uuid4())
    except ValueError:
        begins, sign, ends = value.partition("@")
        return "".join(_other(one) for one in begins) + sign + ends


def _other(letter: str) -> str:
    if letter.isdigit():
        return secrets.choice("0123456789")
    return secrets.choice("bcdfghjkmnpqrstvwxz") if letter.isalpha() else letter


def missing(values: Mapping[str, str]) -> dict[str, str]:
    """The same names with ids that exist nowhere."""
    return {name: alike(value) for name, value in values.items()}


def _of_part(route: Route, name: str, kind: str, samples: Samples) -> Iterator[object]:
    words = {part: _WORDS.get(part, ()) for part in route.parts}
    if kind != "uuid":
        yield from words[name] or ((1,) if kind == "int" else ("none",))
        return
    # What it is called, what stands before it, what the route does, and what a word may say.
    about = {
        name,
        route.before(name),
        route.name,
        *(str(said[0]) for said in words.values() if said),
    }
    for model in _by_likeness(sorted(about - {"pk", ""}), samples):
        yield from samples[model]


def _by_likeness(about: Collection[str], samples: Samples) -> list[str]:
    """Those whose names are most like any of these come first."""

    def unlike(model: str) -> float:
        return -max(_likeness(model, one) for one in about)

    return sorted(samples, key=unlike)


def _likeness(model: str, about: str) -> float:
    """How much a model's name is like what a route is about; its first word counts most."""
    about = _ALSO_CALLED.get(about, about)
    noun, words = about.partition("_")[0], about.replace("_", "")
    starts = model.startswith(noun) or noun.startswith(model)
    return SequenceMatcher(None, model, words).ratio() + starts
