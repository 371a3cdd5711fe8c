"""Inviting, and what became of it. HTTP only: get, ask, act, show.

What whoever was invited sees is at the end; its routes are in organizations.py.
"""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import trigger_client_event

from audit.events import Event
from config.gate import gate, reason_code
from config.keyset import capped_count, page_links
from config.requests import Request, asks_part
from config.roles import Permission, Role
from orgs import letters
from orgs.access import Access
from orgs.actions import answers, invitation_batches
from orgs.actions import invitations as actions
from orgs.actions.invitation_batches import Verdict
from orgs.ceiling import may_grant
from orgs.forms.invitations import LONGEST_SEARCH, STATES, InvitationChangeForm, InviteForm
from orgs.models import Invitation, Membership
from orgs.queries import invitations as queries
from orgs.queries.roles import RoleChoice, role_choices
from orgs.seats import Seats, seat_price, seats
from orgs.team import team_facts, team_tabs
from orgs.tenancy import OrgRequest, identity_of
from orgs.views.dialog import posted

EXPIRES_SOON = datetime.timedelta(days=2)


@gate(Permission.MEMBERS_INVITE)
def invitation_list(request: OrgRequest, slug: str) -> HttpResponse:
    org, asked = request.org.id, request.GET.get("state", "")
    state = asked if asked in STATES else STATES[0]
    search = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST_SEARCH]
    cursor = request.GET.get("page")
    page = queries.invitation_list(org=org, state=state, search=search, cursor=cursor)
    whole = state == STATES[0] and not search and not cursor
    context = {
        "state": state,
        "states": [(name, Invitation.State(name).label) for name in STATES],
        "q": search,
        "rows": _rows(request.access, page.rows),
        **page_links(request, page),
        "total": capped_count(queries.invitations_in(org, state, search)),
        "closed": queries.recently_closed(org=org) if whole else None,
        **_head(request.access, seats(request.org)),
        "is_part": asks_part(request),
    }
    return render(request, _part("orgs/invitations.html", "list", request), context)


@gate(Permission.MEMBERS_INVITE, records=Event.INVITATION_SENT)
def invitation_create(request: OrgRequest, slug: str) -> HttpResponse:
    """Three steps, one address: the form, a dry run with a verdict per line, the deed."""
    placeholder, step = _placeholder(request), request.POST.get("step", "check")
    if request.method != "POST" or step == "edit":
        start = {"people": placeholder.email, "role": placeholder.role} if placeholder else {}
        typed = {key: request.POST[key] for key in InviteForm.base_fields if key in request.POST}
        form = InviteForm(initial=start | typed, access=request.access)
        return _invite_form(request, form, placeholder)
    form = InviteForm(request.POST, request.FILES, access=request.access, placeholder=placeholder)
    if not form.is_valid():
        return _invite_form(request, form, placeholder)
    if step == "apply":
        verdicts = invitation_batches.invitation_create_many(lines=form.lines, actor=request.access)
        return _sent(request, verdicts)
    verdicts = invitation_batches.invitation_check(lines=form.lines, actor=request.access)
    return _checked(request, form, verdicts)


