"""What people try with service accounts, for the machine of keys, and what becomes of people."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import rule

from accounts.models import User
from projects.actions import service_accounts as actions
from projects.actions.key_rotation import key_reown
from projects.models import ServiceAccount
from projects.views import key_rotation as rotation_doors
from projects.views import service_accounts as doors
from tests.projects.access_ceiling import is_approved, may_give
from tests.projects.access_oracle import Place
from tests.projects.key_machine_deeds import KeyDeeds
from tests.projects.key_machine_facts import Account, KeyFacts

MOST_ACCOUNTS = 3


class AccountDeeds(KeyDeeds):
    """Keys that act for no person, and people who are kept out for a while."""

    def account_row(self, number: int) -> ServiceAccount:
        return ServiceAccount.objects.in_org(self.org).get(pk=self.keys["account", number])

    def some_account(self, data: st.DataObject) -> int | None:
        accounts = sorted(self.book.accounts)
        return data.draw(st.sampled_from(accounts), "account") if accounts else None

    # Who may

    def may_place(self, by: int, place: Place) -> bool:
        room = self.oracle.room(place)
        assert room
        return (
            room.state == "active"
            and may_give(self.oracle, by, "project_member", place)
            and is_approved(self.oracle, by, place)
            and "shares_end" not in room.policies
        )

    def may_lend_account(self, by: int, account: int, place: Place | None) -> bool:
        """By the key of a project one reaches what a member may there, else all it may."""
        facts = self.book.accounts[account]
        if place is not None:
            given = may_give(self.oracle, by, "project_member", place)
            return given and self.may_as_well(by, facts.role)
        if facts.role and not may_give(self.oracle, by, facts.role):
            return False
        permission = "projects.manage_members"
        if self.oracle.may(by, permission):
            return True
        return all(
            permission in self.oracle.permissions(by, ("project", one)) for one in facts.works_in
        )

    # Deeds

    @rule(data=st.data(), role=st.sampled_from(["", "member"]))
    def account_create(self, data: st.DataObject, role: str) -> None:
        if len(self.book.accounts) < MOST_ACCOUNTS:
            self.make_account(self.someone(data, "keys.create"), role)

    def make_account(self, by: int, role: str) -> None:
        number = self.next_number()
        made = self.tries(
            by,
            self.oracle.may(by, "keys.create") and (not role or may_give(self.oracle, by, role)),
            lambda access: actions.service_account_create(
                name=f"A{number}", description="", role=role, actor=access
            ),
            view=doors.service_account_create,
        )
        if made:
            self.keys["account", number] = made.pk
            self.book.accounts[number] = Account(role)
            self.book.entries["service_account.created"] += 1

    @rule(data=st.data(), enters=st.sampled_from([True, True, False]))
    def account_place_or_withdraw(self, data: st.DataObject, enters: bool) -> None:
        number, place = self.some_account(data), self.anywhere(data, "project")
        if number is None or place is None:
            return
        by = self.someone(data, "keys.create")
        account = self.book.accounts[number]
        is_there = place[1] in account.works_in
        allowed = not is_there and self.may_place(by, place) if enters else is_there
        name = "place" if enters else "withdraw"
        deed = getattr(actions, f"service_account_{name}")
        done = self.tries(
            by,
            self.oracle.may(by, "keys.create") and allowed,
            lambda access: deed(
                account=self.account_row(number),
                project=self.row(place),
                reason="why",
                actor=access,
            ),
            view=getattr(doors, f"service_account_{name}"),
            place=("account", number),
        )
        if done:
            account.works_in ^= {place[1]}
            self.book.entries[f"service_account.{'placed' if enters else 'withdrawn'}"] += 1

    @rule(data=st.data(), suspended=st.booleans())
    def account_suspend(self, data: st.DataObject, suspended: bool) -> None:
        number = self.some_account(data)
        if number is None:
            return
        by, account = self.someone(data, "keys.create"), self.book.accounts[number]
        lends = suspended or not account.role or may_give(self.oracle, by, account.role)
        done = self.tries(
            by,
            self.oracle.may(by, "keys.create") and (account.suspended is suspended or lends),
            lambda access: actions.service_account_suspend(
                account=self.account_row(number), suspended=suspended, reason="", actor=access
            ),
            view=doors.service_account_suspend,
            place=("account", number),
        )
        if done:
            self.book.entries["service_account.changed"] += account.suspended is not suspended
            account.suspended = suspended

    @rule(data=st.data())
    def account_delete(self, data: st.DataObject) -> None:
        number = self.some_account(data)
        if number is None or data.draw(st.integers(0, 4), "often"):
            return
        by = self.someone(data, "keys.create")
        done = self.tries(
            by,
            self.oracle.may(by, "keys.create"),
            lambda access: actions.service_account_delete(
                account=self.account_row(number), reason="why", actor=access
            ),
            view=doors.service_account_delete,
            place=("account", number),
        )
        if not done:
            return
        del self.book.accounts[number]
        self.book.entries["service_account.deleted"] += 1
        for key in self.book.keys.values():
            if key.account == number:
                self.book.entries["key.revoked"] += not key.revoked
                key.account, key.revoked = None, True

    @rule(data=st.data(), place=st.booleans())
    def key_reown(self, data: st.DataObject, place: bool) -> None:
        number, account = self.some_key(data), self.some_account(data)
        if number is None or account is None:
            return
        key = self.book.keys[number]
        by, facts = self.manager(data, key), self.book.accounts[account]
        enters = place and key.project is not None and key.project not in facts.works_in
        done = self.tries(
            by,
            self.may_reown(by, key, account) and (not enters or self.may_place(by, key.place)),  # type: ignore[arg-type]
            lambda access: key_reown(
                key=self.key_row(number),
                account=self.account_row(account),
                place=place,
                reason="why",
                actor=access,
            ),
            view=rotation_doors.key_reown,
            place=("key", number),
        )
        if not done:
            return
        if enters and key.project is not None:
            facts.works_in.add(key.project)
            self.book.entries["service_account.placed"] += 1
        key.maker, key.account = None, account
        key.kind = "organization" if key.project is None else "project"
        self.book.entries["key.reowned"] += 1

    def may_reown(self, by: int, key: KeyFacts, account: int) -> bool:
        escapes = ("creator", key.maker) in self.book.limits
        return (
            self.manages(by, key)
            and key.live
            and not self.book.accounts[account].suspended
            and key.account != account
            and self.may_lend_account(by, account, key.place)
            and (not escapes or self.oracle.may(by, "keys.set_policies"))
        )

    # What becomes of people, and of a project's leave

    @rule(data=st.data())
    def suspended_for_a_while(self, data: st.DataObject) -> None:
        """Whoever is suspended lends no key anything, until they are back."""
        who = self.anyone(data)
        if who == 1 or self.oracle.members[who] == "owner":
            return  # An organization keeps an Owner who acts: the second person is elsewhere's.
        row = User.objects.filter(pk=self.people[who].pk)
        assert row.update(is_active=False, state="suspended") == 1
        self.book.suspended = {who}
        self.every_key_is_answered()
        assert row.update(is_active=True, state="active") == 1
        self.book.suspended, self.stale = set(), True

    @rule(data=st.data())
    def personal_keys_on_or_off(self, data: st.DataObject) -> None:
        self.project_change_policies(data=data, policy="personal_keys")
