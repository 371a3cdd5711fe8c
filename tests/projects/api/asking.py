"""Questions for the decisions, as a platform asks them."""

from __future__ import annotations

from typing import Any

from tests.projects.keys import Platform

EVALUATION, EVALUATIONS = "/access/v1/evaluation", "/access/v1/evaluations"


def question(
    who: Any, action: str, what: Any, who_type: str = "user", what_type: str = "project"
) -> dict[str, Any]:
    return {
        "subject": {"type": who_type, "id": str(getattr(who, "pk", who))},
        "action": {"name": action},
        "resource": {"type": what_type, "id": str(getattr(what, "pk", what))},
    }


def ask(platform: Platform, *asked: Any, **named: Any) -> dict[str, Any]:
    response = platform.post(EVALUATION, question(*asked, **named))
    assert response.status_code == 200, response.content
    said: dict[str, Any] = response.json()
    return said
