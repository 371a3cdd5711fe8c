"""What the pages of keys show: rows of the lists, the facts of one, and what a form may offer."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils import timezone

from config.roles import Permission
from orgs.access import Access
from projects import keys as form_of_keys
from projects.actions.key_ceiling import IN_ORGANIZATION, IN_PROJECT
from projects.actions.keys import latest_end
from projects.forms.keys import STATES, KeyFilter
from projects.models import Key, KeySecret, Project
from projects.policies import ProjectPolicy
from projects.queries import keys as queries
from projects.queries.key_deeds import deeds_on
from projects.queries.key_limits import Held, held_by, veiled_for
from projects.queries.limits import cost_centre_name, limits_of

SOON = datetime.timedelta(days=14)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyRow:
    """A key in a list. `place` is empty where the project's name is not for this person."""

    key: Key
    secrets: list[KeySecret]
    place: str
    place_url: str
    may_manage: bool
    may_give: bool
    may_rotate: bool
    may_limit: bool
    held: Held
    toggle: str = ""
    is_open: bool = False

    @property
    def newest(self) -> KeySecret | None:
        return self.secrets[0] if self.secrets else None

    @property
    def older(self) -> list[KeySecret]:
        """Secrets that still work beside the newest one: the key is being rotated."""
        return [secret for secret in self.secrets[1:] if secret.is_live and self.key.is_live]

    @property
    def shows_rotation(self) -> bool:
        """One that is under way is looked at, and ended, by whoever manages the key."""
        return self.may_rotate or (self.may_manage and bool(self.older))

    @property
    def used(self) -> KeySecret | None:
        """The secret that was used last."""
        used = [(each.last_used_at, each) for each in self.secrets if each.last_used_at]
        return max(used, key=lambda pair: pair[0], default=(None, None))[1]

    @property
    def may(self) -> str:
        """What it may do, in as few words as a column has room for."""
        both = self.key.executes and self.key.chats
        return "Execute and chat" if both else self.key.scope_label

    @property
    def ends_soon(self) -> bool:
        ends = self.key.expires_at
        return self.key.is_live and ends is not None and ends < timezone.now() + SOON

    @property
    def holder(self) -> tuple[str, Any, str]:
        """Whose rights it has: name, id, and kind of the picture."""
        if self.key.creator:
            return self.key.creator.name, self.key.creator_id, "person"
        if self.key.account:
            return self.key.account.name, self.key.account_id, "group"
        return self.key.created_by, "", "person"


def rows(
    access: Access, keys: Iterable[Key], asked: KeyFilter, *, open_key: str = ""
) -> list[KeyRow]:
    """Four queries at most: projects that may be named, two about deeds, and the limits."""
    keys = list(keys)
    seen = queries.projects_seen(access, keys)
    deeds = deeds_on(access, keys, seen)
    limits = access.can(Permission.KEYS_SET_POLICIES)
    held = held_by(access, keys)
    here = asked.url(cursor=asked.cursor)
    return [
        KeyRow(
            key=key,
            secrets=list(key.secrets.all()),
            place=_place(access, key, seen),
            place_url=_place_url(access, key, seen),
            may_manage=key.pk in deeds.manage,
            may_give=key.pk in deeds.give,
            may_rotate=key.pk in deeds.rotate,
            may_limit=limits,
            held=held[key.pk],
            toggle=_toggle(here, key, is_open=str(key.pk) == open_key),
            is_open=str(key.pk) == open_key,
        )
        for key in keys
    ]


def does(access: Access, project: Project | None) -> tuple[str, ...]:
    """What a key that this person makes there may do."""
    takes = IN_PROJECT if project else IN_ORGANIZATION
    return tuple(each for each, permission in takes.items() if access.can(permission, project))


def example_action(key: Key) -> str:
    """The action that the example on its page asks for: one that its scope includes."""
    takes = IN_PROJECT if key.project else IN_ORGANIZATION
    return takes[form_of_keys.EXECUTE if key.executes else form_of_keys.CHAT].value


