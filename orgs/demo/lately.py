"""What Acme's Owner sets up once the year is told, by the real deeds and at the present time.

Rules, a webhook that waits, a support window that is closed again, the key of the workers, and a
checkpoint of the whole log: so that none of their pages is empty.
"""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from audit.actions.checkpoints import checkpoint_create
from audit.ledger import Actor
from orgs.access import Access
from orgs.actions.organizations import target_of
from orgs.actions.rules import rule_add
from orgs.actions.support import support_end, support_open
from orgs.actions.webhooks import webhook_create, webhook_pause
from orgs.actions.worker_keys import worker_key_create
from orgs.demo.neighbours import SUPERADMIN
from orgs.demo.story import ACME
from orgs.models import Organization, Webhook
from orgs.tenancy import bind_member

RULES = (
    ("between 2 and 3 Owners", True),
    ("nobody outside acme.example is Admin", True),
    ("every Projects Admin ends within 90 days", False),
)
SIEM = "https://siem.acme.example/bailiwick"


def set_up() -> None:
    """Where Acme and Alice are. Called once the demo is written."""
    alice = User.objects.filter(email=f"alice.marlow@{ACME.domain}").first()
    if alice is None:
        return
    with transaction.atomic():
        actor = bind_member(ACME.slug, alice.pk, identity=Actor("person", alice.pk, alice.name))
        if actor is not None:
            _set_up(actor)


def _set_up(actor: Access) -> None:
    organization = actor.org.id
    for text, blocks in RULES:
        rule_add(organization=organization, text=text, blocks=blocks, known=True, actor=actor)
    form = Webhook.Format.values[0]
    said = {"name": "Security monitoring", "url": SIEM, "areas": ["member"], "format": form}
    webhook, _ = webhook_create(said=said, whole_log=False, actor=actor)
    webhook_pause(webhook=webhook, actor=actor)
    reason = "The import of the roster stops at line 40"
    emails = [SUPERADMIN[1]]
    for window in support_open(
        emails=emails, hours=2, may_change=False, reason=reason, actor=actor
    ):
        support_end(window=window, reason="Found: a date was written twice", actor=actor)
    worker_key_create(actor=actor)
    target = target_of(Organization.objects.get(pk=organization))
    checkpoint_create(organization=organization, target=target, actor=actor.identity)
