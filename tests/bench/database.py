"""The benchmarks' own database: made as any installation's, seeded once, kept until --drop.

What is in it is in `seed.py`.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from config import database, logins

BASE_DIR = Path(__file__).resolve().parents[2]


class BenchDatabase:
    """One database of this name in the configured server, as web role and as owner."""

    def __init__(self, name: str) -> None:
        urls = database.urls(BASE_DIR, os.environ)
        admin = urls.admin or os.environ.get("DATABASE_ADMIN_URL")
        if admin is None or urls.owner is None:
            raise SystemExit("Set DATABASE_OWNER_URL and DATABASE_ADMIN_URL to run the benchmarks.")
        self.name, self.admin = name, admin
        self.web = make_conninfo(urls.web, dbname=name)
        self.owner = make_conninfo(urls.owner, dbname=name)

    def prepare(self) -> None:
        """Create what is missing, and let Django's settings mean this database.

        As in production: no debugging, so templates are cached and no query is logged.
        """
        logins.prepare(self.admin, web_url=self.web, owner_url=self.owner, say=lambda line: None)
        os.environ |= {
            "DATABASE_URL": self.web,
            "DATABASE_OWNER_URL": self.owner,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DEBUG": "0",
            "DEMO": "0",
        }
        os.environ.setdefault("SECRET_KEY", secrets.token_urlsafe(50))

    def drop(self) -> None:
        with psycopg.connect(self.admin, autocommit=True) as admin:
            statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            admin.execute(statement.format(sql.Identifier(self.name)))

    def as_owner(self) -> psycopg.Connection[Any]:
        # The seed's statements take parameters where the server would let none be bound.
        return psycopg.connect(self.owner, autocommit=True, cursor_factory=psycopg.ClientCursor)

    def as_web(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.web, autocommit=True)
