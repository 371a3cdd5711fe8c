"""Letters to people outside the console: written now, posted once the change is committed.

What a letter says is in templates/mail/.
"""

from __future__ import annotations

import logging
from functools import partial

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.text import Truncator

from orgs.access import Access
from orgs.models import Invitation, Membership, Notice, Organization, SupportCase

log = logging.getLogger(__name__)


def invitation_letter(
    invitation: Invitation, *, link: str, actor: Access
) -> EmailMultiAlternatives:
    context = {
        "invitation": invitation,
        "organization": actor.org.name,
        "inviter": actor.identity.label,
        "link": link,
    }
    subject = f"{actor.identity.label} invites you to {actor.org.name}"
    letter = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string("mail/invitation.txt", context),
        to=[invitation.email],
    )
    letter.attach_alternative(render_to_string("mail/invitation.html", context), "text/html")
    return letter


def first_owner_letter(
    invitation: Invitation, *, organization: Organization, link: str
) -> EmailMultiAlternatives:
    context = {"invitation": invitation, "organization": organization.name, "link": link}
    letter = EmailMultiAlternatives(
        subject=f"{organization.name} waits for you, its owner",
        body=render_to_string("mail/first_owner.txt", context),
        to=[invitation.email],
    )
    letter.attach_alternative(render_to_string("mail/first_owner.html", context), "text/html")
    return letter


def notice_letter(notice: Notice, *, to: Membership, organization: str) -> EmailMultiAlternatives:
    """The sentence that the console shows; no request says where this server is, so a setting."""
    link = f"{settings.PUBLIC_URL}{notice.path}" if notice.path else ""
    context = {"notice": notice, "name": to.name, "organization": organization, "link": link}
    subject = Truncator(f"{organization}: {notice.text}").chars(150)
    letter = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string("mail/notice.txt", context),
        to=[to.email],
    )
    letter.attach_alternative(render_to_string("mail/notice.html", context), "text/html")
    return letter


def support_letter(
    case: SupportCase, *, text: str, to: str, reply_to: str
) -> EmailMultiAlternatives:
    """What was written for support, to be answered to who wrote it; nothing of the organization."""
    return EmailMultiAlternatives(
        subject=f"[Case {case.number}] {' '.join(case.subject.split())}",
        body=render_to_string("mail/support_case.txt", {"case": case, "text": text}),
        to=[to],
        reply_to=[reply_to] if reply_to else None,
    )


def post(letters: list[EmailMultiAlternatives]) -> None:
    """Send after commit. A letter that fails is logged: the link can be sent again."""
    if letters:
        transaction.on_commit(partial(_send, letters), robust=True)


def _send(letters: list[EmailMultiAlternatives]) -> None:
    with get_connection() as connection:
        for letter in letters:
            letter.connection = connection
            try:
                letter.send()
            except OSError:  # smtplib's errors are OSErrors too
                log.exception("A letter was not sent")