def form_facts(
    access: Access, project: Project | None, *, key: Key | None = None
) -> dict[str, Any]:
    """What a form about a key offers: what it may do, cost centres, the latest day."""
    offered, since, unseen = does(access, project), timezone.now(), None
    groups = queries.cost_centres(access)
    if key is not None:
        has = (form_of_keys.EXECUTE, key.executes), (form_of_keys.CHAT, key.chats)
        kept = {each for each, held in has if held} | set(offered)
        offered = tuple(each for each, _ in has if each in kept)
        newest = key.secrets.order_by("-created_at").first()
        since = newest.created_at if newest else key.created_at
        charged = key.cost_centre
        if charged and charged.secret and not groups.filter(pk=charged.pk).exists():
            unseen = charged
    return {
        "does": offered,
        "groups": groups,
        "unseen": unseen,
        "latest": latest_end(access.org.id, since=since),
    }


def may_make(access: Access, project: Project) -> dict[str, bool]:
    """Which keys this person may make in a project."""
    is_active = project.state == Project.State.ACTIVE
    own = is_active and project.has_policy(ProjectPolicy.PERSONAL_KEYS)
    return {
        "create": is_active and access.can(Permission.PROJECTS_CREATE_KEYS, project),
        "create_own": own and bool(does(access, project)),
        "see_calls": access.can(Permission.PROJECTS_VIEW_AUDIT, project),
    }


def secrets_of(key: Key) -> list[KeySecret]:
    """The secrets of a key, the newest first. One query."""
    return list(key.secrets.order_by("-created_at", "-id"))


def key_facts(access: Access, key: Key) -> dict[str, Any]:
    """What one's page shows besides its limits. Three queries at most."""
    seen = queries.projects_seen(access, [key])
    secrets, limits = secrets_of(key), limits_of(key, access)
    deeds = deeds_on(access, [key], seen)
    row = KeyRow(
        key=key,
        secrets=secrets,
        place=_place(access, key, seen),
        place_url=_place_url(access, key, seen),
        may_manage=key.pk in deeds.manage,
        may_give=key.pk in deeds.give,
        may_rotate=key.pk in deeds.rotate,
        may_limit=access.can(Permission.KEYS_SET_POLICIES),
        held=Held(tuple(limits.standings), veiled_for(access, key)),
    )
    first = [secret.first_used_at for secret in secrets if secret.first_used_at]
    return {
        "row": row,
        "limits": None if veiled_for(access, key) else limits,
        "key": key,
        "secrets": secrets,
        "first_used": min(first, default=None),
        "cost_centre": cost_centre_name(key, access),
        "lists_all": access.can(Permission.KEYS_CREATE),
    }


def filter_links(access: Access, asked: KeyFilter) -> dict[str, Any]:
    """The chips of the list: what may be chosen, what is, and the address without it."""
    links = state_links(asked)
    projects = list(queries.projects_with_keys(access))
    people = list(queries.creators(access.org.id))
    chosen = next((one.name for one in projects if str(one.pk) == asked.project), "")
    creator = next((one.name for one in people if str(one.pk) == asked.creator), "")
    return links | {
        "projects": [(one.name, asked.url(project=str(one.pk))) for one in projects],
        "creators": [(one.name, asked.url(creator=str(one.pk))) for one in people],
        "project": chosen or "One that is not listed",
        "creator": creator or "Somebody not listed",
        "without_project": asked.url(project=""),
        "without_creator": asked.url(creator=""),
    }


def state_links(asked: KeyFilter) -> dict[str, Any]:
    return {
        "states": [
            (label, asked.url(state=state)) for state, label in STATES.items() if state != "all"
        ],
        "state": STATES[asked.state],
        "without_state": asked.url(state="all"),
    }


def _toggle(here: str, key: Key, *, is_open: bool) -> str:
    """The same list with this key's limits opened below it, or shut again."""
    opened = "" if is_open else f"{'&' if len(here) > 1 else ''}open={key.pk}"
    return f"{here}{opened}#key-{key.pk}"


def _place(access: Access, key: Key, seen: Iterable[Any]) -> str:
    if key.project is None:
        return access.org.name
    return key.project.name if key.project_id in seen else ""


def _place_url(access: Access, key: Key, seen: Iterable[Any]) -> str:
    if key.project is None or key.project_id not in seen:
        return ""
    return reverse("project_keys", args=[access.org.slug, key.project_id])
