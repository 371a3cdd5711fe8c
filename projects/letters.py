"""Telling people about requests: a notice in the console, and a letter that says why.

What a letter says is in templates/mail/; how notices are kept is in orgs/actions/notices.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.text import Truncator

from orgs.access import Access
from orgs.actions.notices import notify
from orgs.letters import post
from orgs.models import Membership, Organization
from projects.models import Request
from projects.queries.requests import deciders_of


def tell_deciders(request: Request, *, actor: Access) -> None:
    """Something waits for them. Nobody is told what they may not decide."""
    text = f"{actor.identity.label} asks for {request.subject}."
    path = _path(request, actor.org.slug)
    told = deciders_of(request, actor)
    context = {"request": request, "asker": actor.identity.label, "organization": actor.org.name}
    _tell(told, text, path, "mail/request_made", context)


def tell_asker(request: Request, *, actor: Access) -> None:
    """The answer, to who asked and whom it was asked for."""
    verb = "approved" if request.state == Request.State.APPROVED else "refused"
    text = f"{actor.identity.label} {verb} your request for {request.subject}."
    told = [request.requested_by, *([request.for_member] if request.for_member else [])]
    context = {"request": request, "decider": actor.identity.label, "verb": verb}
    context["organization"] = actor.org.name
    _tell(told, text, _path(request, actor.org.slug), "mail/request_answered", context)


def tell_expired(requests: Iterable[Request], *, organization: UUID) -> None:
    """Nobody answered in time. Who asked may ask anew."""
    slug = Organization.objects.values_list("slug", flat=True).get(pk=organization)
    for request in requests:
        notify(
            organization=organization,
            members=[request.requested_by],
            text=f"Nobody answered your request for {request.subject} in time. Ask again.",
            path=_path(request, slug),
            key=f"request-expired:{request.pk}",
        )


def _tell(
    told: list[Membership], text: str, path: str, template: str, context: dict[str, object]
) -> None:
    if not told:
        return
    notify(organization=told[0].organization_id, members=told, text=text, path=path, mail=False)
    context["link"] = f"{settings.PUBLIC_URL}{path}"
    context["text"] = text
    body, page = (render_to_string(f"{template}.{kind}", context) for kind in ("txt", "html"))
    letters = []
    for member in {one.pk: one for one in told if not one.is_placeholder}.values():
        subject = Truncator(" ".join(text.split())).chars(150)
        letter = EmailMultiAlternatives(subject=subject, body=body, to=[member.email])
        letter.attach_alternative(page, "text/html")
        letters.append(letter)
    post(letters)


def _path(request: Request, slug: str) -> str:
    return reverse("request_view", args=[slug, request.pk])
