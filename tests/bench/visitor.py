"""A signed-in browser in front of the whole application, asked as a server would ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.util import setup_testing_defaults

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import override_settings

from accounts.models import User
from tests.factories import sign_in

TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")


class Visitor:
    """GETs a page through every middleware; the connection goes back to its pool each time."""

    def __init__(self, application: WSGIHandler, person: User | None = None) -> None:
        self.application = application
        self.cookie = ""
        if person is not None:
            morsel = sign_in(person).cookies[settings.SESSION_COOKIE_NAME]
            self.cookie = f"{morsel.key}={morsel.value}"

    def page(self, path: str, query: str = "") -> Callable[[], bytes]:
        """The work of one GET, ready to be timed. It was answered with 200 once already."""
        environ: dict[str, Any] = {
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "HTTP_COOKIE": self.cookie,
            "HTTP_USER_AGENT": "bench",
            "REMOTE_ADDR": "127.0.0.1",
        }
        setup_testing_defaults(environ)

        def get() -> bytes:
            said: list[str] = []
            answer = self.application(
                dict(environ), lambda status, headers, *_: said.append(status)
            )
            body = b"".join(answer)
            answer.close()
            assert said == ["200 OK"], (path, query, said)
            return body

        get()
        return get


def applications() -> tuple[WSGIHandler, WSGIHandler]:
    """The application as it is served, and one without any middleware for the floor."""
    with override_settings(MIDDLEWARE=[]):
        bare = WSGIHandler()
    return WSGIHandler(), bare


def queries_of(get: Callable[[], bytes]) -> int:
    """How often a page asks the database, not counting where transactions begin and end."""
    with _statements() as asked:
        get()
    return sum(not sql.startswith(TRANSACTION) for sql in asked)


@contextmanager
def _statements() -> Iterator[list[str]]:
    asked: list[str] = []

    def note(execute: Any, sql: Any, *rest: Any) -> Any:
        asked.append(str(sql))
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        yield asked
