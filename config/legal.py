"""The legal documents: which there are, and whether their page is here or the operator's own.

Their text is in the templates; a setting with an address puts the operator's document in its place.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.core.checks import Error, register
from django.urls import reverse


@dataclass(frozen=True, slots=True)
class Document:
    """One document; `name` is its route, and its setting is named after it."""

    name: str
    label: str
    note: str

    @property
    def setting(self) -> str:
        return f"{self.name.upper()}_URL"

    @property
    def elsewhere(self) -> str:
        """The operator's own document; empty where the page is here."""
        said: str = getattr(settings, self.setting)
        return said if _is_address(said) else ""

    @property
    def url(self) -> str:
        return self.elsewhere or reverse(self.name)


DOCUMENTS = {
    document.name: document
    for document in (
        Document("sla", "Service levels (SLA)", "What may be expected of this service"),
        Document("dpa", "Data processing (DPA)", "How data is processed on your behalf"),
        Document("terms", "Terms of use", "What you and the operator can rely on"),
        Document("privacy", "Privacy", "What is kept about you, why and for how long"),
    )
}


def documents() -> tuple[Document, ...]:
    return tuple(DOCUMENTS.values())


def _is_address(said: str) -> bool:
    return said.startswith(("https://", "http://"))


@register()
def check_addresses(app_configs: object, **kwargs: object) -> list[Error]:
    """An address that is none would lead nowhere, on every page."""
    return [
        Error(
            f"{document.setting} is not an address of the web.",
            hint="Begin it with https://, or leave it empty for the page of Bailiwick’s own.",
            id="bailiwick.E020",
        )
        for document in DOCUMENTS.values()
        if (said := getattr(settings, document.setting)) and not _is_address(said)
    ]
