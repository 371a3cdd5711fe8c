"""What comes in with an import: a file or pasted text, and the same again between its steps.

The text travels with the page, signed and packed, so that nothing of a plan that is never applied
stays on the server.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError

from config.text import clean_line
from orgs.roster.nodes import MAX_BYTES

LARGEST_PACKED = 2 * 1024 * 1024
PLAN_SECONDS = 24 * 3600


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A roster on its way through the steps; `shown` is the digest of the plan on the page."""

    name: str
    content: bytes
    key: str = ""
    shown: str = ""
    all_removals: bool = False

    @property
    def allow_removals(self) -> float:
        return 1.0 if self.all_removals else 0.25

    def pack(self, org: UUID) -> str:
        # Latin-1 carries any bytes through JSON and back.
        text = self.content.decode("latin-1")
        values = [self.name, text, self.key, self.shown, self.all_removals]
        return signing.dumps(values, salt=_salt(org), compress=True)

    @classmethod
    def unpack(cls, packed: str, org: UUID) -> Upload:
        """Raises ValidationError: `stale`, for anything that was not packed here of late."""
        try:
            values = signing.loads(packed, salt=_salt(org), max_age=PLAN_SECONDS)
            name, content, key, shown, all_removals = values
        except (signing.BadSignature, ValueError) as error:
            raise ValidationError(
                "This plan is older than a day, or of another organization. Choose the file again.",
                code="stale",
            ) from error
        return cls(
            name=name,
            content=content.encode("latin-1"),
            key=key,
            shown=shown,
            all_removals=all_removals,
        )


class RosterForm(forms.Form):
    """The first step: a file, or the same as text."""

    file = forms.FileField(
        required=False,
        label="Roster file",
        help_text="YAML in peribolos form, at most 16 MiB.",
        error_messages={"empty": "This file is empty."},
        widget=forms.ClearableFileInput(attrs={"accept": ".yaml,.yml,application/yaml"}),
    )
    text = forms.CharField(
        required=False,
        strip=False,
        label="Or paste it",
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > MAX_BYTES:
            raise ValidationError("This file is larger than 16 MiB. Split it.", code="too_large")
        return file

    def clean(self) -> dict[str, Any]:
        file, text = self.cleaned_data.get("file"), self.cleaned_data.get("text", "")
        if self.errors:
            return self.cleaned_data
        if bool(file) == bool(text.strip()):
            message = "Choose a file or paste its text, not both." if file else "Choose a file."
            self.add_error("file", ValidationError(message, code="one_of"))
        return self.cleaned_data

    def upload(self) -> Upload:
        file = self.cleaned_data["file"]
        if not file:
            return Upload(name="pasted text", content=self.cleaned_data["text"].encode())
        return Upload(name=_file_name(file.name), content=file.read())


class SentForm(forms.Form):
    """Every later step: the packed roster, which organization of it, and what is agreed to."""

    roster = forms.CharField(strip=False)
    key = forms.CharField(required=False, max_length=254)
    step = forms.ChoiceField(choices=[(step, step) for step in ("plan", "allow", "apply")])
    confirm = forms.CharField(required=False, max_length=200)

    def __init__(self, *args: Any, org: UUID, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.org = org

    def clean_roster(self) -> Upload:
        return Upload.unpack(self.cleaned_data["roster"], self.org)

    def upload(self) -> Upload:
        upload: Upload = self.cleaned_data["roster"]
        if key := self.cleaned_data["key"]:
            upload = replace(upload, key=key)
        if self.cleaned_data["step"] == "allow":
            upload = replace(upload, all_removals=True)
        return upload

    @property
    def applies(self) -> bool:
        return bool(self.cleaned_data["step"] == "apply")


@dataclass(frozen=True, kw_only=True)
class Done:
    """What the page after an import says; it travels in the address, signed."""

    file: str
    sentence: str
    changes: int
    seconds: float

    def pack(self, org: UUID) -> str:
        values = [self.file, self.sentence, self.changes, self.seconds]
        return signing.dumps(values, salt=_salt(org) + ":done")

    @classmethod
    def unpack(cls, packed: str, org: UUID) -> Done | None:
        """None for anything that was not packed here of late."""
        try:
            values = signing.loads(packed, salt=_salt(org) + ":done", max_age=PLAN_SECONDS)
            file, sentence, changes, seconds = values
        except (signing.BadSignature, ValueError):
            return None
        return cls(file=file, sentence=sentence, changes=changes, seconds=seconds)


def _salt(org: UUID) -> str:
    return f"orgs.roster:{org}"


def _file_name(name: str) -> str:
    try:
        return clean_line(name) or "roster.yaml"
    except ValidationError:
        return "roster.yaml"
