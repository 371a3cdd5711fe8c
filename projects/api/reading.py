"""How a request of a program is read: I-JSON in UTF-8 (RFC 7493), and nothing beside it."""

from __future__ import annotations

import json
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from ninja.parser import Parser

from projects.api.problems import ProblemError

LARGEST_BODY = 1_000_000
# A batch that holds too many questions is told so, and not merely that it is large.
LARGER_BODIES = {"/access/v1/evaluations": 4_000_000}


class Number(float):
    """A number with a point or an exponent, and how it was written: money is read from the text."""

    text: str

    def __new__(cls, text: str) -> Number:
        number = super().__new__(cls, text)
        number.text = text
        return number


class StrictParser(Parser):
    """Refuses another content type, NaN and Infinity, a member named twice, and half characters."""

    def parse_body(self, request: HttpRequest) -> Any:
        if request.content_type != "application/json":
            raise ProblemError(
                400, "content_type", "Send JSON, with Content-Type: application/json."
            )
        try:
            if int(request.META.get("CONTENT_LENGTH") or 0) > largest(request):
                raise RequestDataTooBig
            text = request.body.decode("utf-8")
            said = _JSON.decode(text)
            if "\\u" in text:
                json.dumps(said, ensure_ascii=False).encode("utf-8")
        except RequestDataTooBig:
            raise too_large(request) from None
        except (ValueError, RecursionError) as error:
            raise ProblemError(400, "not_json", f"This is not JSON: {error}"[:300]) from None
        return said


def largest(request: HttpRequest) -> int:
    return LARGER_BODIES.get(request.path_info, LARGEST_BODY)


def too_large(request: HttpRequest) -> ProblemError:
    return ProblemError(413, "too_large", f"This request has at most {largest(request):,} bytes.")


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) != len(pairs):
        raise ValueError("a member is named twice")
    return said


# Made once: a decoder for each request costs more than what it reads.
_JSON = json.JSONDecoder(parse_float=Number, parse_constant=_no_number, object_pairs_hook=_once)
