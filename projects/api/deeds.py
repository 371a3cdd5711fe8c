"""What a deed refuses, as the interface says it: the deed's code and sentence, and its field."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from projects.api.problems import ProblemError

_STATUS = {
    "not_found": 404,
    "forbidden": 403,
    "ceiling": 403,
    "invalid_email": 400,
    "look_alike": 400,
    "too_long": 400,
}


def refused(error: ValidationError) -> ProblemError:
    """What no code stands for is a conflict with what is there: it was readable and allowed."""
    code = error.code or "refused"
    field = (error.params or {}).get("field", "")
    sentence = error.messages[0]
    errors = [{"field": field, "message": sentence}] if field else []
    detail = f"{field}: {sentence}" if field else sentence
    return ProblemError(_STATUS.get(code, 409), code, detail, errors=errors)
