from django.apps import AppConfig
from django.core import checks


class ConfigConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config.portal import portal_has_a_role
        from config.vault import secrets_have_a_key

        checks.register(portal_has_a_role, checks.Tags.security)
        checks.register(secrets_have_a_key, checks.Tags.security)
