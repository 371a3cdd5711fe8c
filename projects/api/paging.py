"""The pages of a search: a token says where the last one ended, and for which search.

It is signed, so that it is taken back from nobody else's search, and the same for the same page.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.core.signing import BadSignature, Signer

from projects.api.problems import ProblemError

DEFAULT_LIMIT, LARGEST_LIMIT = 100, 1_000
_signer = Signer(salt="projects.api.paging")


@dataclass(frozen=True, slots=True)
class Asked:
    """The page that is asked for: behind `after`, at most `limit`."""

    after: str | None
    limit: int
    search: str

    def token(self, after: str | None) -> str:
        """That of the page which begins behind this result."""
        said: str = _signer.sign_object([self.search, self.limit, after])
        return said


def read(token: str | None, limit: int | None, organization: UUID, search: Sequence[str]) -> Asked:
    """Raises ProblemError 400 for a token that is none, or one of another search or limit."""
    named = json.dumps([str(organization), *search])
    about = hashlib.sha256(named.encode()).hexdigest()[:24]
    asked = None if limit is None else min(limit, LARGEST_LIMIT)
    if not token:
        return Asked(None, DEFAULT_LIMIT if asked is None else asked, about)
    try:
        of, before, after = _signer.unsign_object(token)
    except (BadSignature, ValueError):
        raise _refused("page.token is none of this service.") from None
    if of != about:
        raise _refused("page.token belongs to another search.")
    if asked is not None and asked != before:
        raise _refused("page.limit is another than that of page.token.")
    return Asked(after, before, about)


def _refused(detail: str) -> ProblemError:
    return ProblemError(400, "page", detail)
