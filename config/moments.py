"""Times and money in words: "3 hours ago", "in 26 hours", "€1,412.80".

Plain functions without HTML; the tags that wrap them are in look.py.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import dateformat, timezone

HOUR = 3600
DAY = 24 * HOUR
CURRENCY_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}
WITHOUT_MINOR_UNITS = frozenset({"JPY", "KRW", "ISK"})


def local(moment: datetime) -> datetime:
    """The moment in the current time zone; a naive one is taken as local already."""
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment


def format_local(moment: datetime, pattern: str) -> str:
    """Django's date format in the current time zone."""
    return dateformat.format(local(moment), pattern)


def _count(number: float, unit: str) -> str:
    return f"{int(number)} {unit}{'' if int(number) == 1 else 's'}"


def _since(moment: datetime, seconds: float, now: datetime) -> str:
    if seconds < 60:
        return "just now"
    if seconds < HOUR:
        return f"{_count(seconds // 60, 'minute')} ago"
    if seconds < DAY:
        return f"{_count(seconds // HOUR, 'hour')} ago"
    if (local(now).date() - local(moment).date()).days == 1:
        return "yesterday"
    if seconds < 7 * DAY:
        return f"{_count(seconds // DAY, 'day')} ago"
    return format_local(moment, "j M Y")


def _until(moment: datetime, seconds: float) -> str:
    if seconds < 60:
        return "in a moment"
    if seconds < HOUR:
        return f"in {_count(seconds // 60, 'minute')}"
    if seconds < 2 * DAY:
        return f"in {_count(seconds // HOUR, 'hour')}"
    if seconds < 14 * DAY:
        return f"in {_count(seconds // DAY, 'day')}"
    return format_local(moment, "j M Y")


def human_time(moment: datetime, *, now: datetime) -> str:
    """Words for a moment while they help; beyond a week back or a fortnight ahead, the date."""
    seconds = (now - moment).total_seconds()
    return _since(moment, seconds, now) if seconds >= 0 else _until(moment, -seconds)


def format_money(minor: int, currency: str) -> str:
    """Minor units with their currency: 141280 in EUR is €1,412.80."""
    code = currency.upper()
    sign = CURRENCY_SIGNS.get(code, f"{code} ")
    if code in WITHOUT_MINOR_UNITS:
        amount = f"{abs(minor):,}"
    else:
        whole, part = divmod(abs(minor), 100)
        amount = f"{whole:,}.{part:02d}"
    return ("\u2212" if minor < 0 else "") + sign + amount


def human_span(span: timedelta) -> str:
    """Words for how long something took: "8 seconds", "3 minutes", "30 hours", "4 days"."""
    seconds = max(span.total_seconds(), 0)
    if seconds < 1:
        return "under a second"
    if seconds < 60:
        return _count(seconds, "second")
    if seconds < HOUR:
        return _count(seconds // 60, "minute")
    if seconds < 2 * DAY:
        return _count(seconds // HOUR, "hour")
    return _count(seconds // DAY, "day")
