"""Where the app that holds projects joins the roster: it reads them and writes its own changes.

The plan is made here, of plain data; the tables stand above this app, so they are handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from orgs.roster.changes import Change, Kind
from orgs.roster.snapshot import ProjectNow

Reader = Callable[[UUID, Any], tuple[ProjectNow, ...]]
"""Of an organization, as far as an Access sees it; None sees all."""
Writer = Callable[[Any, Sequence[Change]], None]
"""Of one import's `Rows`."""


@dataclass(slots=True)
class Above:
    reads: Reader = lambda organization, access: ()
    writes: Mapping[Kind, Writer] = field(default_factory=dict)


projects = Above()
