"""The sentences of an explanation, and the tree that the command line prints of it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from config.moments import format_local
from config.roles import Permission, Role, Scope
from projects.explain.answer import Explanation, Link, Path, Step

_THIS = {
    Scope.WORKSPACE: (("a workspace", "this workspace"),),
    Scope.PROJECT: (("a project", "this project"), ("the project", "this project")),
    Scope.RESOURCE: (("a project", "this"),),
}
_ORDINALS = (
    *("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth"),
    "Tenth",
)


def first_name(name: str) -> str:
    """How a sentence speaks of somebody; a name of initials or titles stays whole."""
    first = name.split()[0] if name.split() else name
    return first if len(first) > 2 and not first.endswith(".") else name


def doing(permission: Permission, scope: Scope) -> str:
    """The permission as a verb: "manage project secrets", "view this project"."""
    words = permission.label[0].lower() + permission.label[1:]
    for general, this in _THIS.get(scope, ()):
        words = words.replace(general, this)
    wide = scope is Scope.ORGANIZATION and permission.scope in (Scope.PROJECT, Scope.WORKSPACE)
    return f"{words}, everywhere" if wide else words


def verdict(name: str, permission: Permission, scope: Scope, *, allowed: bool) -> str:
    may = "may" if allowed else "may not"
    return f"{first_name(name)} {may} {doing(permission, scope)}"


def ways(number: int) -> str:
    """How many paths lead there, and what that means."""
    if number == 1:
        return "By one path. Without it the answer is no."
    return f"By {number} independent paths. {'Either' if number == 2 else 'Any of them'} is enough."


def article(role: Role) -> str:
    return f"{'an' if role.label[0] in 'AEIOU' else 'a'} {role.label}"


def listed(words: Sequence[str], last: str = "and") -> str:
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def plural(number: int, word: str, many: str = "") -> str:
    return f"{number:,} {word if number == 1 else many or word + 's'}"


def people(number: int | None, cap: int) -> str:
    if number is None:
        return ""
    return f"more than {cap:,} people" if number > cap else plural(number, "person", "people")


def day(moment: datetime.datetime) -> str:
    return format_local(moment, "j M Y")


def facts(link: Link) -> str:
    """ "since 14 Apr 2026, added by Jonas Weber, until 31 Mar 2027"."""
    said = [
        f"since {day(link.since)}" if link.since else "",
        f"{link.given} by {link.by}" if link.by else "",
        f"until {day(link.until)}" if link.until else "",
        link.note,
    ]
    return ", ".join(filter(None, said))


def heading(position: int, path: Path) -> str:
    """What stands over a path that is folded away."""
    name = _ORDINALS[position] if position < len(_ORDINALS) else f"{position + 1}th"
    if path.until:
        return f"{name} path, ends on {day(path.until)}"
    return f"{name} path, since {day(path.since)}" if path.since else f"{name} path"


def brief(path: Path) -> str:
    """How a folded path was given: "Shared directly by Leila Haddad on 30 Sep 2026"."""
    given = path.steps[-3].link
    if given is None:
        return ""
    if path.via == "direct":
        return f"Shared directly{_by_on(given)}{_quoted(given)}."
    if path.via == "membership":
        return f"By the organization role{_since(given)}{_quoted(given)}."
    seat, group = path.steps[1].link, path.steps[1].thing.title
    joined = f"In {group}{_since(seat)}{_quoted(seat)}. " if seat else ""
    return f"{joined}{group} has it{_since(given)}{_quoted(given)}."


def _by_on(link: Link) -> str:
    by = f" by {link.by}" if link.by else ""
    return f"{by} on {day(link.since)}" if link.since else by


def _since(link: Link) -> str:
    said = facts(link)
    return f" {said}" if said else ""


def text(explanation: Explanation) -> str:
    """The explanation as a tree for a terminal."""
    lines = [explanation.sentence, explanation.detail]
    if explanation.condition:
        lines.append(f"Condition: {explanation.condition}.")
    for number, path in enumerate(explanation.paths, 1):
        lines += ["", f"Path {number}", *_tree(path.steps)]
    if explanation.broken:
        lines += ["", *_tree(explanation.broken)]
    if explanation.suggestions:
        lines += ["", "What would change it, smallest first"]
        for suggestion in explanation.suggestions:
            lines += [f"  - {suggestion.title}", f"    {suggestion.note} {suggestion.by}".rstrip()]
    if explanation.nothing:
        lines += ["", explanation.nothing]
    return "\n".join(lines)


def _tree(steps: Sequence[Step]) -> list[str]:
    lines: list[str] = []
    for depth, step in enumerate(steps):
        indent = "  " * depth
        if step.link:
            said = ", ".join(filter(None, (step.link.verb, facts(step.link))))
            lines.append(f"{indent}{said}{_quoted(step.link)}")
        note = f" ({step.thing.note})" if step.thing.note else ""
        mark = "? " if step.thing.missing else ""
        lines.append(f"{indent}{mark}{step.thing.label}: {step.thing.title}{note}")
    return lines


def _quoted(link: Link) -> str:
    return f": “{link.reason}”" if link.reason else ""
