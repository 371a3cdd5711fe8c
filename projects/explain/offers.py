"""Where a suggestion leads: the page on which the asker does it, or asks somebody for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from config.roles import Permission, Role, Scope
from orgs.access import Access
from projects.explain.answer import Deed, Explanation, Part, Suggestion, Thing
from projects.explain.givers import may_do


@dataclass(frozen=True, slots=True)
class Offer:
    """A suggestion with its button; no address where the asker can neither do it nor ask."""

    suggestion: Suggestion
    word: str = ""
    url: str = ""
    in_dialog: bool = True


def offers(access: Access, member: UUID, answer: Explanation) -> list[Offer]:
    """The first part is what is done next, so the button is for that one."""
    return [_offer(access, member, answer, suggestion) for suggestion in answer.suggestions]


def _offer(access: Access, member: UUID, answer: Explanation, suggestion: Suggestion) -> Offer:
    part, slug = suggestion.parts[0], access.org.slug
    if may_do(access, part, member):
        word, url, in_dialog = _doing(slug, answer.person, part)
        return Offer(suggestion, word, url, in_dialog)
    if member == access.membership_id:
        url = reverse("request_create", args=[slug])
        return Offer(suggestion, "Ask", f"{url}?{urlencode(_asking(answer, suggestion))}")
    return Offer(suggestion)


def _doing(slug: str, person: Thing, part: Part) -> tuple[str, str, bool]:
    """The word on the button, its address, and whether that opens in a dialog."""
    match part.deed:
        case Deed.SHARE:
            return _sharing(slug, person, part)
        case Deed.JOIN:
            url = reverse("group_member_add", args=[slug, part.group])
            return "Add", f"{url}?{urlencode({'q': person.title})}", True
        case Deed.CARRY:
            return "Open", reverse("group_view", args=[slug, part.group]), False
        case Deed.CHANGE_ROLE:
            return "Change", reverse("member_change_role", args=[slug, person.id]), True
        case Deed.TURN_ON:
            return "Open", reverse("organization_settings", args=[slug]) + "#policies", False
        case Deed.PUBLISH:
            return "Publish", reverse("resource_publish", args=[slug, part.on.pk]), True
        case Deed.RESTORE:
            return "Restore", reverse("project_restore", args=[slug, part.on.pk]), True
    return "Extend", reverse("member_extend", args=[slug, person.id]), True


def _sharing(slug: str, person: Thing, part: Part) -> tuple[str, str, bool]:
    scope = part.on.scope.value
    if part.grant:
        route = f"{scope}_share_change"
        return "Change", reverse(route, args=[slug, part.on.pk, part.grant]), True
    role = Role.PROJECT_MEMBER if part.role is Role.PROJECT_OWNER else part.role
    query = urlencode({"to": f"member:{person.id}", "role": role or ""})
    url = reverse(f"{scope}_share", args=[slug, part.on.pk])
    word = "Add" if part.on.scope is Scope.WORKSPACE else "Share"
    return word, f"{url}?{query}", True


def _asking(answer: Explanation, suggestion: Suggestion) -> dict[str, Any]:
    """What a request says: what was refused, where, and what would do."""
    said: dict[str, Any] = {"permission": answer.permission.value}
    giving = next((p for p in suggestion.parts if p.role or p.group), None)
    on = giving.on if giving and giving.on is not None else None
    if on is not None:
        said["place"] = f"{on.scope.value}:{on.pk}"
    elif answer.place.kind != "organization":
        said["place"] = f"{answer.place.kind}:{answer.place.id}"
    if giving and giving.group:
        said["group"] = giving.group
    elif giving and giving.role:
        said["role"] = giving.role.value
    return said


def may_ask(access: Access, member: UUID) -> bool:
    """About oneself always; about others who may see the members."""
    return member == access.membership_id or access.can(Permission.MEMBERS_VIEW)
