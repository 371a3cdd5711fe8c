"""How far the request log is added up: what a page says beside its sums."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.conf import settings
from django.db import connections
from django.utils import dateformat, timezone


@dataclass(frozen=True, slots=True)
class Counted:
    """`until`: whatever was logged before is in the sums; None where nothing was added up yet.

    `state`: ok, part (a long stretch is being taken, up to `place`), zone (the days are those of
    `zone`, which the installation has left) or foreign (restored, to be added up again).
    """

    state: str
    until: datetime.datetime | None
    place: datetime.datetime | None
    zone: str
    taken: int
    kept_before: datetime.date | None

    @property
    def is_to_be_rebuilt(self) -> bool:
        return self.state in ("zone", "foreign")


def counted(*, using: str = "default") -> Counted:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT * FROM usage_pending(%s)", [settings.TIME_ZONE])
        return Counted(*cursor.fetchone())


def clock_words(moment: datetime.datetime | None) -> str:
    """A moment by the installation's clock, with its day where that is not today."""
    if moment is None:
        return ""
    zone = timezone.get_default_timezone()
    here, now = timezone.localtime(moment, zone), timezone.localtime(timezone=zone)
    return dateformat.format(here, "H:i T" if here.date() == now.date() else "j M, H:i T")
