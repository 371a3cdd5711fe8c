"""What people try with keys, for the machine of keys: making, changing, rotating, revoking them."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from projects.actions import key_rotation as rotation
from projects.actions import keys as actions
from projects.views import key_making as making_doors
from projects.views import key_rotation as rotation_doors
from projects.views import keys as doors
from tests.projects.access_ceiling import behind
from tests.projects.access_oracle import TABLE, Place
from tests.projects.key_machine_clock import CLOCK
from tests.projects.key_machine_facts import ACTIONS, KeyFacts
from tests.projects.key_machine_life import KeyLife, endings

MOST_KEYS = 7
TAKES = {
    True: {"execute": "workflows.execute", "chat": "agents.chat"},
    False: {"execute": "tasks.run_commercial", "chat": "features.discover"},
}
CREATE_DOORS = {
    "organization": (making_doors.key_create, "keys.create"),
    "project": (making_doors.project_key_create, "projects.create_keys"),
    "personal": (making_doors.personal_key_create, "projects.view"),
}
scopes = st.sampled_from([(True, True), (True, False), (False, True), (True, True)])
ends = endings(hours=(None, None, 1, 72, 24 * 40))


class KeyDeeds(KeyLife):
    """The life of a key, as far as people decide on it."""

    # Who may

    def manages(self, by: int, key: KeyFacts) -> bool:
        permission = "projects.create_keys" if key.place else "keys.create"
        return permission in self.oracle.permissions(by, key.place)

    def owns(self, by: int, key: KeyFacts) -> bool:
        return key.maker is not None and key.maker == self.book.maker(by)

    def may_manage(self, by: int, key: KeyFacts) -> bool:
        """Through the door, too: one's own personal key, as long as one sees its project."""
        if key.kind == "personal" and self.owns(by, key):
            return "projects.view" in self.oracle.permissions(by, key.place)
        sees = key.kind != "personal" or "projects.view" in self.oracle.permissions(by, key.place)
        return self.manages(by, key) and sees

    def may_lend(self, by: int, key: KeyFacts, had: tuple[bool, bool] = (False, False)) -> bool:
        """Nobody lets a key do what they may not do there."""
        takes = TAKES[key.place is not None]
        wanted = {"execute": key.executes and not had[0], "chat": key.chats and not had[1]}
        return all(
            self.oracle.may(by, takes[does], key.place) for does, asked in wanted.items() if asked
        )

    def may_hold(self, by: int, key: KeyFacts) -> bool:
        """May they know a secret that acts for whoever the key acts for?"""
        if self.owns(by, key):
            return True
        if key.kind == "personal":
            return False
        if key.account is not None:
            return self.may_lend_account(by, key.account, key.place)
        if key.place is None or key.maker is None:
            return self.oracle.may(by, "members.change_role")
        return self.may_lend(by, key) and self.may_as_well(by, self.oracle.members[key.maker[0]])

    def may_as_well(self, by: int, role: str) -> bool:
        """Whatever this role lets a key do in the whole organization."""
        actions = {action for action in ACTIONS if TABLE[action]["scope"] == "organization"}
        return not (actions & self.oracle.means({role} - {""})) - self.oracle.allowed(by)

    def latest(self, since: datetime.datetime) -> datetime.datetime | None:
        held = self.book.limits.get(("organization", 0))
        days = held.said["longest_days"] if held else None
        if days is None:
            return None
        zone = ZoneInfo(settings.TIME_ZONE)
        last = since.astimezone(zone).date() + datetime.timedelta(days=days)
        return datetime.datetime.combine(last, datetime.time(23, 59, 59), zone)

    def ends_in_limits(
        self, until: datetime.datetime | None, since: datetime.datetime | None = None
    ) -> bool:
        latest = self.latest(since or CLOCK.at)
        if until is not None and until <= CLOCK.at:
            return False
        return latest is None or (until is not None and until <= latest)

    def manager(self, data: st.DataObject, key: KeyFacts) -> int:
        """Somebody; often its maker."""
        permission = "projects.create_keys" if key.place else "keys.create"
        by = self.someone(data, permission, key.place)
        own = [key.maker[0]] if key.maker and self.oracle.acts(key.maker[0]) else []
        return data.draw(st.sampled_from([by, *own]), "manager")

    # Making

    @rule(data=st.data(), scope=scopes, until=ends)
    def key_create(self, data: st.DataObject, scope: tuple[bool, bool], until: Any) -> None:
        if sum(key.live for key in self.book.keys.values()) >= MOST_KEYS:
            return
        kind = data.draw(st.sampled_from([*CREATE_DOORS, "personal"]), "kind")
        place = self.anywhere(data, "project") if kind != "organization" else None
        if place is None and kind != "organization":
            return
        permission = CREATE_DOORS[kind][1] if kind != "personal" else "workflows.execute"
        by = self.someone(data, permission, place)
        group = data.draw(st.sampled_from([None, *sorted(self.oracle.groups)]), "charged to")
        self.make_key(by, kind, place, scope, group, until)

    def make_key(
        self,
        by: int,
        kind: str,
        place: Place | None,
        scope: tuple[bool, bool],
        group: int | None,
        until: datetime.datetime | None,
    ) -> None:
        door, permission = CREATE_DOORS[kind]
        project = place[1] if place else None
        facts = KeyFacts(kind, project, self.book.maker(by), *scope, group, until, [])
        room = self.oracle.projects[project] if project is not None else None
        opened = self.oracle.may(by, permission)
        if place is not None and room is not None:
            opened = behind(self.oracle, by, permission, place) and room.state == "active"
            opened = opened and (kind != "personal" or "personal_keys" in room.policies)
        number = self.next_number()
        made = self.tries(
            by,
            opened and self.may_lend(by, facts) and self.ends_in_limits(until),
            lambda access: actions.key_create(
                kind=kind,
                project=self.row(place) if place else None,
                name=f"K{number}",
                executes=scope[0],
                chats=scope[1],
                cost_centre=self.group(group) if group is not None else None,
                expires_at=until,
                actor=access,
            ),
            view=door,
            place=place,
        )
        if made:
            key, text = made
            self.keys["key", number] = key.pk
            self.book.keys[number] = facts
            self.book.entries["key.created"] += 1
            with self.inside():
                self.add_secret(facts, text)

    # Changing

    @rule(data=st.data(), scope=scopes, until=ends)
    def key_change(self, data: st.DataObject, scope: tuple[bool, bool], until: Any) -> None:
        number = self.some_key(data)
        if number is None:
            return
        key = self.book.keys[number]
        until = data.draw(st.sampled_from([key.expires, until]), "until")
        group = data.draw(st.sampled_from([key.group, None, *sorted(self.oracle.groups)]), "to")
        by, had, old = self.manager(data, key), (key.executes, key.chats), key.expires
        wanted = replace(key, executes=scope[0], chats=scope[1])
        same = (had, old, key.group) == (scope, until, group)
        widens = not set(_parts(scope)) <= set(_parts(had))
        lends = self.may_lend(by, wanted, had) and (not widens or self.may_hold(by, wanted))
        in_time = until == old or self.ends_in_limits(until, max(one.made for one in key.secrets))
        done = self.tries(
            by,
            self.may_manage(by, key) and key.live and (same or (lends and in_time)),
            lambda access: actions.key_change(
                key=self.key_row(number),
                name=f"K{number}",
                executes=scope[0],
                chats=scope[1],
                cost_centre=self.group(group) if group is not None else None,
                expires_at=until,
                actor=access,
            ),
            view=doors.key_change,
            place=("key", number),
        )
        if done:
            key.executes, key.chats = scope
            key.group, key.expires = group, until
            self.book.entries["key.changed"] += not same

    @rule(data=st.data())
    def key_revoke(self, data: st.DataObject) -> None:
        number = self.some_key(data)
        if number is None or data.draw(st.integers(0, 2), "often"):
            return
        key = self.book.keys[number]
        by = self.manager(data, key)
        done = self.tries(
            by,
            self.may_manage(by, key),
            lambda access: actions.key_revoke(key=self.key_row(number), reason="why", actor=access),
            view=doors.key_revoke,
            place=("key", number),
        )
        if done:
            self.book.entries["key.revoked"] += not key.revoked
            key.revoked = True

    # Rotating

    def may_rotate(self, by: int, key: KeyFacts) -> bool:
        return self.may_manage(by, key) and key.live and self.may_hold(by, key)

    @rule(
        data=st.data(),
        overlap=st.sampled_from([0, 1, 24, 24 * 20, 721]),
        again=st.sampled_from([False, False, False, True]),
    )
    def key_rotate(self, data: st.DataObject, overlap: int, again: bool) -> None:
        number = self.some_key(data)
        if number is None:
            return
        key = self.book.keys[number]
        by, newest, old = self.manager(data, key), key.newest, key.old
        seen = data.draw(st.sampled_from([newest, newest, newest, key.secrets[0]]), "seen")
        ready = (old is not None and not newest.used) if again else (old is None and overlap < 721)
        rows = {"overlap": overlap, "seen": seen.pk, "again": again}
        done = self.tries(
            by,
            self.may_rotate(by, key) and seen is newest and ready,
            lambda access: rotation.key_rotate(key=self.key_row(number), **rows, actor=access),
            view=rotation_doors.key_rotate,
            place=("key", number),
        )
        if not done:
            return
        newest.ends = CLOCK.at + datetime.timedelta(hours=0 if again else overlap)
        with self.inside():
            self.add_secret(key, done[1])
        self.book.entries["key.rotated"] += 1
        latest = self.latest(CLOCK.at)
        if latest is not None and (key.expires is None or key.expires > latest):
            key.expires = latest
            self.book.entries["key.changed"] += 1

    @rule(data=st.data(), hours=st.sampled_from([0, 0, 1, 48]))
    def key_retire_or_change_overlap(self, data: st.DataObject, hours: int) -> None:
        """Without hours the old secret ends now."""
        number = self.some_key(data)
        if number is None:
            return
        key = self.book.keys[number]
        by, old = self.manager(data, key), key.old
        seen = old or data.draw(st.sampled_from(key.secrets), "seen")
        name = "key_change_overlap" if hours else "key_retire"
        deed = getattr(rotation, name)
        said: dict[str, Any] = {"hours": hours} if hours else {"reason": "why"}
        until = CLOCK.at + datetime.timedelta(hours=hours)
        latest = key.newest.made + datetime.timedelta(hours=rotation.LONGEST_OVERLAP)
        fits = old is not None and (until <= latest or until <= (old.ends or latest))
        done = self.tries(
            by,
            self.may_manage(by, key) and key.live and fits,
            lambda access: deed(key=self.key_row(number), seen=seen.pk, actor=access, **said),
            view=getattr(rotation_doors, name),
            place=("key", number),
        )
        if done and old:
            old.ends = until
            self.book.entries["key.overlap_changed" if hours else "key.retired"] += 1

    def may_lend_account(self, by: int, account: int, place: Place | None) -> bool:
        raise NotImplementedError


def _parts(scope: tuple[bool, bool]) -> list[str]:
    return [does for does, has in zip(("execute", "chat"), scope, strict=True) if has]
