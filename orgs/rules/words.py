"""Why somebody breaks a rule and what would mend it, in words. Who does is judge.py's."""

from __future__ import annotations

from config.roles import Policy, Role
from orgs.rules.judge import carriers
from orgs.rules.language import Form, Sentence
from orgs.rules.vocabulary import plural, spoken


def explain(
    sentence: Sentence, policies: frozenset[Policy], held: frozenset[Role], number: int
) -> tuple[str, str]:
    """What goes on after a name (or stands alone, of a number), and what would mend it."""
    first = sentence.roles[0].label if sentence.roles else ""
    if sentence.form is Form.COUNT:
        verb = "is" if number == 1 else "are"
        return f"There {verb} {number} {first}{'' if number == 1 else 's'}", _counted(
            sentence, number
        )
    if sentence.form in (Form.GROUP, Form.TWO):
        both = f"{first} and {sentence.roles[1].label}"
        return f"is both {both}", f"Take one of the two away: {both}."
    if sentence.form is Form.OUTSIDE:
        where = " or ".join(sentence.domains)
        return f"is {first} with an address outside {where}", f"Use an address at {where}."
    if sentence.form is Form.ENDS:
        days = f"{sentence.days} day{'' if sentence.days == 1 else 's'}"
        return f"is {first} for longer than {days}", f"Let it end within {days}."
    ways = [carriers(one, policies) & held for one in sentence.permissions]
    what = [spoken(one) for one in sentence.permissions]
    if sentence.form is Form.BOTH:
        through = frozenset[Role]().union(*ways)
        return (
            f"may both {what[0]} and {what[1]}, as {_named(through)}",
            f"Take one of these roles away: {_named(through)}.",
        )
    if not ways[0]:
        whose = _named(frozenset(sentence.roles) & held)
        return f"is {whose} and may not {what[0]}", "Give them a role that may."
    if sentence.form is Form.NO:
        return (
            f"is {first} and may {what[0]}, as {_named(ways[0])}",
            f"Take {_named(ways[0])} away, or make them something other than {first}.",
        )
    return (
        f"may {what[0]}, as {_named(ways[0])}",
        f"Take {_named(ways[0])} away: that is for {plural(sentence.roles)}.",
    )


def _counted(sentence: Sentence, number: int) -> str:
    role = f"{sentence.roles[0].label}s"
    if sentence.low is not None and number < sentence.low:
        return f"First make somebody else one: {sentence.low} {role} are the fewest."
    return f"First give one of them another role: {sentence.high} {role} are the most."


def _named(roles: frozenset[Role]) -> str:
    return " and ".join(role.label for role in Role if role in roles)


def to_you(because: str) -> str:
    """What goes on after a name, after “you”."""
    return f"are{because.removeprefix('is')}" if because.startswith("is ") else because
