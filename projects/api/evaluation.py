"""`POST /access/v1/evaluation` and `/evaluations`: may this person, or this key, do this?

AuthZEN 1.0. A no is an answer, 200 with `"decision": false`; how it comes about is in
`decisions.py`. Asked again, the same is answered to the letter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from django.http import HttpRequest, HttpResponse
from ninja.errors import ValidationError as NotValidError
from pydantic import BeforeValidator, Field, ValidationError

from config.roles import Permission, Scope
from projects.api.asked import Action, Context, Properties, Resource, Shape, Subject, question_of
from projects.api.decisions import Decision, decide, permission_named, without_role
from projects.api.documented import documented
from projects.api.explained import explained
from projects.api.facts import SCOPE, Facts, Question, facts_for, facts_of
from projects.api.tokens import bearer

LARGEST_BATCH = 1_000
JSON = "application/json"


class Semantic(StrEnum):
    """How far a batch is answered."""

    ALL = "execute_all"
    DENY = "deny_on_first_deny"
    PERMIT = "permit_on_first_permit"


class Evaluation(Shape):
    """One question."""

    subject: Subject
    action: Action
    resource: Resource
    context: Properties = Field(
        default_factory=dict, description="`explain`: true for an answer that is explained."
    )


def _semantic(said: Any) -> Any:
    return Semantic(said) if isinstance(said, str) and said in list(Semantic) else said


class Options(Shape):
    """How the list is answered."""

    evaluations_semantic: Annotated[Semantic, BeforeValidator(_semantic)] = Field(
        default=Semantic.ALL,
        description="How far: to the end, or to the first no, or the first yes.",
    )


class Evaluations(Shape):
    """Many questions; what stands beside the list holds where one of them does not say it."""

    subject: Properties = Field(default_factory=dict, description="Of questions that name none.")
    action: Properties = Field(default_factory=dict, description="Of questions that name none.")
    resource: Properties = Field(default_factory=dict, description="Of questions that name none.")
    context: Context = Field(default_factory=dict)
    evaluations: list[Properties] = Field(
        default_factory=list,
        max_length=LARGEST_BATCH,
        description="The questions. Without any, what stands beside it is the question.",
    )
    options: Options = Field(default_factory=Options)


def evaluation(request: HttpRequest, said: Evaluation) -> HttpResponse:
    """Raises ProblemError 400, 401, 403."""
    return HttpResponse(_answer(request, said), content_type=JSON)


def evaluations(request: HttpRequest, said: Evaluations) -> HttpResponse:
    """Without a list, or with an empty one, a single evaluation. Raises ProblemError as that."""
    if not said.evaluations:
        return HttpResponse(_answer(request, _single(said)), content_type=JSON)
    items = [_item(said, item) for item in said.evaluations]
    asked = dict.fromkeys(item.question for item in items if item.question)
    _, found = facts_of(bearer(request), asked)
    known = dict(zip(asked, found, strict=True))
    bodies = ", ".join(_answered(items, known, said.options.evaluations_semantic))
    return HttpResponse(f'{{"evaluations": [{bodies}]}}', content_type=JSON)


def _answer(request: HttpRequest, said: Evaluation) -> str:
    question, name = question_of(said.subject, said.resource), said.action.name
    token = bearer(request)
    if said.context.get("explain") is True:
        return explained(token, question, name)
    facts = facts_for(token, question)
    return decide(facts, permission_named(name), question.place_type).body


def _single(said: Evaluations) -> Evaluation:
    """What stands beside the list, as a question of its own."""
    try:
        return Evaluation.model_validate(said.model_dump(include=said.model_fields_set))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise NotValidError(
            [{**one, "loc": ("body", "said", *one["loc"])} for one in found]
        ) from None


class Item(NamedTuple):
    """One of a batch: what it asks, or why it cannot be asked."""

    question: Question | None
    action: str
    error: str = ""


def _item(said: Evaluations, item: Properties) -> Item:
    """An item over the defaults, whole entity by whole entity; only a type is completed."""
    try:
        subject = _entity(Subject, "subject", said.subject, item)
        action = _entity(Action, "action", said.action, item)
        resource = _entity(Resource, "resource", said.resource, item)
    except _MissingError as error:
        return Item(None, "", str(error))
    return Item(
        Question(subject["type"], subject["id"], resource["type"], resource["id"]), action["name"]
    )


class _MissingError(Exception):
    """What an entity of an item lacks."""


def _entity(shape: type[Shape], name: str, default: Properties, item: Properties) -> Properties:
    value = item.get(name, default)
    if not isinstance(value, dict):
        raise _MissingError(f"{name} is no object.")
    if shape is not Action and "type" not in value and "type" in default:
        value = {"type": default["type"], **value}
    for member in ("name",) if shape is Action else ("type", "id"):
        if not isinstance(value.get(member), str):
            raise _MissingError(f"{name}.{member} has to be a text.")
    return value


def _answered(items: list[Item], known: dict[Question, Facts], semantic: Semantic) -> Iterator[str]:
    """In the order asked, up to the item that decides."""
    for item in items:
        if item.question is None:
            error = {"error": {"status": 400, "message": item.error}}
            decision = Decision(False, json.dumps(error))
        else:
            permission = permission_named(item.action)
            decision = decide(known[item.question], permission, item.question.place_type)
        yield decision.body
        if semantic is Semantic.DENY and not decision.allowed:
            return
        if semantic is Semantic.PERMIT and decision.allowed:
            return


_DECISION = {
    "type": "object",
    "required": ["decision"],
    "properties": {
        "decision": {"type": "boolean"},
        "context": {
            "type": "object",
            "properties": {
                "reason": {"type": "string"},
                "layer": {"type": "string"},
                "message": {"type": "string"},
                "roles": {"type": "array", "items": {"type": "string"}},
                "change": {"type": "array", "items": {"type": "object"}},
                "explanation": {"type": "object"},
            },
        },
    },
}
_DECISIONS = {
    "type": "object",
    "required": ["evaluations"],
    "properties": {"evaluations": {"type": "array", "items": _DECISION}},
}
# A list of questions, or one whole question in the place of it.
_EITHER: dict[str, Any] = {
    "anyOf": [
        {
            "title": "One",
            "required": ["subject", "action", "resource"],
            "properties": {
                name.lower(): {"$ref": f"#/components/schemas/{name}"}
                for name in ("Subject", "Action", "Resource")
            },
        },
        {
            "title": "Many",
            "required": ["evaluations"],
            "properties": {"evaluations": {"minItems": 1}},
        },
    ]
}
_WHO = {"type": "user", "id": "mia@acme.example"}
_WHERE = {"type": "project", "id": "0190a5c2-7a90-7f0e-8a11-2f6d1c3b4a59"}
_YES = {"decision": True, "context": {"reason": "role", "roles": ["project_member"]}}
_NO = json.loads(
    without_role(Permission.PROJECTS_CHANGE, Scope.PROJECT.value, frozenset(), True).body
)
ENDPOINTS = (
    (
        "/access/v1/evaluation",
        SCOPE,
        evaluation,
        documented(
            "May this be done?",
            "One decision. A no is an answer, with what refused it and what would change it. "
            'With `"context": {"explain": true}` the answer is explained as in the console.',
            "AuthZEN",
            {"subject": _WHO, "action": {"name": "agents.create"}, "resource": _WHERE},
            _DECISION,
            _YES,
        ),
    ),
    (
        "/access/v1/evaluations",
        SCOPE,
        evaluations,
        documented(
            "May these be done?",
            "Up to 1,000 decisions in one call, in the order asked. What stands beside the list is "
            "the default of each question. An incomplete question is refused alone; "
            "`evaluations_semantic` may end the list with the first no or the first yes.",
            "AuthZEN",
            {
                "subject": _WHO,
                "resource": _WHERE,
                "evaluations": [
                    {"action": {"name": "projects.view"}},
                    {"action": {"name": "projects.change"}},
                ],
            },
            {"anyOf": [_DECISIONS, _DECISION]},
            {"evaluations": [_YES, _NO]},
            also=_EITHER,
        ),
    ),
)
