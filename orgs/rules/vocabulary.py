"""The words of a rule: roles, permissions, domains and numbers, read and said.

Which sentences they make is in language.py.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

from django.core.exceptions import ValidationError

from config.roles import Permission, Role


def _role_words() -> dict[str, Role]:
    words: dict[str, Role] = {}
    for role in Role:
        spoken = role.label.casefold()
        for word in (spoken, f"{spoken}s", role.value):
            words[word] = role
    return words


def _permission_words() -> dict[str, Permission]:
    by_label = {one.label.casefold(): one for one in Permission}
    return by_label | {one.value: one for one in Permission}


_ROLES = _role_words()
_PERMISSIONS = _permission_words()
_ARTICLE = re.compile(r"(?:an?|the) (?=.)", re.IGNORECASE)
_LIST = re.compile(r",\s*(?:and\s+)?|\s+and\s+", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


def read_role(word: str) -> Role:
    bare = _ARTICLE.sub("", word.strip(), count=1)
    found = _ROLES.get(bare.casefold())
    if found is None:
        raise _unknown(word, "role", _ROLES, {key: role.label for key, role in _ROLES.items()})
    return found


def read_roles(words: str) -> tuple[Role, ...]:
    """Several roles in the order of the book, each once."""
    named = {read_role(word) for word in _LIST.split(words.strip())}
    return tuple(role for role in Role if role in named)


def read_permission(word: str) -> Permission:
    bare = word.strip().strip("“”\"'’‘").strip()
    found = _PERMISSIONS.get(bare.casefold())
    if found is None:
        raise _unknown(
            bare, "permission", _PERMISSIONS, {k: spoken(p) for k, p in _PERMISSIONS.items()}
        )
    return found


def read_two_permissions(words: str) -> tuple[Permission, ...]:
    """Two of them around an “and”; labels have an “and” of their own, so each place is tried."""
    places = [found.span() for found in re.finditer(r"\s+and\s+", words, re.IGNORECASE)]
    if not places:
        raise unclear("“both” takes two permissions with “and” between them.")
    refusal: ValidationError | None = None
    for start, end in places:
        try:
            first = read_permission(words[:start])
            second = read_permission(words[end:])
        except ValidationError as error:
            # The one that was nearest to being understood tells most.
            understood = words[:start].strip("“”\"' ").casefold() in _PERMISSIONS
            refusal = error if refusal is None or understood else refusal
            continue
        if first is second:
            raise unclear("“both” takes two different permissions.")
        return tuple(one for one in Permission if one in (first, second))
    raise refusal or unclear("Both permissions are needed.")


def read_domains(words: str) -> tuple[str, ...]:
    named = [word.strip().lower().removeprefix("@") for word in _LIST.split(words.strip())]
    for word in named:
        if not _DOMAIN.fullmatch(word):
            raise unclear(f"“{word}” is no domain, as in example.com.")
    return tuple(sorted(set(named)))


def read_number(word: str, most: int) -> int:
    number = int(word) if len(word) < 8 else most + 1
    if number > most:
        raise unclear(f"{word} is more than the {most:,} that a rule may say.")
    return number


def _unknown(
    word: str, what: str, words: Iterable[str], shown: Mapping[str, str]
) -> ValidationError:
    near = difflib.get_close_matches(word.strip().casefold(), words, 1, cutoff=0.5)
    offer = f" Did you mean “{shown[near[0]]}”?" if near else ""
    return unclear(f"“{word.strip()[:100]}” is no {what}.{offer}")


def unclear(sentence: str) -> ValidationError:
    return ValidationError(sentence, code="language")


def spoken(permission: Permission) -> str:
    """A permission inside a sentence."""
    return permission.label[0].lower() + permission.label[1:]


def quoted(permission: Permission) -> str:
    return f"“{spoken(permission)}”"


def listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def plural(roles: Iterable[Role]) -> str:
    """Several roles as a sentence names those who hold them."""
    return listed([f"{role.label}s" for role in roles])
