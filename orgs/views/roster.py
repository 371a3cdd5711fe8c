"""Import and export of a roster. HTTP only: get, ask, act, show.

An import goes through steps on one address: choose a file, choose the organization in it where
there are several, look at the plan, apply it.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render

from audit.events import Event
from config.gate import gate
from config.roles import Permission
from orgs.actions import roster as actions
from orgs.forms.roster import LARGEST_PACKED, Done, RosterForm, SentForm, Upload
from orgs.queries.roster import roster_visible
from orgs.queries.roster_page import entry_count, file_choices, plan_blocks, plan_sums
from orgs.roster.document import Document, OrgFile, Problem
from orgs.roster.peribolos import read, write
from orgs.roster.plan import Kind, Plan
from orgs.tenancy import OrgRequest

PAGE = "orgs/roster_import.html"
MOST_PROBLEMS = 200
MOST_ENTRIES = 20_000
TOO_LARGE = (
    "This file is too large to import here. Use the command line: "
    "manage.py import_roster FILE --org KEY"
)
PARTIAL_EXPORT = (
    "# Groups that are secret to whoever exported this are left out: importing it removes them.\n"
)


@gate(Permission.MEMBERS_CHANGE_ROLE, records=Event.ROSTER_IMPORTED)
def roster_import(request: OrgRequest, slug: str) -> HttpResponse:
    if request.method != "POST":
        done = Done.unpack(request.GET.get("done", ""), request.org.id)
        return _show_done(request, done) if done else _show_form(request, RosterForm())
    if "roster" not in request.POST:
        form = RosterForm(request.POST, request.FILES)
        return _plan(request, form.upload()) if form.is_valid() else _show_form(request, form)
    sent = SentForm(request.POST, org=request.org.id)
    if not sent.is_valid():
        stale = " ".join(map(str, sent.errors.get("roster", ["Choose the file again."])))
        return _show_form(request, RosterForm(), stale=stale)
    if sent.applies:
        return _apply(request, sent.upload(), confirm=sent.cleaned_data["confirm"])
    return _plan(request, sent.upload())


@gate(Permission.MEMBERS_VIEW, records=Event.ROSTER_EXPORTED)
def roster_export(request: OrgRequest, slug: str) -> HttpResponse:
    text = write(roster_visible(request.access))
    if not request.access.can(Permission.GROUPS_MANAGE_MEMBERS):
        text = PARTIAL_EXPORT + text
    actions.roster_record_export(
        organization=request.org.id, name=request.org.name, actor=request.access.identity
    )
    headers = {"Content-Disposition": f'attachment; filename="{request.org.slug}-roster.yaml"'}
    return HttpResponse(text, content_type="application/yaml; charset=utf-8", headers=headers)


def _plan(request: OrgRequest, upload: Upload) -> HttpResponse:
    """Read, and show what would happen; with several organizations in the file ask which."""
    if len(upload.pack(request.org.id)) > LARGEST_PACKED:
        return _show_form(request, RosterForm(), stale=TOO_LARGE)
    document = read(upload.content, name=upload.name, key=request.org.slug)
    org_file = _chosen(document, upload)
    if entry_count(document) > MOST_ENTRIES:
        return _show_form(request, RosterForm(), stale=TOO_LARGE)
    if org_file is None and document.orgs and not _errors(document.problems_of("")):
        return _show_choice(request, upload, document)
    problems = document.problems_of(org_file.key) if org_file else document.problems
    if org_file is None or _errors(problems):
        return _show_plan(request, upload, None, problems)
    upload = replace(upload, key=org_file.key)
    plan = _plan_of(request, upload, org_file)
    return _show_plan(request, upload, plan, problems)


def _apply(request: OrgRequest, upload: Upload, *, confirm: str) -> HttpResponse:
    document = read(upload.content, name=upload.name, key=request.org.slug)
    org_file = _chosen(document, upload)
    if org_file is None or _errors(problems := document.problems_of(org_file.key)):
        return _plan(request, upload)
    plan = _plan_of(request, upload, org_file)
    if _removes(plan) and " ".join(confirm.split()) != " ".join(request.org.name.split()):
        return _show_plan(request, upload, plan, problems, confirm_refused=True)
    started = time.monotonic()
    try:
        plan = actions.roster_import(
            org_file=org_file,
            organization=request.org.id,
            file=upload.name,
            actor=request.access,
            allow_removals=upload.allow_removals,
            shown=upload.shown,
        )
    except ValidationError as error:
        new = error.plan if isinstance(error, actions.PlanRefusedError) else plan
        return _show_plan(request, upload, new, problems, refusal=error)
    done = Done(
        file=upload.name,
        sentence=actions.counts_in_words(plan),
        changes=len(plan.changes),
        seconds=time.monotonic() - started,
    )
    return redirect(f"{request.path}?{urlencode({'done': done.pack(request.org.id)})}")


def _chosen(document: Document, upload: Upload) -> OrgFile | None:
    """The organization that was chosen, or the only one of the file."""
    if upload.key:
        return document.org(upload.key)
    return document.orgs[0] if len(document.orgs) == 1 else None


def _plan_of(request: OrgRequest, upload: Upload, org_file: OrgFile) -> Plan:
    return actions.roster_plan(
        org_file=org_file,
        organization=request.org.id,
        file=upload.name,
        allow_removals=upload.allow_removals,
    )


def _errors(problems: tuple[Problem, ...]) -> list[Problem]:
    return [problem for problem in problems if problem.level == "error"]


def _removes(plan: Plan) -> int:
    return plan.counts[Kind.PERSON_REMOVE] + plan.counts[Kind.GROUP_REMOVE]


def _show_form(request: OrgRequest, form: RosterForm, *, stale: str = "") -> HttpResponse:
    refused = form.is_bound or bool(stale)
    context = {"step": "file", "form": form, "stale": stale}
    response = render(request, PAGE, context, status=422 if refused else 200)
    response.reason_code = "stale" if stale else "invalid"  # type: ignore[attr-defined]
    return response


def _show_choice(request: OrgRequest, upload: Upload, document: Document) -> HttpResponse:
    context = {
        "step": "choice",
        "upload": upload,
        "packed": upload.pack(request.org.id),
        "choices": file_choices(document, slug=request.org.slug),
    }
    return render(request, PAGE, context)


def _show_plan(
    request: OrgRequest,
    upload: Upload,
    plan: Plan | None,
    problems: tuple[Problem, ...],
    *,
    refusal: ValidationError | None = None,
    confirm_refused: bool = False,
) -> HttpResponse:
    """The plan with everything that speaks against it; without a plan only the latter."""
    problems = (*problems, *(plan.problems if plan else ()))
    errors = _errors(problems)
    warnings = [problem for problem in problems if problem.level == "warning"]
    context: dict[str, Any] = {
        "step": "plan",
        "upload": upload,
        "refusal": refusal,
        "confirm_refused": confirm_refused,
        "errors": errors[:MOST_PROBLEMS],
        "more_errors": len(errors[MOST_PROBLEMS:]),
        "warnings": warnings[:MOST_PROBLEMS],
        "more_warnings": len(warnings[MOST_PROBLEMS:]),
    }
    if plan is not None:
        context |= _plan_context(request, upload, plan, errors)
    code = (refusal.code if refusal else "") or ("confirm" if confirm_refused else "refused")
    conflict = code in ("plan_changed", "changed_meanwhile")
    status = 409 if conflict else 422 if errors or refusal or confirm_refused else 200
    response = render(request, PAGE, context, status=status)
    response.reason_code = code  # type: ignore[attr-defined]
    return response


def _plan_context(
    request: OrgRequest, upload: Upload, plan: Plan, errors: list[Problem]
) -> dict[str, Any]:
    return {
        "plan": plan,
        "changes": len(plan.changes),
        "removes": _removes(plan),
        "other_key": plan.org.lower() != request.org.slug,
        "sums": plan_sums(plan, org=request.org.id),
        "blocks": plan_blocks(plan, org=request.org.id),
        "packed": replace(upload, shown=actions.digest(plan)).pack(request.org.id),
        "only_removals": bool(errors)
        and all(problem.code.startswith("removals.") for problem in errors),
    }


def _show_done(request: OrgRequest, done: Done) -> HttpResponse:
    context = {
        "step": "done",
        "done": done,
        "may_read_log": request.access.can(Permission.AUDIT_VIEW),
    }
    return render(request, PAGE, context)
