"""Deeds on notices: telling members something, in the console and by mail.

What is worth telling is for whoever calls; what the letter looks like is in templates/mail/.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.text import Truncator

from orgs.letters import notice_letter, post
from orgs.models import Membership, Notice, Organization

TEXT_LENGTH = cast(int, Notice._meta.get_field("text").max_length)


@transaction.atomic
def notify(
    *,
    organization: UUID,
    members: Iterable[Membership],
    text: str,
    path: str,
    key: str = "",
    mail: bool = True,
) -> list[Notice]:
    """Tell these members one sentence, with the page it leads to; a letter follows the commit.

    With a key nobody is told twice: who was told under it before is left out, however many
    processes tell at once. A placeholder, who cannot read it, is left out too. Returns what is new.
    """
    told = {one.pk: one for one in members if not one.is_placeholder}
    sentence = Truncator(" ".join(text.split())).chars(TEXT_LENGTH)
    wanted = [
        Notice(organization_id=organization, membership=member, text=sentence, path=path, key=key)
        for member in told.values()
    ]
    if not wanted:
        return []
    Notice.objects.bulk_create(wanted, ignore_conflicts=bool(key))
    rows = Notice.objects.in_org(organization).filter(pk__in=[notice.pk for notice in wanted])
    new = list(rows) if key else wanted
    if mail and new:
        name = Organization.objects.get(pk=organization).name
        reached = [(one, told[one.membership_id]) for one in new if told[one.membership_id].email]
        post([notice_letter(one, to=member, organization=name) for one, member in reached])
    return new


def notices_read(*, membership: UUID, organization: UUID, path: str = "") -> int:
    """Everything that this member was told counts as read; with a path, what led to that page."""
    unread = Notice.objects.in_org(organization).filter(membership=membership, read_at=None)
    unread = unread.filter(path=path) if path else unread
    return unread.update(read_at=timezone.now())
