"""From untrusted text to a tree of YAML nodes that know their lines, within firm limits.

Nothing is constructed from the file but strings. What the nodes mean for a roster is the
business of `peribolos`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, cast

import yaml
from yaml.resolver import Resolver

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 64
MAX_NODES = 500_000
MAX_ALIASES = 100

Kind = Literal["scalar", "list", "map"]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STANDARD = "tag:yaml.org,2002:"
_PLAIN_TAGS = {"str", "null", "bool", "int", "float", "timestamp", "merge", "value"}
_RESOLVER = Resolver()
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


class UnreadableError(Exception):
    """The text cannot be read at all; `line` is where, if known."""

    def __init__(self, code: str, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.line = line


@dataclass(slots=True)
class Node:
    """A piece of the file; a map holds its keys and values in turn in `children`.

    `tag` is the short name of a standard type ("str", "null", …) or the tag as written.
    """

    kind: Kind
    line: int
    tag: str
    text: str = ""
    children: list[Node] = field(default_factory=list)
    size: int = 1
    height: int = 1

    def pairs(self) -> Iterator[tuple[Node, Node]]:
        return zip(self.children[::2], self.children[1::2], strict=True)


def parse(source: str | bytes) -> Node:
    """The tree of the one document in `source`; raises `UnreadableError`."""
    text = _decoded(source)
    try:
        root = _Builder().build(text)
    except yaml.YAMLError as error:
        raise _not_yaml(error, text) from error
    if root is None:
        raise UnreadableError("file.empty", "The file is empty. It starts with 'orgs:'.")
    return root


def _decoded(source: str | bytes) -> str:
    # One character is at least one byte, so the cheap length spares encoding a huge text.
    if len(source) > MAX_BYTES or (
        isinstance(source, str) and len(source.encode("utf-8", "surrogatepass")) > MAX_BYTES
    ):
        limit = MAX_BYTES // (1024 * 1024)
        raise UnreadableError("file.too_large", f"The file is larger than {limit} MiB. Split it.")
    try:
        text = source.decode("utf-8") if isinstance(source, bytes) else source
    except UnicodeDecodeError as error:
        line = cast(bytes, source)[: error.start].count(b"\n") + 1
        message = "This is not UTF-8 text. Save the file as UTF-8."
        raise UnreadableError("file.not_utf8", message, line) from error
    text = text.removeprefix("\ufeff")
    if bad := _NOT_TEXT.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        message = f"The character U+{ord(bad[0]):04X} does not belong in text. Delete it."
        raise UnreadableError("file.control_character", message, line)
    return text


def _not_yaml(error: yaml.YAMLError, text: str) -> UnreadableError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    reason = getattr(error, "problem", None) or "unknown reason"
    message = (
        f"This is not YAML: {reason}. Look at the indentation (spaces, no tabs), "
        "the colons and the quotes around here."
    )
    # The parser places a fault at the end of the file on the line after the last.
    line = min(mark.line + 1, text.count("\n") + 1) if mark else None
    return UnreadableError("file.not_yaml", message, line)


class _Builder:
    """Builds the tree from parser events, without recursion, so depth is ours to limit."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self.open: list[tuple[Node, str | None]] = []
        self.anchors: dict[str, Node] = {}
        self.nodes = 0
        self.aliases = 0

    def build(self, text: str) -> Node | None:
        documents = 0
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.ScalarEvent):
                self._add(_scalar(event), event.anchor)
            elif isinstance(event, yaml.SequenceStartEvent):
                self._start(event, "list")
            elif isinstance(event, yaml.MappingStartEvent):
                self._start(event, "map")
            elif isinstance(event, yaml.CollectionEndEvent):
                self._add(*self.open.pop())
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event)
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    message = "A second document ('---') starts here. Put each in its own file."
                    raise UnreadableError("file.many_documents", message, _line(event))
        # A file of comments, or of nothing but '---', is one empty scalar or none at all.
        if self.root and self.root.kind == "scalar" and self.root.tag == "null":
            return None
        return self.root

    def _start(self, event: yaml.CollectionStartEvent, kind: Kind) -> None:
        if len(self.open) >= MAX_DEPTH:
            raise _too_deep(_line(event))
        tag = _short(event.tag) if event.tag else kind
        self.open.append((Node(kind, _line(event), tag), event.anchor))

    def _alias(self, event: yaml.AliasEvent) -> None:
        self.aliases += 1
        if self.aliases > MAX_ALIASES:
            message = f"More than {MAX_ALIASES} aliases ('*name'). Write the lists out."
            raise UnreadableError("file.too_many_aliases", message, _line(event))
        target = self.anchors.get(event.anchor or "")
        if target is None:
            message = f"The alias '*{event.anchor}' has no finished '&{event.anchor}' above it."
            raise UnreadableError("file.alias", message, _line(event))
        if len(self.open) + target.height > MAX_DEPTH:
            raise _too_deep(_line(event))
        self._add(target, None)

    def _add(self, node: Node, anchor: str | None) -> None:
        """Hang a finished node under the open one; aliased parts count each time."""
        self.nodes += 1
        parent = self.open[-1][0] if self.open else None
        if anchor:
            self.anchors[anchor] = node
        if parent is None:
            self.root = node
            return
        parent.children.append(node)
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if parent.size > MAX_NODES or self.nodes > MAX_NODES:
            message = f"The file holds more than {MAX_NODES:,} entries. Split it."
            raise UnreadableError("file.too_many_entries", message, node.line)


def _scalar(event: yaml.ScalarEvent) -> Node:
    tag = event.tag
    if not tag or tag == "!":
        resolve = cast(Callable[..., str], _RESOLVER.resolve)
        tag = resolve(yaml.ScalarNode, event.value, event.implicit)
    return Node("scalar", _line(event), _short(tag), event.value)


def _short(tag: str) -> str:
    name = tag.removeprefix(_STANDARD)
    return name if name in _PLAIN_TAGS or name in ("seq", "map") else tag


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _too_deep(line: int) -> UnreadableError:
    message = f"The file is nested more than {MAX_DEPTH} levels deep here. Flatten it."
    return UnreadableError("file.too_deep", message, line)
