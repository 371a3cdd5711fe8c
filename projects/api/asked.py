"""The shapes of AuthZEN 1.0: how a subject, an action and a resource are named in a request.

Members that a shape does not know are ignored, as the standard wants. Properties are what the
sender claims: they are read by nobody, for what somebody may do here is stored here.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from projects.api.facts import Question

Properties = dict[str, Any]
Claims = Annotated[Properties, Field(description="What the sender claims. It changes nothing.")]
Context = Annotated[Properties, Field(description="About the request. It changes nothing.")]


class Shape(BaseModel):
    """Taken as it is written: no number is read as a text, and no list as an object."""

    model_config = ConfigDict(strict=True)


class Subject(Shape):
    """Who would do it."""

    type: str = Field(description="`user` (or `member`) for a person, `key` for a key.")
    id: str = Field(description="Of a person the membership id or the e-mail; of a key its id.")
    properties: Claims = Field(default_factory=dict)


class Action(Shape):
    """What would be done."""

    name: str = Field(description="A permission by its code, like `projects.view`.")
    properties: Claims = Field(default_factory=dict)


class Resource(Shape):
    """On what it would be done."""

    type: str = Field(description="`organization`, `workspace`, `project` or `resource`.")
    id: str = Field(description="Its id; of the organization its address as well.")
    properties: Claims = Field(default_factory=dict)


class SubjectType(Shape):
    """Who is searched for. An id is ignored."""

    type: str = Field(description="`user` (or `member`) for people, `key` for keys.")
    properties: Claims = Field(default_factory=dict)


class ResourceType(Shape):
    """What is searched for. An id is ignored."""

    type: str = Field(description="`organization`, `workspace`, `project` or `resource`.")
    properties: Claims = Field(default_factory=dict)


def question_of(subject: Subject, resource: Resource) -> Question:
    return Question(subject.type, subject.id, resource.type, resource.id)
