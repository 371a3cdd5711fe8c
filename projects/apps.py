from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = "Workspaces and projects"

    def ready(self) -> None:
        from orgs import joining, keys, leaving
        from orgs.demo import further
        from orgs.isolation import lending
        from orgs.roster import above
        from projects.actions import roster
        from projects.actions.joining import give_promised
        from projects.actions.leaving import revoke_of_leavers
        from projects.demo import opening
        from projects.isolation import lend
        from projects.queries.keys import live_keys
        from projects.queries.leaving import keys_that_stop
        from projects.weeks import keep_zone

        above.projects.reads, above.projects.writes = roster.projects_now, roster.WRITERS
        joining.on_joining(give_promised)
        keys.on_finding(live_keys)
        leaving.on_leaving(revoke_of_leavers, tells=keys_that_stop)
        further.on_telling(opening.begin)
        lending.on_lending(lend)
        post_migrate.connect(keep_zone, sender=self)
