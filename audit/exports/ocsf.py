"""An entry as an event of the Open Cybersecurity Schema Framework (schema.ocsf.io).

Which class it is stands in `ocsf_classes.py`. What has no place in a class goes into `unmapped`,
and the text that the entry's hash is of into `raw_data`.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from audit.entries import Entry
from audit.events import Event
from audit.exports.ocsf_classes import (
    CATEGORIES,
    OTHER,
    SEVERITIES,
    VERSION,
    Class,
    Kind,
    call_of,
    kind_of,
)
from audit.exports.reading import Row
from audit.models import AT_THE_DOOR, Outcome
from audit.sentences import ERASED, plain
from audit.signing import written as moment

Object = dict[str, Any]

PRODUCT = "Bailiwick"
PEOPLE = ("member", "person", "account")
_USER, _UNKNOWN, _ORGANIZATION = 1, 0, 4


def event_of(row: Row) -> Object:
    """The whole event. Attributes without a value are left out, as the schema wants it."""
    kind, parts = _filled(row)
    entry = row.entry
    activity = kind.of.activities.get(kind.activity) or _verb(entry.action)
    said: Object = {
        "activity_id": kind.activity,
        "activity_name": activity,
        "category_uid": kind.of.category,
        "category_name": CATEGORIES[kind.of.category],
        "class_uid": kind.of.number,
        "class_name": kind.of.label,
        "type_uid": kind.type_uid,
        "type_name": f"{kind.of.label}: {'Other' if kind.activity == OTHER else activity}",
        "time": _milliseconds(entry),
        "message": plain(entry),
        **_result(entry),
        "metadata": _metadata(entry, kind),
        "actor": _actor(row),
        **_origin(entry, kind),
        **parts,
        "raw_data": entry.body,
        "unmapped": _unmapped(row),
    }
    return said


def _filled(row: Row) -> tuple[Kind, Object]:
    """The class, and what only this class has; a call where what the class requires is missing."""
    entry = row.entry
    kind = kind_of(entry.action)
    if kind.of is Class.AUTHENTICATION:
        return kind, {"user": _subject(row), "service": {"name": PRODUCT}}
    if kind.of is Class.ACCOUNT:
        return _account(kind, row), {"user": _subject(row)}
    if entry.target_kind not in AT_THE_DOOR:
        if kind.of is Class.ACCESS:
            return kind, _access(row, kind)
        if kind.of is Class.GROUP and (parts := _group(row, kind)):
            return kind, parts
        if kind.of is Class.ENTITY:
            return kind, {"entity": _entity(row)}
    return call_of(entry.action), _call(row)


def _account(kind: Kind, row: Row) -> Kind:
    """A state that is set says whether the account works."""
    if row.entry.action != "account.state_changed" or row.entry.outcome is not Outcome.DONE:
        return kind
    return Kind(Class.ACCOUNT, 2 if _pair(row, "state")[1] == "active" else 5)


def _access(row: Row, kind: Kind) -> Object:
    """Who gets or loses which role, and on what."""
    entry = row.entry
    before, after = _pair(row, "role")
    role = before if kind.activity == 2 else after
    if entry.action == "ownership.accepted":
        role = "owner"
    parts: Object = {"privileges": [str(role)] if role else []}
    if entry.action in ("ownership.accepted", "invitation.accepted"):
        return {"user": _person(entry.actor_label, entry.actor_id, row), **parts}
    if entry.target_kind in PEOPLE:
        return {"user": _person(entry.target_label, entry.target_id, row), **parts}
    old, new = _pair(row, "to")
    parts["resources"] = [_thing(row)]
    return {"user": _person(str(new or old or ""), None, row), **parts}


def _group(row: Row, kind: Kind) -> Object:
    """The group, and who or what comes into it; nothing where it is not known which."""
    entry = row.entry
    if entry.target_kind == "group":
        before, after = _pair(row, "role")
        roles = [str(role) for role in (after or before,) if role]
        return {"group": _named(row, entry.target_label, entry.target_id), "privileges": roles}
    before, after = _pair(row, "group")
    if not (after or before):
        return {}
    user = _person(entry.target_label, entry.target_id, row)
    return {"group": {"name": str(after or before)}, "user": user, "privileges": []}


def _entity(row: Row) -> Object:
    is_organization = row.entry.target_kind == "organization"
    return {
        **_named(row, row.entry.target_label, row.entry.target_id),
        "type": row.entry.target_kind.replace("_", " ").capitalize(),
        "type_id": _ORGANIZATION if is_organization else OTHER,
    }


def _call(row: Row) -> Object:
    entry = row.entry
    call: Object = {"operation": entry.action, "service": {"name": PRODUCT}}
    if entry.request_id:
        call["request"] = {"uid": entry.request_id}
    return {"api": call, "resources": [_thing(row)]}


def _thing(row: Row) -> Object:
    named = _named(row, row.entry.target_label, row.entry.target_id)
    return {**named, "type": row.entry.target_kind}


def _subject(row: Row) -> Object:
    """Whose account or session it is: the target's where it is a person, otherwise the actor's."""
    entry = row.entry
    if entry.target_kind in PEOPLE and (entry.target_label or entry.target_id):
        return _person(entry.target_label, entry.target_id, row)
    return _person(entry.actor_label, entry.actor_id, row)


def _person(name: str, identity: object, row: Row) -> Object:
    return {**_named(row, name, identity), "type_id": _USER, "type": "User"}


def _named(row: Row, name: str, identity: object) -> Object:
    """By name and id, at least one of which every object of the schema has."""
    said: Object = {"name": ERASED if row.words is None else name or "unnamed"}
    return {**said, "uid": str(identity)} if identity else said


def _actor(row: Row) -> Object:
    entry = row.entry
    if entry.actor_kind in PEOPLE:
        return {"user": _person(entry.actor_label, entry.actor_id, row)}
    if entry.actor_kind == "anonymous":
        return {"user": {"name": "anonymous", "type_id": _UNKNOWN, "type": "Unknown"}}
    app: Object = {"app_name": ERASED if row.words is None else entry.actor_label or PRODUCT}
    return {**app, "app_uid": str(entry.actor_id)} if entry.actor_id else app


def _result(entry: Entry) -> Object:
    is_done = entry.outcome is Outcome.DONE
    severity = 1 if is_done else 2 if entry.outcome is Outcome.FAILED else 3
    is_verdict = entry.event is Event.AUDIT_VERIFIED and entry.target_kind not in AT_THE_DOOR
    if is_verdict and not is_done:
        severity = 5  # The log says of itself that it was tampered with.
    said: Object = {
        "severity_id": severity,
        "severity": SEVERITIES[severity],
        "status_id": 1 if is_done else 2,
        "status": "Success" if is_done else "Failure",
        "status_code": entry.outcome.value,
    }
    return {**said, "status_detail": entry.reason} if entry.reason else said


def _metadata(entry: Entry, kind: Kind) -> Object:
    said: Object = {
        "version": VERSION,
        "product": {"name": PRODUCT, "vendor_name": PRODUCT},
        "uid": f"{entry.organization_id}:{entry.sequence}",
        "event_code": entry.action,
        "log_name": "audit",
        "sequence": entry.sequence,
        "tenant_uid": str(entry.organization_id),
        "original_time": moment(entry.at),
    }
    if entry.request_id:
        said["correlation_uid"] = entry.request_id
    if kind.of is not Class.API:
        said["profiles"] = ["host"]  # Who acts is an attribute of this profile there.
    return said


def _origin(entry: Entry, kind: Kind) -> Object:
    """Where it came from, as far as it is known; a call has to say."""
    said: Object = {}
    if _is_address(entry.ip):
        said["src_endpoint"] = {"ip": entry.ip}
    elif kind.of is Class.API:
        said["src_endpoint"] = {"svc_name": PRODUCT}
    request: Object = {}
    if entry.request_id:
        request["uid"] = entry.request_id
    if entry.agent:
        request["user_agent"] = entry.agent
    return {**said, "http_request": request} if request else said


def _unmapped(row: Row) -> Object:
    """With what the text in `raw_data` is proved, and the fields before and after."""
    entry = row.entry
    return {
        "hash": entry.hash.hex(),
        "salt": row.salt.hex(),
        "words": row.words,
        "effects": list(row.effects),
        "changes": row.changes,
        "target_kind": entry.target_kind,
    }


def _pair(row: Row, name: str) -> tuple[Any, Any]:
    pair = row.changes.get(name)
    return (pair[0], pair[1]) if isinstance(pair, list) and len(pair) == 2 else (None, None)


def _verb(action: str) -> str:
    return (action.partition(".")[2] or action).replace("_", " ").capitalize()


def _milliseconds(entry: Entry) -> int:
    return round(entry.at.timestamp() * 1000)


def _is_address(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version in (4, 6) and "%" not in text
    except ValueError:
        return False
