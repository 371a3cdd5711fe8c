"""What people ask of a list of keys, and what they type about a key."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from uuid6 import uuid7

from config.moments import format_local
from config.text import NAME_LENGTH, clean_line
from orgs.forms.groups import LastDayField
from orgs.models import Group
from projects import keys
from projects.models import Key

LONGEST_SEARCH = 100
REASON_LENGTH = 500
STATES = {"live": "Live", "revoked": "Revoked", "expired": "Expired", "all": "Any"}
SORTS = ("created", "used")
EXECUTE, CHAT, BOTH = "execute", "chat", "both"
MAY = {EXECUTE: "Execute workflows", CHAT: "Chat with agents", BOTH: "Both"}
_PREFIX = re.compile(r"bw_live_[0-9a-f]{0,4}")
_WHOLE = re.compile(r"(bw_live_[0-9a-f]{4})[0-9a-f]*(?:…[0-9a-f]*)?")


@dataclass(frozen=True, kw_only=True)
class KeyFilter:
    """Which keys, from where. Whatever is not understood counts as not said."""

    search: str = ""
    state: str = "live"
    project: str = ""
    creator: str = ""
    sort: str = "used"
    cursor: str | None = None

    @classmethod
    def read(cls, asked: Mapping[str, Any]) -> KeyFilter:
        state, sort = str(asked.get("state", "")), str(asked.get("sort", ""))
        return cls(
            search=_search(str(asked.get("q", ""))),
            state=state if state in STATES else "live",
            project=_pk(asked.get("project")),
            creator=_pk(asked.get("creator")),
            sort=sort if sort in SORTS else "used",
            cursor=str(asked.get("page", ""))[:1000] or None,
        )

    @property
    def prefix(self) -> str:
        """What a secret must begin with to be meant; empty where a name is searched for."""
        return self.search if _PREFIX.fullmatch(self.search) else ""

    @property
    def is_set(self) -> bool:
        return bool(self.search or self.project or self.creator)

    @property
    def by_use(self) -> str:
        return self.url(sort="used")

    @property
    def by_creation(self) -> str:
        return self.url(sort="created")

    def url(self, **changes: Any) -> str:
        """The address of the list as asked, with these changes, from its first page."""
        other = replace(self, **{"cursor": None} | changes)
        said = {
            "q": other.search,
            "state": "" if other.state == "live" else other.state,
            "project": other.project,
            "creator": other.creator,
            "sort": "" if other.sort == "used" else other.sort,
            "page": other.cursor or "",
        }
        return "?" + urlencode({key: value for key, value in said.items() if value})


def _search(text: str) -> str:
    text = text.replace("\x00", "").strip()[:LONGEST_SEARCH]
    # A whole key pasted here is a secret: only what is shown of it anyway goes any further.
    found = _WHOLE.fullmatch(text)
    return found[1] if found else text


def _pk(text: Any) -> str:
    try:
        return str(UUID(str(text)))
    except ValueError:
        return ""


class KeyForm(forms.Form):
    """A key as it is made and changed."""

    name = forms.CharField(
        max_length=NAME_LENGTH,
        help_text="Say where it runs, for example: Production deployment, ETL workflow.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Write a name that says where the key is used."},
    )
    may = forms.ChoiceField(
        label="It may",
        widget=forms.RadioSelect,
        help_text="Never more than you may yourself, and never anything that changes the console.",
        error_messages={
            "required": "Choose what the key may do.",
            "invalid_choice": "Choose what the key may do, from what you may do here.",
        },
    )
    expires_at = LastDayField(help_text="Empty: until somebody revokes it.")
    cost_centre = forms.ModelChoiceField(
        Group.objects.none(),
        required=False,
        label="Cost centre",
        empty_label="None",
        help_text="The group whose budget its calls count against as well.",
        error_messages={"invalid_choice": "Choose one of these groups."},
    )

    def __init__(
        self,
        *args: Any,
        does: tuple[str, ...],
        groups: QuerySet[Group],
        latest: datetime.datetime | None,
        unseen: Group | None = None,
        **kwargs: Any,
    ) -> None:
        """`does` is what its maker may do there; `latest`, when every key here ends.

        `unseen` is a cost centre that this person does not see: it stays until they choose one.
        """
        super().__init__(*args, **kwargs)
        self.unseen = unseen
        offered = [EXECUTE, CHAT, BOTH] if len(does) > 1 else list(does)
        self.fields["may"].choices = [(each, MAY[each]) for each in offered]  # type: ignore[attr-defined]
        self.fields["cost_centre"].queryset = groups  # type: ignore[attr-defined]
        if unseen is not None:
            self.fields["cost_centre"].empty_label = "A secret group"  # type: ignore[attr-defined]
        ends = self.fields["expires_at"]
        ends.label = "Last day"
        if latest is not None:
            ends.required = True
            ends.help_text = f"Up to {format_local(latest, 'j M Y')}: keys here live no longer."
            ends.error_messages["required"] = "Every key here ends: choose its last day."
            ends.widget.attrs["max"] = format_local(latest, "Y-m-d")

    def clean_name(self) -> str:
        name = clean_line(self.cleaned_data["name"])
        if keys.KEY in name or keys.TOKEN in name:
            raise ValidationError("This holds a key. Write a name instead.", code="holds_a_key")
        return name

    def said(self) -> dict[str, Any]:
        """What the actions take."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "executes": data["may"] in (EXECUTE, BOTH),
            "chats": data["may"] in (CHAT, BOTH),
            "cost_centre": data["cost_centre"] or self.unseen,
            "expires_at": data["expires_at"],
        }


class NewKeyForm(KeyForm):
    """A key to be made: it carries its id, so that the same form sent twice makes one key."""

    once = forms.CharField(widget=forms.HiddenInput, max_length=200)

    def __init__(self, *args: Any, maker: UUID | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._signer = signing.Signer(salt=f"key {maker}")
        self.fields["once"].initial = self._signer.sign(uuid7().hex)

    def clean_once(self) -> UUID:
        try:
            return UUID(self._signer.unsign(self.cleaned_data["once"]))
        except (signing.BadSignature, ValueError):
            raise ValidationError(
                "This form is somebody else’s. Open it anew.", code="form"
            ) from None


class RevokeForm(forms.Form):
    """Why a key stops: it goes into the log (S2-155)."""

    reason = forms.CharField(
        max_length=REASON_LENGTH,
        label="Reason",
        help_text="For example: leaked in a repository; no longer needed.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Say why: the audit log keeps it."},
    )

    def clean_reason(self) -> str:
        reason = clean_line(self.cleaned_data["reason"], max_length=REASON_LENGTH)
        # Whoever reports a leak may paste what leaked: it must not leak into the log as well.
        return re.sub(r"(bw_(?:live|svc)_[0-9a-f]{4})[0-9a-f]+", r"\1…", reason)


def may_of(key: Key) -> str:
    if key.executes and key.chats:
        return BOTH
    return EXECUTE if key.executes else CHAT
