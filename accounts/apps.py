from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        from accounts import checks  # noqa: F401  # Importing it registers the check.
        from config.rights import grant_shared_tables

        post_migrate.connect(grant_shared_tables, sender=self)
