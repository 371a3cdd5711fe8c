"""Ids of what an organization has, a few of each table, as values for the open parts of a route.

They come from the tables themselves, so a table that is added tomorrow is sampled tomorrow. Which
row a route wants is not known here: those whose name is most like the route's come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import islice, product
from uuid import UUID

from django.apps import apps
from django.db.models import Model

from config.roles import Role
from orgs.isolation.routes import Route

OF_EACH = 3
MOST_TRIED = 24

Samples = dict[str, list[UUID]]
Values = dict[str, object]

# Parts that are no ids: a few words that some route takes.
_WORDS: dict[str, tuple[object, ...]] = {
    "role": (Role.BILLING_VIEWER.value, Role.MEMBER.value),
    "layer": ("project", "organization", "group", "key"),
    "sequence": (1, 2),
}


def tenant_models() -> list[type[Model]]:
    """Every model whose rows belong to one organization and have an id of their own."""
    return [
        model
        for model in apps.get_models()
        if model._meta.managed
        and any(field.name == "organization" for field in model._meta.get_fields())
        and model._meta.pk is not None
        and model._meta.pk.get_internal_type() == "UUIDField"
    ]


def sample(organization: UUID) -> Samples:
    """The newest ids of each table of the bound organization, by the model's name."""
    found: Samples = {}
    for model in tenant_models():
        rows = model._default_manager.filter(organization=organization)
        ids = list(rows.order_by("-pk").values_list("pk", flat=True)[:OF_EACH])
        if ids:
            found[model._meta.model_name or ""] = ids
    return found


def candidates(route: Route, samples: Samples, known: Values) -> Iterator[Values]:
    """Values for the open parts, the likeliest first, at most `MOST_TRIED`.

    `known` are those that opened a route of the same noun: they are tried first.
    """
    choices = [
        [*([known[name]] if name in known else []), *_of_part(route, name, kind, samples)]
        for name, kind in route.parts.items()
    ]
    for values in islice(product(*choices), MOST_TRIED):
        yield dict(zip(route.parts, values, strict=True))


def _of_part(route: Route, name: str, kind: str, samples: Samples) -> Iterator[object]:
    if kind != "uuid":
        yield from _WORDS.get(name, (1,) if kind == "int" else ("none",))
        return
    about = name if name != "pk" else route.name
    for model in sorted(samples, key=lambda model: -_likeness(model, about, route.noun)):
        yield from samples[model]


def _likeness(model: str, about: str, noun: str) -> float:
    """How much a model's name is like what a route is about; its first word counts most."""
    words = about.replace("_", "")
    starts = model.startswith(noun) or noun.startswith(model)
    return SequenceMatcher(None, model, words).ratio() + starts
