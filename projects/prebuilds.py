"""What a project's prebuilds are set to: built ahead of time, so that work starts at once.

The settings and their words; changing them is a deed in `projects/actions/prebuilds.py`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from projects.schedules import in_words


class Trigger(StrEnum):
    """What starts a prebuild."""

    _value_: str
    label: str

    def __new__(cls, value: str, label: str = "") -> Trigger:
        member = str.__new__(cls, value)
        member._value_, member.label = value, label
        return member

    PUSH = "push", "Every push"
    SCHEDULE = "schedule", "A schedule"
    BOTH = "both", "Every push, and a schedule"


@dataclass(frozen=True, kw_only=True, slots=True)
class Prebuilds:
    """The settings of one project, as its `prebuilds` column keeps them."""

    enabled: bool = False
    trigger: Trigger = Trigger.PUSH
    branches: tuple[str, ...] = ("main",)
    schedule: str = ""
    timeout: int = 60

    @classmethod
    def read(cls, stored: dict[str, Any]) -> Prebuilds:
        """What is stored, and what applies where nothing was set."""
        known = {field.name for field in fields(cls)} & set(stored)
        said: dict[str, Any] = {name: stored[name] for name in known}
        if "trigger" in said:
            said["trigger"] = Trigger(said["trigger"])
        if "branches" in said:
            said["branches"] = tuple(said["branches"])
        return cls(**said)

    @property
    def stored(self) -> dict[str, Any]:
        return asdict(self) | {"trigger": self.trigger.value, "branches": list(self.branches)}

    @property
    def summary(self) -> str:
        """One line for a page."""
        if not self.enabled:
            return "Off: work starts from nothing."
        when = {
            Trigger.PUSH: "On every push",
            Trigger.SCHEDULE: self.schedule_words.capitalize(),
            Trigger.BOTH: f"On every push, and {self.schedule_words}",
        }[self.trigger]
        return f"{when}, for {', '.join(self.branches)}; stops after {self.timeout} minutes."

    @property
    def schedule_words(self) -> str:
        return in_words(self.schedule) if self.schedule else ""

    @property
    def facts(self) -> dict[str, str]:
        """The settings in words, as the ledger keeps them."""
        said = {
            "prebuilds": "on" if self.enabled else "off",
            "trigger": self.trigger.label,
            "branches": ", ".join(self.branches),
            "schedule": self.schedule,
            "timeout": f"{self.timeout} minutes",
        }
        return {name: value for name, value in said.items() if value}
