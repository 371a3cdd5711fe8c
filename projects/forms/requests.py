"""What people type when they ask for something, and when they answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from config.roles import PROJECT_ROLES, Role
from orgs.forms.groups import LastDayField
from projects.forms.fields import LineField, ParagraphField
from projects.models import Project, Workspace
from projects.queries.ways import Way

LONGEST_REASON = 1_000
UNTIL_TAKEN = "Empty: for as long as nobody takes it away."


def reason_field(label: str = "Why", *, required: bool = True, hint: str = "") -> ParagraphField:
    return ParagraphField(
        longest=LONGEST_REASON,
        rows=3,
        label=label,
        required=required,
        help_text=hint,
        error_messages={"required": "Say why."},
    )


def refuse(form: forms.Form, error: ValidationError) -> None:
    """The action's refusal as errors of the form; those of fields it has not, on the form."""
    fields = error.error_dict if hasattr(error, "error_dict") else {"": error.error_list}
    for name, errors in fields.items():
        form.add_error(name if name in form.fields else None, errors)


class RequestForm(forms.Form):
    """Why something is asked for."""

    reason = reason_field(hint="Whoever decides reads this. It goes into the audit log.")


class AccessRequestForm(RequestForm):
    """Why, until when, and which role where the link names none."""

    field_order = ("role", "until", "reason")
    until = LastDayField(help_text=UNTIL_TAKEN)

    def __init__(self, *args: Any, roles: Sequence[Role] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if roles:
            self.fields["role"] = forms.TypedChoiceField(
                choices=[(role.value, role.label) for role in roles],
                coerce=Role,
                error_messages={"invalid_choice": "Choose one of these roles."},
            )
            self.order_fields(self.field_order)


class ProjectRequestForm(RequestForm):
    """The project that is wanted."""

    field_order = ("name", "description", "workspace", "reason")
    name = LineField()
    description = LineField(longest=500, required=False, label="What it is for")
    workspace = forms.ModelChoiceField(
        Workspace.objects.none(), required=False, empty_label="No workspace"
    )

    def __init__(self, *args: Any, workspaces: QuerySet[Workspace], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["workspace"].queryset = workspaces  # type: ignore[attr-defined]


class ApproveForm(forms.Form):
    """How it is given, and a word to who asked. Only the fields that this request needs stay."""

    name = LineField(label="Name of the project")
    way = forms.ChoiceField(
        label="Give it by",
        error_messages={"required": "Choose how.", "invalid_choice": "Choose how."},
    )
    until = LastDayField(help_text=UNTIL_TAKEN)
    answer = reason_field("A word to who asked", required=False)

    def __init__(
        self,
        *args: Any,
        ways: Sequence[Way],
        needs: set[str],
        is_plain: bool = True,
        **kwargs: Any,
    ) -> None:
        """`is_plain`: the first way is what was asked for, word for word."""
        super().__init__(*args, **kwargs)
        for name in {"name", "way", "until"} - needs:
            del self.fields[name]
        if "way" in needs:
            choices = [(way.value, way.label) for way in ways]
            if len(ways) > 1 and not is_plain:
                choices.insert(0, ("", "Choose how"))
            self.fields["way"].choices = choices  # type: ignore[attr-defined]


class RefuseForm(forms.Form):
    """Why not."""

    answer = reason_field("Why not", hint="Whoever asked reads this. It goes into the audit log.")


class PromiseForm(forms.Form):
    """A role in one project that comes with an invitation."""

    project = forms.UUIDField(error_messages={"required": "Choose a project."})
    role = forms.TypedChoiceField(
        choices=[(role.value, role.label) for role in PROJECT_ROLES],
        coerce=Role,
        error_messages={"required": "Choose a role.", "invalid_choice": "Choose a role."},
    )
    reason = reason_field(required=False)

    def __init__(self, *args: Any, projects: QuerySet[Project], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.projects = projects

    def clean_project(self) -> Project:
        pk: UUID = self.cleaned_data["project"]
        project = self.projects.filter(pk=pk).first()
        if project is None:
            raise ValidationError("Choose one of these projects.", code="unknown")
        return project
