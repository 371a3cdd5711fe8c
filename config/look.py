"""The small marks of the screen: icons, avatars, badges, statuses, times, money, fields.

Template tags and filters only, each one line of escaped HTML (registered as a builtin).
What a page says and how parts are arranged lives in the templates; colours in the CSS;
charts are drawn in charts.py, times and money worded in moments.py.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from zlib import crc32

from django import forms, template
from django.forms import BoundField
from django.utils import dateformat, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from heroicons.templatetags.heroicons import heroicon_outline

from config import charts, moments
from config.legal import DOCUMENTS
from config.money import money as in_words
from config.roles import ORGANIZATION_ROLES

register = template.Library()
register.simple_tag(charts.bar_stack)
register.simple_tag(charts.spark)
register.simple_tag(charts.swatch)

HUES = 8


class Look(NamedTuple):
    """How one code appears: its tone (a CSS class), its icon and its usual word."""

    tone: str
    icon: str
    word: str


STATUSES: dict[str, Look] = {
    "done": Look("ok", "check", "Done"),
    "accepted": Look("ok", "check", "Accepted"),
    "intact": Look("ok", "check", "intact"),
    "live": Look("ok", "check", "Live"),
    "paid": Look("ok", "check-circle", "Paid"),
    "verified": Look("ok", "shield-check", "Verified"),
    "denied": Look("bad", "no-symbol", "Denied"),
    "failed": Look("warn", "exclamation-triangle", "Failed"),
    "returned": Look("bad", "exclamation-triangle", "Mail returned"),
    "revoked": Look("bad", "x-mark", "Revoked"),
    "withdrawn": Look("bad", "x-mark", "Withdrawn"),
    "stopped": Look("warn", "pause-circle", "Stopped"),
    "expiring": Look("warn", "clock", "Expires soon"),
    "expired": Look("", "clock", "Expired"),
    "pending": Look("", "clock", "Pending"),
    "scheduled": Look("info", "clock", "Scheduled"),
    "rotating": Look("info", "arrow-path", "Rotating"),
}

PILLS: dict[str, Look] = {
    "active": Look("ok", "check", "Active"),
    "past_due": Look("warn", "", "Past due"),
    "suspended": Look("bad", "", "Suspended"),
    "trial": Look("info", "", "Trial"),
    "archived": Look("", "", "Archived"),
    "canceled": Look("", "", "Canceled"),
    "yours": Look("accent", "", "Your role"),
}

MARKS: dict[str, tuple[str, str, str]] = {
    "yes": ("yes", "", "allowed"),
    "no": ("no", "", "not allowed"),
    "on": ("policy on", "on", "allowed by a policy"),
    "off": ("policy off", "off", "not allowed while the policy is off"),
}

EXACT = "j M Y, H:i:s T"

SHIELD = mark_safe(
    '<path class="shield-field" d="M1.5 0h21A1.5 1.5 0 0 1 24 1.5V14c0 7-5 11.5-12 14C5 25.5 0 21'
    ' 0 14V1.5A1.5 1.5 0 0 1 1.5 0Z"/><path class="shield-light" d="M12 0h10.5A1.5 1.5 0 0 1 24'
    ' 1.5V13H12ZM0 13h12v15C5 25.5 0 21 0 14Z"/>'
)


def _plain(value: object) -> str:
    # Words written in a template arrive marked safe; joined with a plain string they are escaped.
    return str(value) + ""


@lru_cache(maxsize=512)
def _outline(name: str, size: int) -> SafeString:
    # Parsing and printing an icon costs more than the rest of a table row, hence the cache.
    return SafeString(heroicon_outline(name, size=size, **{"class": "icon"}))


@register.simple_tag
def icon(name: str, size: int = 18) -> SafeString:
    """A heroicons outline icon, silent to screen readers: the words beside it speak."""
    return _outline(str(name), int(size))


@register.simple_tag
def initials(name: str) -> str:
    """First letters of the first and the last word: "Alice Marlow" gives AM."""
    words = [word for word in str(name).replace("@", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else words[0][1:2])).upper()


def hue(identity: object) -> int:
    """One of eight hues, the same for the same id in every process."""
    return crc32(str(identity).encode()) % HUES


@register.simple_tag
def avatar(
    name: str, identity: object = "", kind: str = "person", *, size: int = 28, label: bool = False
) -> SafeString:
    """Shape carries kind: a person is a circle, a group a rounded square, an organization a shield.

    With `label` the picture stands alone and speaks the name; else the name stands beside it.
    """
    name = _plain(name)
    if kind == "org":
        return shield(name, size=size, label=label)
    inside = icon("user-group", round(size * 0.57)) if kind == "group" else initials(name)
    voice = (
        format_html(' role="img" aria-label="{}" title="{}"', name, name)
        if label
        else mark_safe(' aria-hidden="true"')
    )
    return format_html(
        '<span class="avatar {} hue-{} size-{}"{}>{}</span>',
        "group" if kind == "group" else "person",
        hue(identity or name),
        size,
        voice,
        inside,
    )


@register.simple_tag
def shield(name: str = "", *, size: int = 24, label: bool = False) -> SafeString:
    """The quartered shield; with a name it bears the initials."""
    name = _plain(name)
    letters = (
        format_html('<text x="12" y="16.4" text-anchor="middle">{}</text>', initials(name))
        if name
        else ""
    )
    silent = mark_safe('aria-hidden="true"')
    voice = format_html('role="img" aria-label="{}"', name) if label else silent
    return format_html(
        '<svg class="shield" viewBox="0 0 24 28" width="{}" height="{}" {}>{}{}</svg>',
        size,
        round(size * 28 / 24, 1),
        voice,
        SHIELD,
        letters,
    )


@register.simple_tag
def tile(name: str, *, size: int = 28, tone: str = "") -> SafeString:
    """The grey square of a thing (key, role, project), with its icon."""
    return format_html(
        '<span class="tile {} size-{}" aria-hidden="true">{}</span>',
        tone,
        size,
        icon(name, 14 if size < 28 else 16),
    )


@register.simple_tag
def role_badge(code: str, label: str = "") -> SafeString:
    """The badge of an organization role; other roles share the grey one."""
    key = str(code).lower().replace("-", "_").replace(" ", "_")
    role = next((role for role in ORGANIZATION_ROLES if role == key), None)
    css = role.replace("_", "-") if role else "other"
    word = _plain(label) or key.replace("_", " ").title()
    mark = icon(role.icon if role else "shield-check", 14)
    return format_html('<span class="badge badge-{}">{}{}</span>', css, mark, word)


@register.simple_tag
def status(outcome: str, label: str = "") -> SafeString:
    """Icon and word for an outcome; an unknown one shows its own word, muted."""
    look = STATUSES.get(str(outcome), Look("", "clock", str(outcome).replace("_", " ")))
    return format_html(
        '<span class="status {}">{}{}</span>',
        look.tone,
        icon(look.icon, 14),
        _plain(label) or look.word,
    )


@register.simple_tag
def pill(state: str, label: str = "") -> SafeString:
    """A lasting state."""
    look = PILLS.get(str(state), Look("", "", str(state).replace("_", " ").capitalize()))
    mark = icon(look.icon, 14) if look.icon else ""
    return format_html(
        '<span class="pill {}">{}{}</span>', look.tone, mark, _plain(label) or look.word
    )


@register.simple_tag
def mark(kind: str) -> SafeString:
    """A cell of the permission matrix, with the words a screen reader says."""
    css, shown, spoken = MARKS[str(kind)]
    return format_html(
        '<span class="{}" aria-hidden="true">{}</span><span class="visually-hidden">{}</span>',
        css,
        shown,
        spoken,
    )


def _time_tag(moment: datetime, words: str) -> SafeString:
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moments.local(moment).isoformat(timespec="seconds"),
        moments.format_local(moment, EXACT),
        words,
    )


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """Words like "3 hours ago", with the exact time in the tag; nothing for None."""
    return _time_tag(moment, moments.human_time(moment, now=timezone.now())) if moment else ""


@register.filter
def day(moment: datetime | date | None) -> SafeString | str:
    """The day alone: "12 Jan 2026"."""
    if not moment:
        return ""
    if isinstance(moment, datetime):
        return _time_tag(moment, moments.format_local(moment, "j M Y"))
    words = dateformat.format(moment, "j M Y")
    return format_html('<time datetime="{}">{}</time>', moment.isoformat(), words)


@register.filter
def clock(moment: datetime | None) -> SafeString | str:
    """The time of day alone: "13:58:07"."""
    return _time_tag(moment, moments.format_local(moment, "H:i:s")) if moment else ""


@register.filter
def exact(moment: datetime | None) -> SafeString | str:
    """Day, time and zone: "22 Nov 2026, 13:58:07 CET"."""
    return _time_tag(moment, moments.format_local(moment, EXACT)) if moment else ""


@register.filter
def money(amount: int | None, currency: str = "") -> str:
    """Nano-units of the installation's currency; with a currency, minor units of that one."""
    if amount is None:
        return ""
    if currency:
        return moments.format_money(int(amount), str(currency))
    return in_words(int(amount))


@register.simple_tag
def legal_link(name: str, words: str = "") -> SafeString:
    """The link to a legal document, wherever it is: `{% legal_link "terms" "the terms" %}`."""
    document = DOCUMENTS[name]
    return format_html('<a href="{}">{}</a>', document.url, _plain(words) or document.label)


@register.simple_tag
def control_kind(field: BoundField) -> str:
    """Which markup a form field needs: hidden, check, options, cards or plain."""
    widget = field.field.widget
    if field.is_hidden:
        return "hidden"
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        ticked = isinstance(widget, forms.CheckboxSelectMultiple)
        widget.attrs.setdefault("class", "box" if ticked else "radio")
        return "cards" if widget.attrs.pop("cards", False) else "options"
    return "plain"


@register.simple_tag
def control(field: BoundField, switch: object = False) -> SafeString:
    """The form field's own control with the class that styles it."""
    attrs: dict[str, str | bool]
    if isinstance(field.field.widget, forms.CheckboxInput):
        attrs = {"class": "switch", "role": "switch"} if switch else {"class": "box"}
    else:
        given = field.field.widget.attrs.get("class", "")
        attrs = {"class": f"input {given}".strip()}
    return field.as_widget(attrs=attrs)
