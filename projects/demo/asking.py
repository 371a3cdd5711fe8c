"""What each line on requests, tasks, promises and notices does to a book, and the entry it leaves.

Approving does nothing here by itself: what it gave is told by lines of their own.
"""

from __future__ import annotations

import datetime
from functools import partial
from typing import Any

from django.urls import reverse

from audit.events import Event
from audit.ledger import Change
from config.roles import Permission, Role
from orgs.demo.history import target_of as invitation_target
from orgs.models import Membership, Notice
from projects.actions.requests import DAYS_OPEN
from projects.actions.requests import target_of as request_target
from projects.actions.tasks import target_of as task_target
from projects.demo import lines
from projects.demo.book import Book
from projects.demo.telling import tell
from projects.models import HumanTask, InvitationProject, Request

LATELY = datetime.timedelta(hours=24)
"""What is younger has not been read."""


@tell.register(lines.Asked)
def _asked(line: lines.Asked, book: Book) -> None:
    history = book.history
    asker = history.members[line.by]
    request = Request(
        kind=line.kind,
        requested_by=asker,
        permission=line.permission or "",
        role=line.role or "",
        name=line.name,
        description=line.description,
        grants_until=book.until(line.until),
        reason=line.reason,
        created_at=history.now,
        expires_at=history.now + datetime.timedelta(days=DAYS_OPEN),
        **_about(line, asker, book),
        **book.new(),
    )
    book.others.append(request)
    place = request.place or request.workspace or request.group
    changes: dict[str, Change] = {
        "kind": (None, request.get_kind_display()),
        "role": (None, line.role.label if line.role else None),
        "on": (None, place.name if place else None),
    }
    actor, target = history.actor(line.by), request_target(request)
    history.record(Event.REQUEST_MADE, actor, target, changes, reason=line.reason)
    for owner in _owners(book):
        _notice(owner, f"{line.by} asks for {request.subject}.", _page(request, book), book)
    if line.answer:
        answer = partial(_answered, line.answer, request, book)
        history.plan(history.at(line.answer.when), answer)


def _about(line: lines.Asked, asker: Membership, book: Book) -> dict[str, Any]:
    """What the request names, and whom it is for."""
    Kind = Request.Kind  # noqa: N806
    if line.kind == Kind.PROJECT:
        return {"workspace": book.workspace(line.on) if line.on else None}
    if line.kind == Kind.PUBLISH:
        return {"resource": book.resource(line.on)}
    whom = {"for_member": book.history.members[line.to] if line.to else asker}
    if line.kind == Kind.GROUP:
        return whom | {"group": book.history.groups[line.on]}
    if not line.on:
        return whom
    place = book.places[line.on]
    return whom | {place.scope.value: place}


def _answered(answer: lines.Answer, request: Request, book: Book) -> None:
    history = book.history
    actor = history.actor(answer.by)
    state = Request.State.APPROVED if answer.approved else Request.State.REFUSED
    request.state, request.answer = state.value, answer.said
    request.answered_at, request.answered_by_id = history.now, actor.id
    if request.kind == Request.Kind.PROJECT and answer.approved:
        request.project = book.project(request.name)
    changes: dict[str, Change] = {
        "state": (Request.State.PENDING.label, state.label),
        "asked_by": (None, request.requested_by.name),
    }
    event = Event.REQUEST_APPROVED if answer.approved else Event.REQUEST_REFUSED
    history.record(event, actor, request_target(request), changes, reason=answer.said)
    verb = "approved" if answer.approved else "refused"
    text = f"{answer.by} {verb} your request for {request.subject}."
    for told in {one.id: one for one in (request.requested_by, request.for_member) if one}.values():
        _notice(told, text, _page(request, book), book)


@tell.register(lines.Waiting)
def _waiting(line: lines.Waiting, book: Book) -> None:
    history = book.history
    resource, to = book.resource(line.resource), history.members[line.to]
    task = HumanTask(
        project=resource.project,
        resource=resource,
        title=line.title,
        description=line.description,
        assigned_to_id=to.id,
        due_at=book.until(line.due),
        created_at=history.now,
        **book.new(),
    )
    book.others.append(task)
    changes: dict[str, Change] = {"to": (None, to.name), "project": (None, task.project.name)}
    history.record(Event.TASK_CREATED, history.actor(line.by), task_target(task), changes)
    if line.done:
        done = partial(_done, task, line.to, line.outcome, book)
        history.plan(history.at(line.done), done)


def _done(task: HumanTask, name: str, outcome: str, book: Book) -> None:
    actor = book.doer(name, Permission.HUMAN_TASKS_COMPLETE)
    task.state, task.outcome = HumanTask.State.DONE.value, outcome
    task.done_at, task.done_by_id = book.history.now, actor.id
    changes: dict[str, Change] = {"state": ("open", "done"), "outcome": (None, outcome)}
    book.history.record(Event.TASK_COMPLETED, actor, task_target(task), changes)


@tell.register(lines.Promised)
def _promised(line: lines.Promised, book: Book) -> None:
    project = book.project(line.project)
    actor = book.sharer(line.by, line.role, project)
    invitation = book.history.invitations[line.email]
    book.others.append(
        InvitationProject(
            invitation_id=invitation.id,
            project_id=project.id,
            role=line.role.value,
            reason=line.reason,
            promised_by_id=actor.id,
            **book.new(),
        )
    )
    changes: dict[str, Change] = {
        "project": (None, project.name),
        "role": (None, line.role.label),
    }
    target = invitation_target(invitation)
    book.history.record(
        Event.INVITATION_PROJECT_PROMISED, actor, target, changes, reason=line.reason
    )


@tell.register(lines.Told)
def _told(line: lines.Told, book: Book) -> None:
    slug = book.history.organization.slug
    about = [book.places[line.on].id] if line.on else []
    _notice(book.history.members[line.to], line.text, reverse(line.page, args=[slug, *about]), book)


def _owners(book: Book) -> list[Membership]:
    members = book.history.members.values()
    return [member for member in members if member.role == Role.OWNER]


def _notice(to: Membership, text: str, path: str, book: Book) -> None:
    """As a job tells it, so the ledger has nothing to say. Older ones have been read."""
    now = book.history.now
    is_new = book.history.calendar.now - now < LATELY
    book.others.append(
        Notice(
            membership_id=to.id,
            text=text,
            path=path,
            created_at=now,
            read_at=None if is_new else now + datetime.timedelta(hours=2),
            **book.new(),
        )
    )


def _page(request: Request, book: Book) -> str:
    return reverse("request_view", args=[book.history.organization.slug, request.id])
