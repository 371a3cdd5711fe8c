"""`manage.py prepare_database`: the roles and the database, before the first migration."""

import os
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import database, logins


class Command(BaseCommand):
    help = "Create the roles of the web process, the portal and the owner, and the database."
    # It runs before there is anything to check or to migrate.
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--admin-url",
            default=os.environ.get("DATABASE_ADMIN_URL", ""),
            help="a role that may create roles and databases; not needed for the embedded server",
        )
        parser.add_argument(
            "--for-tests",
            action="store_true",
            help="let the owner create databases, as a test run needs",
        )

    def handle(self, *args: Any, admin_url: str, for_tests: bool, **options: Any) -> None:
        urls = database.urls(settings.BASE_DIR, os.environ)
        admin = admin_url or urls.admin
        if admin is None:
            raise CommandError(
                "Name a role that may create roles: --admin-url or DATABASE_ADMIN_URL."
            )
        if urls.owner is None:
            raise CommandError("Set DATABASE_OWNER_URL: the owner runs the migrations.")
        try:
            logins.prepare(
                admin,
                web_url=urls.web,
                owner_url=urls.owner,
                portal_url=urls.portal,
                # The embedded server is one developer's own, and their tests run on it.
                for_tests=for_tests or urls.admin is not None,
                say=self.stdout.write,
            )
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
