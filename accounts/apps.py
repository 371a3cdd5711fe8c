from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        from config.rights import grant_shared_tables

        post_migrate.connect(grant_shared_tables, sender=self)
