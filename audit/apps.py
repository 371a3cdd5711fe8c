from django.apps import AppConfig
from django.core import checks


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = "Audit log"

    def ready(self) -> None:
        from audit.signing import keys_are_there

        checks.register(keys_are_there, checks.Tags.security)
