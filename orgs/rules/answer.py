"""What is answered where a change would break a rule: 409 with the rule and the witness.

A page, a toast for htmx, a problem for programs. Nothing of the change is left by then.
"""

from __future__ import annotations

from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django_htmx.http import trigger_client_event

from config.roles import Permission
from orgs.access import Access
from orgs.rules.keeping import Broken

STOOD_BEFORE = (
    "It was broken already when you began, by the clock alone. Try again: it does not stop you now."
)


def rule_broken(
    request: HttpRequest, broken: Broken, access: Access | None, *, before: bool
) -> HttpResponseBase:
    """`before`: it was broken without this change, so the same change passes from now on."""
    # What the deed has announced has not come true.
    for _ in get_messages(request):
        pass
    said = _said(broken, access) | {"before": STOOD_BEFORE if before else ""}
    if "application/json" in request.headers.get("Accept", ""):
        response: HttpResponse = _problem(said)
    elif getattr(request, "htmx", None):
        response = _toast(said)
    else:
        back = request.headers.get("Referer") or request.path
        page = render_to_string("orgs/rule_broken.html", said | {"back": back})
        response = HttpResponse(page, status=409)
    response.reason_code = "rule"  # type: ignore[attr-defined]
    return response


def _said(broken: Broken, access: Access | None) -> dict[str, Any]:
    here = access is not None and access.organization is not None
    inside = here and access.org.id == broken.organization  # type: ignore[union-attr]
    named = inside and access.can(Permission.MEMBERS_VIEW)  # type: ignore[union-attr]
    own = access.membership_id if inside and access else None
    except_url = ""
    if inside and access and access.can(Permission.ORG_MANAGE_SETTINGS):
        page = reverse("rule_exception_give", args=[access.org.slug, broken.rule])
        who = f"?member={broken.membership}" if broken.membership else ""
        except_url = f"{page}{who}"
    return {
        "rule": broken.text,
        "witness": broken.told(named=named, own=own),
        "mend": broken.mend,
        "except_url": except_url,
    }


def _toast(said: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(status=409, headers={"HX-Reswap": "none"})
    text = f"This would break a rule: {said['rule']}. {said['witness']} {said['before']}".strip()
    toast: dict[str, Any] = {"text": text, "kind": "bad"}
    if said["except_url"] and not said["before"]:
        toast["link"] = {"text": "Record an exception", "url": said["except_url"]}
    trigger_client_event(response, "toast", toast)
    return response


def _problem(said: dict[str, Any]) -> JsonResponse:
    problem = {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "rule",
        "detail": f"This would break a rule: {said['rule']}. {said['witness']} {said['mend']}",
        "rule": said["rule"],
        "witness": said["witness"],
    }
    return JsonResponse(problem, status=409, content_type="application/problem+json")
