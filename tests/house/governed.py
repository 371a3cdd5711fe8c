"""How an organization is run, one of everything: webhooks, support, claims, rules, keys of workers.

`doors.py` takes single rows from here, `furniture.py` all of them together, and `populate_rule` many.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from audit import ledger
from audit.events import Event
from audit.ledger import Target
from audit.models import SavedFilter
from config.roles import Preset, Role
from orgs.models import (
    Membership,
    Organization,
    OrganizationDomain,
    OwnerClaim,
    Quota,
    Rule,
    RuleException,
    RuleViolation,
    SupportCase,
    SupportNote,
    SupportWindow,
    Webhook,
    WebhookAttempt,
    WorkerKey,
)
from orgs.tenancy import bound
from tests.factories import TEST, Cast, make_member, make_person

# Nobody in the tests' organizations breaks it, whoever is given what.
RULE = "between 0 and 90000 Owners"


@dataclass(frozen=True, kw_only=True)
class Governed:
    """The rows that doors lead to; `gone` is somebody who has left, whom only the log still knows."""

    webhook: Webhook
    window: SupportWindow
    case: SupportCase
    claim: OwnerClaim
    domain: OrganizationDomain
    rule: Rule
    exception: RuleException
    worker_key: WorkerKey
    kept: SavedFilter
    gone: uuid.UUID


def govern(organization: Organization, holder: Membership, *, prefix: str = "") -> Governed:
    """One of everything; the prefix is before every name."""
    window = some_window(organization, holder, f"{prefix}Noa Levi")
    with bound(organization.id):
        rule = make_rule(organization, RULE)
        made = Governed(
            webhook=make_webhook(organization, holder, f"{prefix}Collector"),
            window=window,
            case=make_case(organization, holder, f"{prefix}Nothing works"),
            claim=make_claim(organization, holder, prefix=prefix),
            domain=make_domain(organization, holder),
            rule=rule,
            exception=make_exception(organization, rule, holder, reason=f"{prefix}Until June"),
            worker_key=make_worker_key(organization),
            kept=make_filter(organization, holder, f"{prefix}Denied last week", shared=True),
            gone=make_gone(organization, f"{prefix}Ines Duarte"),
        )
        RuleViolation.objects.create(organization=organization, rule=rule, membership=holder)
        WebhookAttempt.objects.create(
            organization=organization,
            webhook=made.webhook,
            milliseconds=9,
            last=1,
            status=503,
            error="It answered 503.",
            answer=f"{prefix}busy",
        )
        SupportNote.objects.create(
            organization=organization,
            case=made.case,
            written_by=holder,
            written_by_name=holder.name,
            text=f"{prefix}It does now",
        )
        Quota.objects.create(organization=organization, kind="projects", most=90_000)
        note(organization)
    return made


def note(organization: Any) -> None:
    """The entry that the database asks for with a change behind the back of every deed."""
    ledger.record(
        Event.OWNERSHIP_ACCEPTED,
        organization=getattr(organization, "pk", organization),
        actor=TEST,
        target=Target("member", None, ""),
    )


# --- Single rows; each runs bound -----------------------------------------------------------------


def make_webhook(organization: Organization, by: Membership | None, name: str) -> Webhook:
    # It asks for nothing that the tests write, and nobody delivers to it.
    return Webhook.objects.create(
        organization=organization,
        name=name,
        url="https://collector.example/log",
        state=Webhook.State.PAUSED,
        areas=["invoice"],
        ciphertext=b"-",
        position=0,
        created_by=by,
    )


def some_window(organization: Organization, by: Membership, name: str = "") -> SupportWindow:
    """A superadmin let in for four hours; runs unbound."""
    person = make_person(name, is_staff=True)
    now = timezone.now()
    inside = make_member(
        organization,
        Role.VIEWER,
        person,
        origin="support",
        joined_at=now,
        expires_at=now + timedelta(hours=4),
    )
    with bound(organization.id):
        window = SupportWindow.objects.create(
            organization=organization,
            membership=inside,
            name=person.name,
            email=person.email,
            reason="Case 12",
            opened_by=by,
            opened_by_name=by.name,
            opened_at=now,
            until=now + timedelta(hours=4),
            actor=inside.pk,
        )
        note(organization)
    return window


def make_case(
    organization: Organization, by: Membership, subject: str, number: int = 1
) -> SupportCase:
    return SupportCase.objects.create(
        organization=organization,
        number=number,
        subject=subject,
        text="Since this morning",
        opened_by=by,
        opened_by_name=by.name,
    )


def make_claim(
    organization: Organization, by: Membership, *, prefix: str = "", **fields: Any
) -> OwnerClaim:
    return OwnerClaim.objects.create(
        organization=organization,
        method=OwnerClaim.Method.ADMINS,
        claimant=by,
        claimant_name=by.name,
        reason=f"{prefix}Nobody answers",
        **fields,
    )


def make_domain(
    organization: Organization, by: Membership | None, domain: str = ""
) -> OrganizationDomain:
    return OrganizationDomain.objects.create(
        organization=organization,
        domain=domain or f"{uuid.uuid4().hex}.example",
        added_by=by,
        added_by_name=by.name if by else "",
    )


def make_rule(organization: Organization, text: str, **fields: Any) -> Rule:
    return Rule.objects.create(organization=organization, text=text, **fields)


def make_exception(
    organization: Organization, rule: Rule, membership: Membership, reason: str = "For a while"
) -> RuleException:
    return RuleException.objects.create(
        organization=organization,
        rule=rule,
        membership=membership,
        reason=reason,
        until=timezone.now() + timedelta(days=30),
    )


def make_worker_key(organization: Organization, **fields: Any) -> WorkerKey:
    text = uuid.uuid4().hex
    return WorkerKey.objects.create(
        organization=organization,
        public=f"ssh-ed25519 {text}",
        fingerprint=f"SHA256:{text}",
        ciphertext=b"-",
        **fields,
    )


def make_filter(
    organization: Organization, by: Membership, name: str, *, shared: bool
) -> SavedFilter:
    return SavedFilter.objects.create(
        organization_id=organization.pk,
        membership_id=by.pk,
        name=name,
        query={"outcome": "denied"},
        shared=shared,
    )


def make_gone(organization: Organization, name: str) -> uuid.UUID:
    """The id under which the log knows somebody who was removed."""
    gone = uuid.uuid4()
    ledger.record(
        Event.MEMBER_REMOVED,
        organization=organization.pk,
        actor=TEST,
        target=Target("member", gone, name),
        changes={"role": ("Member", None)},
    )
    return gone


# --- Many rows ------------------------------------------------------------------------------------


def populate_rule(cast: Cast, members: list[Membership], rows: int) -> dict[str, Any]:
    """Grow Acme to this many of each, each row about somebody else; ids of what has most. Runs bound."""
    acme = cast.acme
    missing = lambda model: range(model.objects.in_org(acme).count(), rows)  # noqa: E731
    by = lambda number: members[number % len(members)]  # noqa: E731
    for number in missing(Webhook):
        make_webhook(acme, by(number), f"Collector {number:03}")
    for number in missing(SupportCase):
        make_case(acme, by(number), f"Case {number:03}", number + 1)
    for number in missing(OrganizationDomain):
        make_domain(acme, by(number), f"number-{number:03}.example")
    for number in missing(Rule):
        make_rule(
            acme,
            f"between 0 and {90_000 + number} Owners",
            pack=Preset.S1 if number % 2 else "",
            created_by=by(number),
        )
    for number in missing(OwnerClaim):
        state = OwnerClaim.State.ASKED if number < 1 else OwnerClaim.State.CANCELED
        make_claim(acme, by(number), state=state, second=by(number + 1))
    for number in missing(SupportWindow):
        _past_window(cast, by(number), number)
    webhook = Webhook.objects.in_org(acme).order_by("name")[0]
    case = SupportCase.objects.in_org(acme).order_by("number")[0]
    rule = Rule.objects.in_org(acme).order_by("pk")[0]
    for number in missing(WebhookAttempt):
        WebhookAttempt.objects.create(
            organization=acme, webhook=webhook, milliseconds=9, last=number, status=503
        )
    for number in missing(SupportNote):
        SupportNote.objects.create(
            organization=acme,
            case=case,
            written_by=by(number),
            written_by_name="Somebody",
            text="Still",
        )
    for number in missing(RuleException):
        make_exception(acme, rule, by(number))
        RuleViolation.objects.create(organization=acme, rule=rule, membership=by(number))
    for number in range(SavedFilter.objects.filter(organization_id=acme.pk).count(), rows):
        make_filter(acme, by(number), f"Filter {number:03}", shared=True)
    keys = WorkerKey.objects.in_org(acme)
    for _ in range(keys.count(), rows - 1):
        then = timezone.now()
        keys.filter(pk=make_worker_key(acme, replaced_at=then, retired_at=None).pk).update(
            retired_at=then, ciphertext=b""
        )
    current = keys.filter(replaced_at=None).first() or make_worker_key(acme)
    gone = [make_gone(acme, f"Somebody {number:03}") for number in range(rows)]
    return {
        "webhook": webhook.pk,
        "case": case.pk,
        "domain": OrganizationDomain.objects.in_org(acme)[0].pk,
        "rule": rule.pk,
        "exception": RuleException.objects.in_org(acme)[0].pk,
        "owner": OwnerClaim.objects.in_org(acme).filter(state="asked")[0].pk,
        "support": SupportWindow.objects.in_org(acme)[0].pk,
        "filter": SavedFilter.objects.filter(organization_id=acme.pk)[0].pk,
        "worker": current.pk,
        "gone": gone[0],
        "preset": Preset.S1.value,
    }


def _past_window(cast: Cast, by: Membership, number: int) -> None:
    began = timezone.now() - timedelta(days=number + 2)
    SupportWindow.objects.create(
        organization=cast.acme,
        name=f"Support {number:03}",
        email=f"support-{number:03}@example.com",
        reason="Because",
        opened_by=by,
        opened_by_name=by.name,
        opened_at=began,
        until=began + timedelta(hours=4),
        closed_at=began + timedelta(hours=1),
        closed_by=by,
        closed_by_name=by.name,
        actor=uuid.uuid4(),
    )
