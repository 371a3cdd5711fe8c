"""Deeds on the secrets of a project. A value goes in, and comes out for what runs there alone.

Nothing here puts a value into the ledger, a log or a refusal; sealing is in `config/vault.py`.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from audit import ledger
from audit.events import Event
from audit.ledger import Change, Target
from config import vault
from config.database import constraint_of
from orgs.access import Access
from projects.models import Project, Secret


@sensitive_variables("value")
@transaction.atomic
def secret_create(*, project: Project, name: str, value: str, actor: Access) -> Secret:
    """Keep a value under a name (S3-036). Raises ValidationError: `name_taken`."""
    secret = Secret(organization_id=project.organization_id, project=project, name=name)
    _put(secret, value, actor)
    try:
        with transaction.atomic():
            secret.save(force_insert=True)
    except IntegrityError as error:
        if constraint_of(error) != "secret_name":
            raise
        message = f"A secret with the name {name} exists here. Change its value instead."
        raise ValidationError({"name": ValidationError(message, code="name_taken")}) from None
    _record(Event.SECRET_CREATED, secret, project, (None, project.name), actor)
    return secret


@sensitive_variables("value")
@transaction.atomic
def secret_change(*, secret: Secret, value: str, actor: Access) -> Secret:
    """Put another value in its place.

    The same value is written like any other: to leave it be would tell whoever tries one that
    they had guessed right.
    """
    secret = _locked(secret)
    _put(secret, value, actor)
    secret.save(update_fields=["ciphertext", "length", "changed_at", "changed_by"])
    project: Project = secret.project
    _record(Event.SECRET_CHANGED, secret, project, (project.name, project.name), actor)
    return secret


@transaction.atomic
def secret_delete(*, secret: Secret, actor: Access) -> None:
    """Forget a value for good."""
    secret = _locked(secret)
    project: Project = secret.project
    Secret.objects.in_org(secret.organization_id).filter(pk=secret.pk).delete()
    _record(Event.SECRET_DELETED, secret, project, (project.name, None), actor)


def secret_open(*, secret: Secret) -> str:
    """The value, for what runs in the project; no page shows it. Who may ask is for the caller.

    Raises `vault.CannotOpenError`.
    """
    return vault.unseal(secret.ciphertext, place=_place(secret))


def _locked(secret: Secret) -> Secret:
    rows = Secret.objects.in_org(secret.organization_id).select_related("project")
    return rows.select_for_update(of=("self",)).get(pk=secret.pk)


@sensitive_variables("value")
def _put(secret: Secret, value: str, actor: Access) -> None:
    secret.ciphertext = vault.seal(value, place=_place(secret))
    secret.length = len(value.encode())
    secret.changed_at = timezone.now()
    secret.changed_by_id = actor.membership_id


def _place(secret: Secret) -> tuple[str, ...]:
    ids = (secret.organization_id, secret.project_id, secret.pk)
    return ("secret", *map(str, ids))


def _record(event: Event, secret: Secret, project: Project, change: Change, actor: Access) -> None:
    ledger.record(
        event,
        organization=secret.organization_id,
        actor=actor.identity,
        target=Target("secret", secret.pk, secret.name),
        changes={"project": change},
    )
