"""The kinds of line that the chapter on projects is written in. What they do is in `turns.py`,
`parts.py` and `asking.py`; those on keys are in `key_lines.py`.

Moments are those of orgs/demo/lines.py; an end may also be "in 5d". What has a name goes by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from config.roles import Permission, Role
from projects.demo.key_lines import KeyLine, Traffic
from projects.policies import ProjectPolicy
from projects.prebuilds import Prebuilds

Configuration = Mapping[str, Any]


class Space(NamedTuple):
    """A workspace, and when it was made."""

    when: str
    by: str
    name: str
    description: str


class Begun(NamedTuple):
    """A project, and when it was made."""

    when: str
    by: str
    name: str
    description: str
    workspace: str = ""
    owner: str = ""
    environment: str = ""
    product: bool = False


class Moved(NamedTuple):
    when: str
    by: str
    project: str
    workspace: str


class Decided(NamedTuple):
    """Policies of a project were turned on."""

    when: str
    by: str
    project: str
    policies: tuple[ProjectPolicy, ...]


class Archived(NamedTuple):
    when: str
    by: str
    project: str
    reason: str


class Deleted(NamedTuple):
    when: str
    by: str
    project: str
    reason: str


class Shared(NamedTuple):
    """A person or a group got a role on a workspace, a project or a resource."""

    when: str
    by: str
    on: str
    to: str
    role: Role
    reason: str = ""
    until: str = ""


class Raised(NamedTuple):
    """Who had a role there got another one in its place."""

    when: str
    by: str
    on: str
    to: str
    role: Role
    reason: str = ""
    until: str = ""


class Taken(NamedTuple):
    when: str
    by: str
    on: str
    to: str
    reason: str = ""


class Built(NamedTuple):
    """A resource; what its configuration refers to goes by its name."""

    when: str
    by: str
    kind: str
    name: str
    description: str
    configuration: Configuration
    project: str = ""


class Changed(NamedTuple):
    """The next version of a resource, by the fields that differ."""

    when: str
    by: str
    name: str
    fields: Configuration
    note: str = ""


class Published(NamedTuple):
    when: str
    by: str
    name: str


class Sized(NamedTuple):
    """An environment class."""

    when: str
    by: str
    name: str
    description: str
    size: tuple[int, int, int]
    runner: str = ""


class Runs(NamedTuple):
    """A project chose its environment classes."""

    when: str
    by: str
    project: str
    classes: tuple[str, ...]


class Prebuilt(NamedTuple):
    when: str
    by: str
    project: str
    prebuilds: Prebuilds


class Hidden(NamedTuple):
    """Secrets of a project; their values are drawn, for nobody reads them."""

    when: str
    by: str
    project: str
    names: tuple[str, ...]


class Rotated(NamedTuple):
    when: str
    by: str
    project: str
    name: str


class Connected(NamedTuple):
    """An integration, with a token that is drawn if it has one."""

    when: str
    by: str
    name: str
    provider: str
    url: str = ""
    runner: str = ""
    token: bool = True


class Waiting(NamedTuple):
    """A human task; with an outcome it was done."""

    when: str
    by: str
    resource: str
    to: str
    title: str
    description: str = ""
    due: str = ""
    done: str = ""
    outcome: str = ""


class Answer(NamedTuple):
    """What became of a request; what was approved is told by lines of its own, just before."""

    when: str
    by: str
    approved: bool
    said: str = ""


class Asked(NamedTuple):
    """A request, by its `Request.Kind`; `on` is a place or, of the kind group, a group."""

    when: str
    by: str
    kind: str
    reason: str
    on: str = ""
    role: Role | None = None
    permission: Permission | None = None
    to: str = ""
    name: str = ""
    description: str = ""
    until: str = ""
    answer: Answer | None = None


class Promised(NamedTuple):
    """A project that comes with an open invitation."""

    when: str
    by: str
    email: str
    project: str
    role: Role
    reason: str = ""


class Told(NamedTuple):
    """A notice that is no answer: about an end, mostly."""

    when: str
    to: str
    text: str
    page: str
    on: str = ""


class Measured(NamedTuple):
    """The insights of a project were turned on."""

    when: str
    by: str
    project: str


Line = (
    Space
    | Begun
    | Moved
    | Decided
    | Archived
    | Deleted
    | Shared
    | Raised
    | Taken
    | Built
    | Changed
    | Published
    | Sized
    | Runs
    | Prebuilt
    | Hidden
    | Rotated
    | Connected
    | Waiting
    | Asked
    | Promised
    | Told
    | Measured
    | KeyLine
)


@dataclass(frozen=True, kw_only=True)
class Tale:
    """What one organization did with its projects, and how busy they were lately."""

    lines: tuple[Line, ...]
    bustle: float
    """Runs, conversations and lines of log on an average working day."""
    traffic: tuple[Traffic, ...] = ()
    """What its keys did, by the key."""
