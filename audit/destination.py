"""Where checkpoints lie outside the database: a folder with one file for each ledger.

A file only grows, a line for each checkpoint, and a line is on the disk before it counts. Which
checkpoints are still to be brought is for `audit/actions/checkpoints.py`.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from audit import signing

_LONGEST_LINE = 4096


class NowhereError(Exception):
    """No folder is set: the operator has named no place outside the database."""


def append(organization: UUID, checkpoints: Sequence[dict[str, Any]]) -> None:
    """Add these to the ledger's file. Raises OSError and NowhereError."""
    folder = _folder()
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    _append(folder / f"{organization}.jsonl", [json.dumps(line) for line in checkpoints])
    _remember_keys(folder / "keys.jsonl")


def _folder() -> Path:
    if not settings.CHECKPOINT_DIRECTORY:
        raise NowhereError
    return Path(settings.CHECKPOINT_DIRECTORY)


def _remember_keys(path: Path) -> None:
    """The public keys lie beside what they signed: a key that is replaced stays known."""
    known = path.read_bytes() if path.exists() else b""
    new = [key for key in signing.keys_document()["keys"] if key["public"].encode() not in known]
    if new:
        _append(path, [json.dumps(key) for key in new])


def _append(path: Path, lines: Sequence[str]) -> None:
    is_new = not path.exists()
    file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        # Two processes take turns, and what a full disk cut off does not run into the next line.
        fcntl.flock(file, fcntl.LOCK_EX)
        end = _drop_half_a_line(file)
        data = "".join(f"{line}\n" for line in lines).encode()
        if os.write(file, data) != len(data):
            os.ftruncate(file, end)
            raise OSError("The disk is full.")
        os.fsync(file)
    finally:
        os.close(file)
    if is_new:
        _fsync_folder(path.parent)


def _drop_half_a_line(file: int) -> int:
    """Where the file ends. Half a line is what a crash left; it never counted, and comes again."""
    end = os.fstat(file).st_size
    last = os.pread(file, _LONGEST_LINE, max(end - _LONGEST_LINE, 0))
    half = len(last) - last.rfind(b"\n") - 1
    if 0 < half < _LONGEST_LINE:
        os.ftruncate(file, end - half)
        return end - half
    return end


def _fsync_folder(folder: Path) -> None:
    """A new file's name is on the disk as well."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