@gate(Permission.MEMBERS_INVITE, records=Event.INVITATION_CHANGED)
def invitation_change(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    invitation = _invitation(request, pk)
    initial = {"role": invitation.role, "days": max(1, actions.days_left(invitation))}
    form = InvitationChangeForm(posted(request), initial=initial, access=request.access)
    if form.is_valid():
        try:
            actions.invitation_change(
                invitation=invitation, **form.cleaned_data, actor=request.access
            )
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return _done(request, f"The invitation of {invitation.email} is changed")
    context = {
        "form": form,
        "invitation": invitation,
        "choices": _choices(request.access),
    }
    code = reason_code(form) if form.is_bound else ""
    return _dialog(request, "orgs/invitation_change.html", context, code=code)


@gate(Permission.MEMBERS_INVITE, records=Event.INVITATION_RESENT)
def invitation_resend(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    invitation = _invitation(request, pk)
    if request.method == "POST":
        try:
            renewed, token = actions.invitation_resend(invitation=invitation, actor=request.access)
        except ValidationError as refusal:
            return _confirm(request, "orgs/invitation_resend.html", invitation, refusal)
        line = invitation_batches.Line(number=1, shown=renewed.email)
        verdict = Verdict(
            line=line, code="new", sentence="Sent again", invitation=renewed, token=token
        )
        return _sent(request, [verdict])
    return _confirm(request, "orgs/invitation_resend.html", invitation)


@gate(Permission.MEMBERS_INVITE, records=Event.INVITATION_REVOKED)
def invitation_revoke(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    invitation = _invitation(request, pk)
    if request.method == "POST":
        try:
            actions.invitation_revoke(invitation=invitation, actor=request.access)
        except ValidationError as refusal:
            return _confirm(request, "orgs/invitation_revoke.html", invitation, refusal)
        return _done(request, f"The invitation of {invitation.email} is revoked")
    return _confirm(request, "orgs/invitation_revoke.html", invitation)


def _invitation(request: OrgRequest, pk: UUID) -> Invitation:
    return get_object_or_404(Invitation.objects.in_org(request.org.id), pk=pk)


def _placeholder(request: OrgRequest) -> Membership | None:
    """The entry of the member list that `?membership=` names, for its person to take over."""
    asked = request.GET.get("membership")
    if not asked:
        return None
    try:
        pk = UUID(asked)
    except ValueError:
        raise Http404 from None
    entries = Membership.objects.in_org(request.org.id).filter(person__isnull=True)
    return get_object_or_404(entries, pk=pk)


def _invite_form(
    request: OrgRequest, form: InviteForm, placeholder: Membership | None
) -> HttpResponse:
    context = {
        "form": form,
        "placeholder": placeholder,
        "choices": _choices(request.access),
        "seats": seats(request.org),
        "price": seat_price(request.access),
    }
    code = reason_code(form) if form.is_bound else ""
    return _dialog(request, "orgs/invitation_create.html", context, code=code)


def _choices(access: Access) -> list[RoleChoice]:
    every = role_choices(access, Role.MEMBER, policies=access.policies)
    return [choice for choice in every if choice.may]


def _rows(access: Access, found: list[Invitation]) -> list[tuple[Invitation, bool, bool]]:
    """Each with: may this person change it, does it expire soon."""
    soon = timezone.now() + EXPIRES_SOON
    return [(each, may_grant(access, Role(each.role)), each.expires_at < soon) for each in found]


def _head(access: Access, taken: Seats) -> dict[str, Any]:
    """The team's cards, with the seats as they are without overdue invitations, and its tabs."""
    org = replace(access.org, seats_used=taken.used)
    first, *rest = team_facts(replace(access, organization=org))
    held = f"{taken.words} held, {taken.invited:,} by invitations"
    return {
        "facts": [replace(first, note=held), *rest],
        "tabs": team_tabs(access, current="invitation_list", pending=taken.invited),
    }


def _checked(request: OrgRequest, form: InviteForm, verdicts: list[Verdict]) -> HttpResponse:
    taken = seats(request.org)
    good = [verdict for verdict in verdicts if verdict.ok]
    asks = [verdict.line.ask for verdict in good if verdict.line.ask]
    far = [ask for ask in asks if ask.role in actions.NEEDS_REASON]
    context = {
        "typed": form.cleaned_data,
        "verdicts": verdicts,
        "good": len(good),
        "seats": taken,
        "price": seat_price(request.access),
        "after": taken.used + len(good),
        "far_reaching": far,
        "reach": [role for role in Role if role in {ask.role for ask in far}],
    }
    return _dialog(request, "orgs/invitation_check.html", context)


def _sent(request: OrgRequest, verdicts: list[Verdict]) -> HttpResponse:
    """The result of each line. Links are shown here, once: only their hashes are kept."""
    results = [(verdict, _link(request, verdict)) for verdict in verdicts]
    sent = [
        letters.invitation_letter(verdict.invitation, link=link, actor=request.access)
        for verdict, link in results
        if verdict.invitation
    ]
    letters.post(sent)
    context = {"results": results, "good": len(sent)}
    code = "" if sent else verdicts[0].code
    response = _dialog(request, "orgs/invitation_sent.html", context, code=code)
    return trigger_client_event(response, "invitationsChanged")


def _link(request: OrgRequest, verdict: Verdict) -> str:
    if not verdict.token:
        return ""
    return request.build_absolute_uri(reverse("invitation_view", args=[verdict.token]))


def _confirm(
    request: OrgRequest,
    template: str,
    invitation: Invitation,
    refusal: ValidationError | None = None,
) -> HttpResponse:
    context = {"invitation": invitation, "refusal": refusal and refusal.messages[0]}
    return _dialog(request, template, context, code=(refusal and refusal.code) or "")


def _dialog(
    request: OrgRequest, template: str, context: dict[str, Any], *, code: str = ""
) -> HttpResponse:
    """A page that is a dialog where there is htmx; a code makes it the answer to a refusal."""
    status = 422 if code else 200
    response = render(request, _part(template, "dialog", request), context, status=status)
    if code:
        response.reason_code = code  # type: ignore[attr-defined]
    return response


def _done(request: OrgRequest, sentence: str) -> HttpResponse:
    if not request.htmx:
        messages.success(request, sentence)
        return redirect("invitation_list", request.org.slug)
    response = HttpResponse(status=204)
    trigger_client_event(response, "closeDialog")
    trigger_client_event(response, "invitationsChanged")
    return trigger_client_event(response, "toast", {"text": sentence, "kind": "ok"})


def _part(template: str, partial: str, request: OrgRequest) -> str:
    """htmx gets the part, but for a step back in the history it wants the whole page."""
    return f"{template}#{partial}" if asks_part(request) else template


def answer_page(
    request: Request,
    token: str,
    *,
    event: Event | None = None,
    refusal: ValidationError | None = None,
) -> HttpResponse:
    """What a link stands for, to whoever holds it; after a refusal, with why."""
    glimpse = queries.invitation_peek(token)
    if glimpse is None:
        return render(request, "orgs/invitation.html", status=404)
    if event is not None and refusal is not None:
        answers.record_refused_answer(
            event, glimpse, code=refusal.code or "", identity=identity_of(request)
        )
    known = request.user.is_authenticated
    context = {
        "invitation": glimpse,
        "token": token,
        "why_closed": answers.CLOSED.get(glimpse.state),
        "mine": known and glimpse.is_for(request.user),  # type: ignore[arg-type]
        "refusal": refusal.messages[0] if refusal else "",
        "here": reverse("invitation_view", args=[token]),
    }
    status = 410 if not glimpse.is_open else 422 if refusal else 200
    return render(request, "orgs/invitation.html", context, status=status)
