"""By what an organization's contents are known again in an answer: its ids, and what it wrote.

A word that the console says itself is no mark, nor is one that the caller has as well.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db.models import CharField, Model, TextField
from django.template import engines

from orgs.isolation.samples import OF_EACH, tenant_models

SHORTEST = 6
_TELLING = ("name", "title", "summary", "label", "subject", "email", "login")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Marks:
    """Ids and words, with the table each is from."""

    ids: dict[str, str]
    words: dict[str, str]

    def shown_in(self, text: str) -> Iterator[str]:
        """What of the organization can be read there."""
        for one in sorted(set(_UUID.findall(text)) & self.ids.keys()):
            yield f"the id of a {self.ids[one]}: {one}"
        for word, table in self.words.items():
            if word in text:
                yield f"a {table}: {word}"

    def without(self, others: Collection[str]) -> Marks:
        """Those that are nobody else's."""
        known = set(others)
        return Marks(
            {one: table for one, table in self.ids.items() if one not in known},
            {word: table for word, table in self.words.items() if word not in known},
        )

    def not_in(self, text: str) -> Marks:
        """Without the words that are said to everybody."""
        said = text.lower()
        words = {word: table for word, table in self.words.items() if word.lower() not in said}
        return Marks(self.ids, words)


NO_MARKS = Marks({}, {})


def marks_of(organization: UUID) -> Marks:
    """The newest of each table of the bound organization."""
    ids: dict[str, str] = {}
    words: dict[str, str] = {}
    for model in tenant_models():
        table = str(model._meta.verbose_name)
        rows = model._default_manager.filter(organization_id=organization).order_by("-pk")
        for pk, *said in rows.values_list("pk", *_telling(model))[:OF_EACH]:
            if pk != organization:
                ids[str(pk)] = table
            words |= {word: table for word in said if _is_mark(word)}
    return Marks(ids, words)


def _telling(model: type[Model]) -> list[str]:
    return [
        field.name
        for field in model._meta.get_fields()
        if isinstance(field, CharField | TextField) and field.name in _TELLING and not field.choices
    ]


def _is_mark(word: str | None) -> bool:
    return bool(word) and len(str(word)) >= SHORTEST and str(word).lower() not in _said_here()


@cache
def _said_here() -> str:
    """All that templates and the house's own source say, but for the demo's invented names."""
    templates = {Path(one) for engine in engines.all() for one in engine.template_dirs}
    apps_here = {Path(one.path) for one in apps.get_app_configs()}
    source = {one for one in apps_here if one.is_relative_to(settings.BASE_DIR)}
    files = [
        *(page for one in templates for page in one.rglob("*.html")),
        *(page for one in source for page in one.rglob("*.py") if "demo" not in page.parts),
    ]
    return "\n".join(page.read_text(errors="replace") for page in files).lower()
