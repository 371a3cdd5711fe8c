"""A table that says who holds what, as a migration operation: its changes are told to the ledger.

What becomes of them is in audit 0003: the entry of the transaction claims them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import migrations

# A role stands under its name; of a person and of a day, whether there is one.
_KEPT = {
    "permission_id": (
        "role",
        "(SELECT p.codename FROM public.auth_permission p WHERE p.id = {x}.permission_id)",
    ),
    "person_id": ("is_person", "{x}.person_id IS NOT NULL"),
    "published_at": ("is_published", "{x}.published_at IS NOT NULL"),
}
# A person stands under their membership. Where that goes in this very statement, the row was noted
# when it came.
_MEMBERSHIP = """coalesce(
            (SELECT m.id FROM public.orgs_membership m
             WHERE m.organization_id = {x}.organization_id AND m.person_id = {x}.user_id),
            (SELECT e.holder FROM public.audit_effect e
             WHERE e.organization_id = {x}.organization_id AND e.kind = '{kind}'
               AND e."row" = {x}.id ORDER BY e.id DESC LIMIT 1))"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A table whose changes are noted: `holder` and `place` name the columns of the membership or
    group and of what the role is on (none: the organization), `keep` those that say who holds what.

    `by_row` is for a table whose other columns change all the time.
    """

    table: str
    kind: str
    holder: str = ""
    place: str = ""
    keep: tuple[str, ...] = ()
    by_row: bool = False

    def operation(self) -> migrations.RunSQL:
        """A function of the table's own, so that many rows are noted in one statement."""
        function = f"told_{self.table}"
        forward: list[Any] = [_FUNCTION.format(function=function, branches=self._branches())]
        forward += [f"REVOKE ALL ON FUNCTION {function}() FROM PUBLIC"]
        if self.by_row:
            columns = ", ".join(self.keep)
            forward += [
                f"CREATE TRIGGER told AFTER INSERT OR DELETE OR UPDATE OF {columns}"
                f" ON {self.table} FOR EACH ROW EXECUTE FUNCTION {function}()"
            ]
        else:
            forward += [
                f"CREATE TRIGGER told_{name} AFTER {what} ON {self.table} REFERENCING {tables}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
                for name, what, tables in (
                    ("of_new", "INSERT", "NEW TABLE AS added"),
                    ("of_changed", "UPDATE", "OLD TABLE AS removed NEW TABLE AS added"),
                    ("of_gone", "DELETE", "OLD TABLE AS removed"),
                )
                # Where nothing of a row says who holds what, it comes and goes.
                if self.keep or what != "UPDATE"
            ]
        return migrations.RunSQL(forward, [f"DROP FUNCTION {function}() CASCADE"])

    def stated(self) -> str:
        """SQL that notes the rows which are there already, for an entry that states them."""
        return f"{self._note('', 'a', f'public.{self.table} a')};\n"

    def _branches(self) -> str:
        added, removed = "added a", "removed r"
        both = "added a JOIN removed r USING (id)"
        if self.by_row:
            added, removed = "(SELECT NEW.*) a", "(SELECT OLD.*) r"
            both = f"{added} CROSS JOIN {removed}"
        both += f" WHERE {self._values('r')} IS DISTINCT FROM {self._values('a')}"
        return (
            f"IF TG_OP = 'INSERT' THEN\n        {self._note('', 'a', added)};\n"
            f"    ELSIF TG_OP = 'DELETE' THEN\n        {self._note('r', '', removed)};\n"
            + (f"    ELSE\n        {self._note('r', 'a', both)};\n" if self.keep else "")
            + "    END IF;"
        )

    def _note(self, before: str, after: str, rows: str) -> str:
        x = after or before
        organization = f"{x}.id" if self.table == "orgs_organization" else f"{x}.organization_id"
        holder = f"{x}.{self.holder}" if self.holder else "NULL::uuid"
        if self.holder == "user_id":
            holder = _MEMBERSHIP.format(x=x, kind=self.kind)
        return _NOTE.format(
            kind=self.kind,
            organization=organization,
            row=f"{x}.id",
            holder=holder,
            place=f"{x}.{self.place}" if self.place else "NULL::uuid",
            before=self._kept(before),
            after=self._kept(after),
            rows=rows,
        )

    def _kept(self, x: str) -> str:
        if not x:
            return "NULL::jsonb"
        pairs = [f"'{_kept(name, x)[0]}', {_kept(name, x)[1]}" for name in self.keep]
        return f"jsonb_build_object({', '.join(pairs)})"

    def _values(self, x: str) -> str:
        compared = (
            _kept(name, x)[1] if name != "permission_id" else f"{x}.{name}" for name in self.keep
        )
        return f"({', '.join(compared)})"


def _kept(name: str, x: str) -> tuple[str, str]:
    label, value = _KEPT.get(name, (name, f"{{x}}.{name}"))
    return label, value.format(x=x)


_NOTE = """INSERT INTO public.audit_effect
            (organization_id, kind, "row", holder, place, text, xact)
        SELECT n.organization_id, '{kind}', n.id, n.holder, n.place, jsonb_build_object(
            'kind', '{kind}', 'row', n.id, 'holder', n.holder, 'place', n.place,
            'before', n.before, 'after', n.after)::text, pg_current_xact_id()
        FROM (
            SELECT {organization} AS organization_id, {row} AS id, {holder} AS holder,
                   {place} AS place, {before} AS before, {after} AS after
            FROM {rows}) n"""

_FUNCTION = """
CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET timezone = 'UTC' AS $$
BEGIN
    -- The owner alone may tell a past of its own; the demo does.
    IF session_user = current_user AND current_setting('app.effects_told', true) = 'on' THEN
        RETURN NULL;
    END IF;
    {branches}
    IF FOUND THEN
        PERFORM set_config('app.effects', 'on', true);
    END IF;
    RETURN NULL;
END $$
"""
