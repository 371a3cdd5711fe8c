"""What people ask of the list of projects, and what they type about a project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from config.text import NAME_LENGTH, clean_line
from orgs.models import Membership
from projects.models import Project, Workspace
from projects.policies import ProjectPolicy

LONGEST_SEARCH = 100
NOWHERE = "none"
"""Stands for "in no workspace" and for "no label" in an address."""


@dataclass(frozen=True, kw_only=True)
class ProjectFilter:
    """Which projects, from where. Whatever is not understood counts as not said."""

    search: str = ""
    state: str = Project.State.ACTIVE.value
    label: str = ""
    workspace: str = ""
    mine: bool = False
    cursor: str | None = None

    @classmethod
    def read(cls, asked: Mapping[str, Any]) -> ProjectFilter:
        state, label = str(asked.get("state", "")), str(asked.get("label", ""))
        return cls(
            search=search_of(asked),
            state=state if state in Project.State.values else Project.State.ACTIVE.value,
            label=label if label == NOWHERE or (label and label in Project.Environment) else "",
            workspace=_place(str(asked.get("workspace", ""))),
            mine=asked.get("mine") == "1",
            cursor=str(asked.get("page", ""))[:1000] or None,
        )

    @property
    def is_set(self) -> bool:
        return bool(self.search or self.label or self.workspace or self.mine)

    @property
    def is_narrow(self) -> bool:
        """Are some asked for by what they are, beyond whose they are?"""
        return bool(self.search or self.label or self.workspace)

    def url(self, **changes: Any) -> str:
        """The address of the list as asked, with these changes, from its first page."""
        other = replace(self, **{"cursor": None} | changes)
        said = {
            "q": other.search,
            "state": "" if other.state == Project.State.ACTIVE else other.state,
            "label": other.label,
            "workspace": other.workspace,
            "mine": "1" if other.mine else "",
        }
        return "?" + urlencode({key: value for key, value in said.items() if value})


def search_of(asked: Mapping[str, Any]) -> str:
    """What an address searches for, in no more words than the field for it takes."""
    return str(asked.get("q", "")).replace("\x00", "").strip()[:LONGEST_SEARCH]


def _place(text: str) -> str:
    if text == NOWHERE:
        return text
    try:
        return str(UUID(text))
    except ValueError:
        return ""


class ProjectForm(forms.Form):
    """A project as it is made and changed; `workspaces` are those it may be put into."""

    name = forms.CharField(
        max_length=NAME_LENGTH, error_messages={"required": "Write the name of the project."}
    )
    description = forms.CharField(
        max_length=500, required=False, help_text="What it is for, in a line."
    )
    workspace = forms.ModelChoiceField(
        Workspace.objects.none(),
        required=False,
        empty_label="No workspace",
        help_text="Everyone with a role in the workspace views its projects.",
        error_messages={"invalid_choice": "Choose one of these workspaces."},
    )
    environment = forms.ChoiceField(
        choices=Project.Environment.choices,
        required=False,
        label="Environment label",
        help_text="Production turns on that Owners approve every new role in the project.",
        error_messages={"invalid_choice": "Choose one of these labels."},
    )
    is_product = forms.BooleanField(
        required=False,
        label="This is a product",
        help_text="Something that customers use, rather than work towards one.",
    )

    def __init__(self, *args: Any, workspaces: QuerySet[Workspace] | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if workspaces is None:
            del self.fields["workspace"]
        else:
            self.fields["workspace"].queryset = workspaces  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"])

    def clean_description(self) -> str:
        return clean_line(self.cleaned_data["description"], max_length=500)


class NewProjectForm(ProjectForm):
    """A new one may have its first Project Owner from the start: `find` reads who is meant."""

    owner = forms.CharField(
        max_length=300,
        required=False,
        label="First Project Owner",
        help_text="A member's name or address. Without one, the organization's owners answer.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "owner-options"}),
    )

    def __init__(
        self, *args: Any, find: Callable[[str], list[Membership]] | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.find = find
        if find is None:
            del self.fields["owner"]

    def clean_owner(self) -> Membership | None:
        said = clean_line(self.cleaned_data["owner"], max_length=300)
        if not said:
            return None
        found = self.find(said) if self.find else []
        if not found:
            raise ValidationError(f"No member is called “{said}”.", code="unknown")
        if len(found) > 1:
            message = f"Several members are called “{said}”. Write the address."
            raise ValidationError(message, code="ambiguous")
        return found[0]


class SettingsForm(ProjectForm):
    """The settings, and a mark of what they were when the page was opened."""

    seen = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)


class ProjectPoliciesForm(forms.Form):
    """The switches, and which were on when the page was opened."""

    policies = forms.MultipleChoiceField(
        choices=[(policy.value, policy.label) for policy in ProjectPolicy],
        required=False,
        error_messages={"invalid_choice": "Choose from the policies shown."},
    )
    seen = forms.CharField(max_length=300, required=False)

    def clean_policies(self) -> frozenset[ProjectPolicy]:
        return frozenset(map(ProjectPolicy, self.cleaned_data["policies"]))

    def clean_seen(self) -> frozenset[ProjectPolicy]:
        known = set(self.cleaned_data["seen"].split())
        return frozenset(policy for policy in ProjectPolicy if policy.value in known)


class RestoreForm(forms.Form):
    """The name under which a project comes back."""

    name = forms.CharField(
        max_length=NAME_LENGTH, error_messages={"required": "Write the name of the project."}
    )

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"])
