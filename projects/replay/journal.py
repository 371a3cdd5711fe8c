"""What has been sent, on disk, so that a replay goes on where it was stopped."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from projects.replay.trace import Row


class Journal:
    """What became of each row.

    A row that was allowed and not reported is reported under the same name as before, so that it
    is never counted twice.
    """

    def __init__(self, path: Path, run: str) -> None:
        self.path, self.run = path, run
        self.allowed: dict[str, str] = {}
        self.ended: dict[str, tuple[str, int]] = {}
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        for line in path.read_text().splitlines() if path.exists() else ():
            self._remember(line)
        self._file = path.open("a")
        if path.stat().st_size == 0:
            self._write({"run": run})

    def _remember(self, line: str) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return  # The last line of a process that was killed.
        if "run" in said:
            self.run = said["run"]
        elif "verification" in said:
            self.allowed[said["row"]] = said["verification"]
        else:
            self.ended[said["row"]] = (said["ended"], said["cost"])

    def allow(self, row: Row, verification: str) -> None:
        self._write({"row": row.name, "verification": verification})

    def end(self, row: Row, how: str, cost: int = 0) -> None:
        """`how` is a reason of refusal, or empty where it was settled."""
        self._write({"row": row.name, "ended": how, "cost": cost})

    def _write(self, said: Mapping[str, Any]) -> None:
        with self._lock:
            self._file.write(json.dumps(said) + "\n")
            self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._file.close()
