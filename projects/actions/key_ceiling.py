"""The ceiling of keys: nobody makes one that may do more than they may there themselves.

What takes a key's holder into account is in `service_ceiling.py`.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError

from config.roles import Permission
from orgs.access import Access
from projects import keys
from projects.models import Key

# What the maker must hold for each part of a key's scope: in a project, or in the organization.
IN_PROJECT = {
    keys.EXECUTE: Permission.WORKFLOWS_EXECUTE,
    keys.CHAT: Permission.AGENTS_CHAT,
}
IN_ORGANIZATION = {
    keys.EXECUTE: Permission.TASKS_RUN_COMMERCIAL,
    keys.CHAT: Permission.FEATURES_DISCOVER,
}


def require_ceiling(key: Key, actor: Access, *, had: tuple[bool, bool] = (False, False)) -> None:
    """Nobody makes a key that may more than they may there (S2-141): `scope`, `ceiling`."""
    if not (key.executes or key.chats):
        raise ValidationError("Choose what the key may do: execute, chat, or both.", code="scope")
    takes = IN_PROJECT if key.project else IN_ORGANIZATION
    place = key.project.name if key.project else actor.org.name
    for wanted, before, does, words in (
        (key.executes, had[0], keys.EXECUTE, "execute workflows"),
        (key.chats, had[1], keys.CHAT, "chat with agents"),
    ):
        if wanted and not before and not actor.can(takes[does], key.project):
            raise ValidationError(
                "You may not %(what)s in %(place)s, so no key of yours may.",
                code="ceiling",
                params={"what": words, "place": place},
            )
