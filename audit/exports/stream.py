"""An export as it leaves, a piece at a time: constant memory, no transaction between two pieces.

Each piece opens the log anew. Whoever may no longer read it gets no further piece, and the file
ends without its end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

from django.http import StreamingHttpResponse

from audit.exports import comma, lines, ocsf_lines
from audit.exports.export import Export, Form
from audit.exports.reading import Row, chunk

Opening = Callable[[], AbstractContextManager[Any]]
"""A transaction bound to the log, for who may still read it; it raises for anybody else."""


class Writer(Protocol):
    """How a form of file begins, how its entries read, how it ends, and how it breaks off."""

    def head(self, export: Export) -> bytes: ...
    def block(self, export: Export, rows: list[Row]) -> bytes: ...
    def tail(self, export: Export, written: int, digest: str) -> bytes: ...
    def cut(self, export: Export, written: int) -> bytes: ...


WRITERS: dict[Form, Writer] = {Form.CSV: comma, Form.JSONL: lines, Form.OCSF: ocsf_lines}


class NoLongerAllowedError(Exception):
    """Whoever reads the export may not read the log any more."""


def answered(
    export: Export, opened: Opening, give_back: Callable[[], None]
) -> StreamingHttpResponse:
    """The file as an answer. `give_back` is called at its end, however it comes."""
    response = StreamingHttpResponse(
        _until_read(_pieces(export, opened), give_back), content_type=export.content_type
    )
    # Whoever goes away before the first line, or asks for the head alone, reads nothing.
    response._resource_closers.append(give_back)  # type: ignore[attr-defined]
    for name, value in export.headers.items():
        response[name] = value
    return response


def _until_read(pieces: Iterator[bytes], give_back: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from pieces
    finally:
        give_back()


def _pieces(export: Export, opened: Opening) -> Iterator[bytes]:
    """The file. `digest` is of every byte before its tail, which may be signed."""
    writer, written, digest = WRITERS[export.form], 0, hashlib.sha256()
    try:
        for piece, entries in _blocks(export, opened):
            digest.update(piece)
            written += entries
            yield piece
    except Exception:
        # Not every server breaks the connection: what was sent would pass for all there is.
        yield writer.cut(export, written)
        raise
    yield writer.tail(export, written, digest.hexdigest())


def _blocks(export: Export, opened: Opening) -> Iterator[tuple[bytes, int]]:
    """Everything before the tail, each piece with the number of its entries."""
    writer, after = WRITERS[export.form], export.first - 1
    yield writer.head(export), 0
    while after < export.newest:
        with opened():
            rows = chunk(export, after=after)
        if not rows:
            return
        yield writer.block(export, rows), len(rows)
        after = rows[-1].entry.sequence
