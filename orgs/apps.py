from django.apps import AppConfig
from django.contrib.admin import apps as admin
from django.db.models.signals import post_migrate


class OrgsConfig(AppConfig):
    default = True
    name = "orgs"
    verbose_name = "Organizations"

    def ready(self) -> None:
        from accounts.registration import on_inviting
        from orgs.actions import log_flaws, sign_ins
        from orgs.demo import further, lately
        from orgs.portal.rights import grant_portal
        from orgs.queries.invitations import invited_address

        sign_ins.connect()
        log_flaws.connect()
        on_inviting(invited_address)
        further.on_told(lately.set_up)
        post_migrate.connect(grant_portal, sender=self)


class PortalConfig(admin.SimpleAdminConfig):
    """Django’s admin with the portal as its site, and no other app’s models in it."""

    default = False
    default_site = "orgs.portal.Portal"
