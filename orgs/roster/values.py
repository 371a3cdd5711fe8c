"""Takes values out of YAML nodes: text, flags, maps, lists of logins, each fault with its place.

Knows YAML and what a login or a name may look like, not which keys a roster has.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

from config.text import COMPOSED
from orgs.roster.document import Level, Login, Problem, step
from orgs.roster.nodes import Node

LOGIN_MAX = 100
EMAIL_MAX = 254
NAME_MAX = 100
DESCRIPTION_MAX = 500
PROBLEMS_MAX = 1000

Fields = dict[str, tuple[int, Node]]

_LOGIN = re.compile(r"[A-Za-z0-9._-]+")
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# As wide as the addresses that people sign in with, so that an export is read back.
_LOCAL = rf'{_ATOM}(?:\.{_ATOM})*|"[!#-\[\]-~]+"'
_DOMAIN = rf"(?:{_LABEL}\.)+[A-Za-z][A-Za-z0-9-]{{0,61}}[A-Za-z0-9]|localhost|\[[0-9A-Fa-f:.]+\]"
_EMAIL = re.compile(rf"(?:{_LOCAL})@(?:{_DOMAIN})")
_PLAIN_NUMBER = re.compile(r"0|[1-9][0-9]*")
_MESSAGE_MAX = 500
_TRUE = ("true", "yes", "on")
_TEXT_TAGS = ("str", "timestamp", "value")
_SHAPES = {"scalar": "a single value", "list": "a list", "map": "a map of keys"}
_MEANINGS = {"bool": "true or false", "int": "a number", "float": "a number", "null": "nothing"}


class Values:
    """One file's reader of values; `problems` fills as it reads, under the current `org`."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.org = ""
        self.problems: list[Problem] = []

    def note(self, level: Level, code: str, message: str, path: str, line: int | None) -> None:
        if len(message) > _MESSAGE_MAX:  # it quotes the file, which may hold anything
            message = f"{message[:_MESSAGE_MAX]}…"
        self.problems.append(Problem(level, code, message, path, line, self.file, self.org))

    def told(self) -> tuple[Problem, ...]:
        """The problems, in a number that a page can show; an error is never dropped unsaid."""
        shown: list[Problem] = []
        for level in ("error", "warning"):
            found = [problem for problem in self.problems if problem.level == level]
            shown.extend(found[:PROBLEMS_MAX])
            if more := found[PROBLEMS_MAX:]:
                message = f"{len(more):,} more like these are not shown. Mend these first."
                shown.append(Problem(more[0].level, "problems.more", message, file=self.file))
        return tuple(sorted(shown, key=lambda problem: problem.line or 0))

    def fields(self, node: Node, path: str, *, what: str) -> Fields:
        """A map's keys with their line and value; nothing written is an empty map."""
        if _is_null(node):
            return {}
        if node.kind != "map" or node.tag != "map":
            self._shape(node, path, f"{what} is a map of keys")
            return {}
        fields: Fields = {}
        for key_node, value in node.pairs():
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in fields:
                message = (
                    f"'{key}' stands twice here, at line {fields[key][0]} and at line "
                    f"{key_node.line}. Keep one."
                )
                self.note("error", "key.duplicate", message, step(path, key), key_node.line)
            else:
                fields[key] = (key_node.line, value)
        return fields

    def unknown(self, fields: Fields, known: Iterable[str], path: str, *, what: str) -> None:
        known = sorted(known)
        for key in (key for key in fields if key not in known):
            # A guess costs most of the reading, and beyond so many nobody is shown it.
            is_shown = len(self.problems) < PROBLEMS_MAX
            near = difflib.get_close_matches(key, known, n=1) if is_shown else []
            hint = f" Is '{near[0]}' meant?" if near else ""
            message = f"'{key}' is not a key of {what} and is left out.{hint}"
            self.note("warning", "key.unknown", message, step(path, key), fields[key][0])

    def text(self, node: Node, path: str) -> str | None:
        """The text as written; None for nothing written, and for what is not text (an error)."""
        if _is_null(node):
            return None
        if node.kind != "scalar":
            self._shape(node, path, "This is text")
            return None
        if node.tag in _TEXT_TAGS:
            return node.text
        if node.tag == "int" and _PLAIN_NUMBER.fullmatch(node.text):
            message = f'{node.text} is read as text. Write "{node.text}", in quotes.'
            self.note("warning", "text.number", message, path, node.line)
            return node.text
        if meaning := _MEANINGS.get(node.tag):
            message = f'{node.text} without quotes means {meaning}. Write "{node.text}".'
            self.note("error", "text.unquoted", message, path, node.line)
        else:
            message = f"The tag '{node.tag}' is not accepted. Write plain text, in quotes."
            self.note("error", "type", message, path, node.line)
        return None

    def check_name(self, text: str, path: str, line: int) -> str | None:
        """A name in the form in which it is stored; None if it can be no name (an error)."""
        name = one_line(text)
        if not name:
            fault = "This name is empty"
        elif hidden := _hidden(name):
            fault = f"This name holds invisible characters ({hidden})"
        elif len(name) > NAME_MAX:
            fault = f"This name is longer than {NAME_MAX} characters"
        else:
            if name != text:
                message = f"'{text}' is read as '{name}': names have single spaces inside only."
                self.note("warning", "name.spaces", message, path, line)
            return name
        self.note("error", "name.invalid", f"{fault}. Change it.", path, line)
        return None

    def description(self, node: Node, path: str) -> str | None:
        """Free text; it is kept on one line, however the file breaks it."""
        text = self.text(node, path)
        if text is None:
            return None
        text = one_line(text)
        if len(text) > DESCRIPTION_MAX:
            message = f"This text is longer than {DESCRIPTION_MAX} characters. Shorten it."
            self.note("error", "text.too_long", message, path, node.line)
        elif hidden := _hidden(text):
            message = f"This text holds invisible characters ({hidden}). Take them out."
            self.note("error", "text.invisible", message, path, node.line)
        else:
            return text
        return None

    def flag(self, node: Node, path: str) -> bool | None:
        if _is_null(node):
            return None
        if node.kind == "scalar" and node.tag == "bool":
            return node.text.lower() in _TRUE
        self.note("error", "type", "This is true or false, without quotes.", path, node.line)
        return None

    def items(self, node: Node, path: str, *, what: str) -> list[Node] | None:
        """A list's entries; a key without a value is an empty list, which is worth a word."""
        if _is_null(node):
            message = "Nothing is written here, which means an empty list. Write [] to say so."
            self.note("warning", "list.null", message, path, node.line)
            return []
        if node.kind != "list" or node.tag not in ("list", "seq"):
            self._shape(node, path, f"This is a list of {what}")
            return None
        return node.children

    def logins(self, node: Node, path: str) -> tuple[Login, ...] | None:
        items = self.items(node, path, what="logins")
        if items is None:
            return None
        found = (self._login(item, f"{path}[{index}]") for index, item in enumerate(items))
        return tuple(login for login in found if login is not None)

    def names(self, node: Node, path: str) -> tuple[str, ...]:
        items = self.items(node, path, what="names") or ()
        found: list[str] = []
        for index, item in enumerate(items):
            place = f"{path}[{index}]"
            text = self._entry(item, place)
            name = None if text is None else self.check_name(text, place, item.line)
            if name is not None:
                found.append(name)
        return tuple(found)

    def plain(self, node: Node, path: str) -> object:
        """The value as bare Python data, for what is kept and not yet understood."""
        if node.kind == "list":
            return [self.plain(item, f"{path}[{n}]") for n, item in enumerate(node.children)]
        if node.kind == "map":
            fields = self.fields(node, path, what="This")
            return {key: self.plain(value, step(path, key)) for key, (_, value) in fields.items()}
        if node.tag == "null":
            return None
        return node.text.lower() in _TRUE if node.tag == "bool" else node.text

    def _key(self, node: Node, path: str) -> str | None:
        if node.kind == "scalar" and node.tag == "merge":
            message = "Merge keys ('<<') are not read. Write the entries out."
            self.note("error", "key.merge", message, path, node.line)
            return None
        if _is_null(node):
            message = f'A key is missing before the colon. Write "{node.text}" if that is a name.'
            self.note("error", "key.missing", message, path, node.line)
            return None
        key = self.text(node, path)
        if key is not None and len(key) > EMAIL_MAX:
            message = f"This key is longer than {EMAIL_MAX} characters. Shorten it."
            self.note("error", "key.too_long", message, path, node.line)
            return None
        return key

    def _entry(self, node: Node, path: str) -> str | None:
        """One entry of a list of names or logins, which is never nothing."""
        if _is_null(node):
            message = "This entry is empty. Take it out, or put the name in quotes."
            self.note("error", "list.empty_entry", message, path, node.line)
            return None
        return self.text(node, path)

    def _login(self, node: Node, path: str) -> Login | None:
        text = self._entry(node, path)
        if text is None:
            return None
        value = text.removeprefix("@")
        is_email = "@" in value
        if len(value) > (EMAIL_MAX if is_email else LOGIN_MAX):
            limit = EMAIL_MAX if is_email else LOGIN_MAX
            message = f"'{value[:40]}…' is longer than {limit} characters."
            self.note("error", "login.too_long", message, path, node.line)
        elif not (_EMAIL if is_email else _LOGIN).fullmatch(value):
            message = (
                f"{text!r} is not a login. A login has letters, digits, '-', '_' and '.', "
                "or is an e-mail address."
            )
            self.note("error", "login.invalid", message, path, node.line)
        else:
            return Login(value, value.lower(), node.line)
        return None

    def _shape(self, node: Node, path: str, expected: str) -> None:
        message = f"{expected}, and {_SHAPES[node.kind]} stands here."
        self.note("error", "type", message, path, node.line)


def _is_null(node: Node) -> bool:
    return node.kind == "scalar" and node.tag == "null"


def one_line(text: str) -> str:
    """Composed characters and single spaces, as every name is stored."""
    text = " ".join(text.split())
    # Composing takes time by the square of how many marks stand on one letter, and what is too
    # long even when composed is refused in any case.
    if len(text) > DESCRIPTION_MAX * COMPOSED:
        return text
    return " ".join(unicodedata.normalize("NFC", text).split())


def _hidden(text: str) -> str:
    """The first characters that nobody sees; the joiner that emoji and scripts need is none."""
    if text.isprintable():
        return ""
    found = {
        f"U+{ord(char):04X}"
        for char in text
        if char != "\u200d" and unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co")
    }
    return ", ".join(sorted(found)[:5])
