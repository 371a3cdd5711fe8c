"""Reads of environment classes: all of them with how many projects chose each, and a project's."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from orgs.access import Access
from projects.models import EnvironmentClass, Project, ProjectEnvironment, Resource


def environment_classes(org: UUID) -> QuerySet[EnvironmentClass]:
    """Every class by name, with its runner. An organization has 200 at most."""
    classes = EnvironmentClass.objects.in_org(org).select_related("runner")
    return classes.order_by("sort_name", "id")


def environment_class_list(org: UUID) -> list[EnvironmentClass]:
    """Every class, each with the number of projects that chose it (`projects`). One query."""
    chosen = ProjectEnvironment.objects.in_org(org).filter(environment_class=OuterRef("pk"))
    counted = chosen.order_by().values("environment_class").annotate(n=Count("pk")).values("n")
    return list(environment_classes(org).annotate(projects=Coalesce(Subquery(counted), 0)))


def projects_on(environment_class: EnvironmentClass) -> int:
    """How many projects chose it."""
    rows = ProjectEnvironment.objects.in_org(environment_class.organization_id)
    return rows.filter(environment_class=environment_class).count()


def chosen_by(project: Project) -> list[EnvironmentClass]:
    """The classes that a project may run on, by name. One query."""
    classes = environment_classes(project.organization_id)
    return list(classes.filter(choices__project=project))


def runner_choices(access: Access) -> QuerySet[Resource]:
    """The runners that this person may name, by name."""
    runners: QuerySet[Resource] = access.visible(Resource.objects.filter(kind=Resource.Kind.RUNNER))
    return runners.order_by("sort_name", "id")
