"""The providers of models that one may have an account with, and how an account is written.

Plain data and parsing: the platform has such accounts, and so has each organization.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

LONGEST_URL, LONGEST_TOKEN = 300, 8 * 1024
_is_url = URLValidator(schemes=["https"])


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelHost:
    """One provider of models; who is at home at one address only needs none."""

    value: str
    label: str
    has_address: bool = False


MODEL_HOSTS: dict[str, ModelHost] = {
    host.value: host
    for host in (
        ModelHost(value="openai_compatible", label="OpenAI-compatible"),
        ModelHost(value="anthropic", label="Anthropic", has_address=True),
        ModelHost(value="google", label="Google", has_address=True),
        ModelHost(value="azure", label="Azure"),
        ModelHost(value="ollama", label="Ollama"),
    )
}


def clean_url(url: str) -> str:
    """Where an account is, over https and with nothing secret in it; empty stays empty."""
    if not url:
        return ""
    message = "Write an address like https://git.example.com."
    try:
        _is_url(url)
        parts = urlsplit(url)
    except (ValidationError, ValueError):
        raise ValidationError(message, code="url") from None
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValidationError(
            "Leave out user name, password, “?” and “#”: the token has a field of its own.",
            code="credentials",
        )
    return url


def clean_token(token: str) -> str:
    if len(token) > LONGEST_TOKEN:
        raise ValidationError(
            f"A token has at most {LONGEST_TOKEN:,} characters; nothing was stored.",
            code="too_large",
        )
    if not token.isascii() or not token.isprintable():
        raise ValidationError("A token is one line of plain characters.", code="characters")
    return token


def reached(provider: str, url: str) -> tuple[str, str]:
    """Where a token goes: the provider and the host with its port."""
    return provider, urlsplit(url).netloc.lower()
