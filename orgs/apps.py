from django.apps import AppConfig
from django.contrib.admin import apps as admin


class OrgsConfig(AppConfig):
    default = True
    name = "orgs"
    verbose_name = "Organizations"

    def ready(self) -> None:
        from orgs.actions import sign_ins

        sign_ins.connect()


class PortalConfig(admin.SimpleAdminConfig):
    """Django’s admin with the portal as its site, and no other app’s models in it."""

    default = False
    default_site = "orgs.portal.Portal"
