"""The page of rules and its deeds. HTTP only: get, ask, act, show.

What a rule that is broken answers, wherever that happens, is orgs/rules/answer.py.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from audit.events import Event
from config.gate import gate
from config.roles import Permission, Preset
from orgs.actions import rule_exceptions as exceptions
from orgs.actions import rules as actions
from orgs.forms.rules import ExceptionForm, RuleChangeForm, RuleForm
from orgs.models import Membership, Rule, RuleException
from orgs.queries.rules import (
    Outlook,
    pack_cards,
    pack_sentences,
    rule_outlook,
    rule_standings,
)
from orgs.rules.language import EXAMPLES, parse
from orgs.tenancy import OrgRequest
from orgs.views.dialog import done, posted, refuse, show

_SETTINGS = Permission.ORG_MANAGE_SETTINGS


@gate(_SETTINGS)
@require_safe
def rule_list(request: OrgRequest, slug: str) -> HttpResponse:
    return _page(request, RuleForm(initial={"text": str(request.GET.get("text", ""))[:600]}))


@gate(_SETTINGS)
@require_safe
def rule_check(request: OrgRequest, slug: str) -> HttpResponse:
    """Who would break it, were it in force; nothing is added."""
    form = RuleForm(request.GET)
    if request.htmx and not str(request.GET.get("text", "")).strip():
        return HttpResponse()
    outlook = _outlook(request, form) if form.is_valid() else None
    said: dict[str, Any] = {"checked": form.is_valid(), "outlook": outlook}
    if request.htmx:
        return render(request, "orgs/rules.html#outlook", said | {"form": form})
    return _page(request, form, **said)


@gate(_SETTINGS, records=Event.RULE_ADDED)
def rule_add(request: OrgRequest, slug: str) -> HttpResponse:
    if request.method != "POST":
        return redirect("rule_list", slug)
    form = RuleForm(request.POST)
    if form.is_valid():
        said = form.cleaned_data
        try:
            actions.rule_add(
                organization=request.org.id,
                text=said["text"],
                blocks=not said["warns"],
                known=said["known"],
                actor=request.access,
            )
        except ValidationError as error:
            form.add_error("text", error)
        else:
            return _list(request, "The rule holds from now on")
    context: dict[str, Any] = {}
    if form.has_error("text", "violated"):
        context = {"checked": True, "outlook": _outlook(request, form)}
    return _page(request, form, status=422, **context)


@gate(_SETTINGS, records=Event.RULE_CHANGED)
@require_POST
def rule_change(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    rule, form = _rule(request, pk), RuleChangeForm(request.POST)
    form.is_valid()
    try:
        actions.rule_change(rule=rule, actor=request.access, **form.cleaned_data)
    except ValidationError as error:
        return _page(request, RuleForm(), status=422, refused=error.messages[0], about=rule)
    state = "on" if form.cleaned_data["active"] else "off"
    return _list(request, f"The rule is {state}")


@gate(_SETTINGS, records=Event.RULE_REMOVED)
def rule_remove(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    rule = _rule(request, pk)
    if request.method == "POST":
        actions.rule_remove(rule=rule, actor=request.access)
        return _list(request, "The rule is removed")
    return show(request, "orgs/rule_remove.html", None, {"rule": rule})


@gate(_SETTINGS, records=Event.RULE_EXCEPTION_GIVEN)
def rule_exception_give(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    rule = _rule(request, pk)
    form = ExceptionForm(posted(request), initial={"member": request.GET.get("member")})
    of_number = parse(rule.text).is_of_a_number
    member = None if of_number else _whom(request, form)
    if form.is_valid() and (member or of_number):
        said = form.cleaned_data
        try:
            exceptions.rule_exception_give(
                rule=rule,
                membership=member,
                reason=said["reason"],
                until=said["until"],
                actor=request.access,
            )
        except ValidationError as error:
            refuse(form, error)
        else:
            return _list(request, f"{member.name if member else 'The number'} is let off")
    context = {"rule": rule, "member": member, "of_number": of_number}
    return show(request, "orgs/rule_exception_give.html", form, context)


@gate(_SETTINGS, records=Event.RULE_EXCEPTION_ENDED)
@require_POST
def rule_exception_end(request: OrgRequest, slug: str, pk: UUID) -> HttpResponse:
    exception = get_object_or_404(RuleException.objects.in_org(request.org.id), pk=pk)
    exceptions.rule_exception_end(exception=exception, actor=request.access.identity)
    return _list(request, "The exception is over")


@gate(_SETTINGS, records=Event.PACK_ADDED)
def pack_add(request: OrgRequest, slug: str, preset: str) -> HttpResponse:
    """A GET shows what it would add and who breaks that now."""
    chosen, refused = _preset(preset), ""
    if request.method == "POST":
        known = request.POST.get("known") == "1"
        try:
            number = actions.pack_add(
                organization=request.org.id, preset=chosen, known=known, actor=request.access
            )
        except ValidationError as error:
            refused, code = error.messages[0], error.code
        else:
            return _list(request, f"{number} rules hold from now on")
    there = Rule.objects.in_org(request.org.id).values_list("text", flat=True)
    sentences = pack_sentences(chosen, but=set(there))
    outlooks = rule_outlook(request.org.id, sentences)
    context = {
        "preset": chosen,
        "sentences": sentences,
        "outlooks": outlooks,
        "refused": refused,
        "stops": any(not one.sentence.is_of_a_number for one in outlooks),
    }
    name = "orgs/rule_pack.html#dialog" if request.htmx else "orgs/rule_pack.html"
    response = render(request, name, context, status=422 if refused else 200)
    if refused:
        response.reason_code = code  # type: ignore[attr-defined]
    return response


@gate(_SETTINGS, records=Event.PACK_REMOVED)
@require_POST
def pack_remove(request: OrgRequest, slug: str, preset: str) -> HttpResponse:
    try:
        actions.pack_remove(
            organization=request.org.id, preset=_preset(preset), actor=request.access
        )
    except ValidationError as error:
        return _page(request, RuleForm(), status=422, refused=error.messages[0])
    return _list(request, "The rules of the pack are removed")


def _list(request: OrgRequest, text: str) -> HttpResponse:
    """The list as it is now beside a toast, or a redirect to it."""
    if not request.htmx:
        return done(request, text, to=_url(request))
    shown = {"out_of_band": True, "form": RuleForm(), "examples": EXAMPLES}
    context = _standings(request) | shown
    response = render(request, "orgs/rules.html#changed", context)
    trigger_client_event(response, "closeDialog", {})
    return trigger_client_event(response, "toast", {"text": text, "kind": "ok"})


def _page(request: OrgRequest, form: RuleForm, *, status: int = 200, **more: Any) -> HttpResponse:
    context = _standings(request) | {"form": form, "examples": EXAMPLES}
    context["full"] = not request.htmx
    name = "orgs/rules.html#changed" if request.htmx else "orgs/rules.html"
    response = render(request, name, context | more, status=status)
    if status != 200:
        codes = [one.code for errors in form.errors.as_data().values() for one in errors]
        response.reason_code = next(filter(None, codes), "refused")  # type: ignore[attr-defined]
    return response


def _standings(request: OrgRequest) -> dict[str, Any]:
    standings = rule_standings(request.org.id)
    return {
        "own": [one for one in standings if not one.rule.pack],
        "packs": pack_cards(standings),
        "broken": sum(one.rule.active and not one.holds for one in standings),
        "number": len(standings),
    }


def _outlook(request: OrgRequest, form: RuleForm) -> Outlook | None:
    found = rule_outlook(request.org.id, [form.sentence])
    return found[0] if found else None


def _whom(request: OrgRequest, form: ExceptionForm) -> Membership | None:
    """The member that was named; 404 for somebody else's and for none."""
    said = form["member"].value() if form.is_bound else form.initial["member"]
    try:
        pk = UUID(str(said))
    except ValueError:
        raise Http404 from None
    return get_object_or_404(Membership.objects.in_org(request.org.id), pk=pk)


def _rule(request: OrgRequest, pk: UUID) -> Rule:
    return get_object_or_404(Rule.objects.in_org(request.org.id), pk=pk)


def _preset(value: str) -> Preset:
    if value not in set(Preset):
        raise Http404
    return Preset(value)


def _url(request: OrgRequest) -> str:
    return reverse("rule_list", args=[request.org.slug])
