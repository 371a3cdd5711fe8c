"""Row security, rights and composite keys of everything below an organization."""

from __future__ import annotations

from django.db import migrations

from orgs.walls import CASCADE, SET_NULL, wall

MEMBER, GROUP = "orgs_membership", "orgs_group"
WORKSPACE, PROJECT, RESOURCE = "projects_workspace", "projects_project", "projects_resource"


def _grants(place: str) -> list[migrations.RunSQL]:
    """A grant goes with its object, and with the membership or the group it was given to."""
    common = {
        "content_object_id": (f"projects_{place}", CASCADE),
        "granted_by_id": (MEMBER, SET_NULL),
    }
    return [
        wall(
            f"projects_{place}grant",
            keys={"user_id": (f"{MEMBER}.person_id", CASCADE), **common},
        ),
        wall(f"projects_{place}groupgrant", keys={"group_id": (GROUP, CASCADE), **common}),
    ]


class Migration(migrations.Migration):
    dependencies = [("projects", "0001_initial"), ("orgs", "0006_group_roles")]

    operations = [
        wall(WORKSPACE),
        wall(PROJECT, keys={"workspace_id": (WORKSPACE, SET_NULL)}),
        wall(
            "projects_secret",
            keys={"project_id": (PROJECT, CASCADE), "changed_by_id": (MEMBER, SET_NULL)},
        ),
        wall(
            RESOURCE,
            keys={
                "project_id": (PROJECT, CASCADE),
                "created_by_id": (MEMBER, SET_NULL),
                "published_by_id": (MEMBER, SET_NULL),
            },
        ),
        wall(
            "projects_resourceversion",
            keys={"resource_id": (RESOURCE, CASCADE), "changed_by_id": (MEMBER, SET_NULL)},
        ),
        wall("projects_environmentclass", keys={"runner_id": (RESOURCE, SET_NULL)}),
        wall(
            "projects_projectenvironment",
            keys={
                "project_id": (PROJECT, CASCADE),
                "environment_class_id": ("projects_environmentclass", CASCADE),
            },
        ),
        wall("projects_integration", keys={"runner_id": (RESOURCE, SET_NULL)}),
        *_grants("workspace"),
        *_grants("project"),
        *_grants("resource"),
        wall(
            "projects_request",
            keys={
                "requested_by_id": (MEMBER, CASCADE),
                "for_member_id": (MEMBER, CASCADE),
                "answered_by_id": (MEMBER, SET_NULL),
                "workspace_id": (WORKSPACE, CASCADE),
                "project_id": (PROJECT, CASCADE),
                "resource_id": (RESOURCE, CASCADE),
                "group_id": (GROUP, CASCADE),
            },
        ),
        wall(
            "projects_invitationproject",
            keys={
                "invitation_id": ("orgs_invitation", CASCADE),
                "project_id": (PROJECT, CASCADE),
            },
        ),
        # Reported from outside, many a second: they are records themselves.
        wall(
            "projects_execution",
            keys={
                "project_id": (PROJECT, CASCADE),
                "resource_id": (RESOURCE, SET_NULL),
                "started_by_id": (MEMBER, SET_NULL),
            },
            recorded=None,
        ),
        wall(
            "projects_humantask",
            keys={
                "project_id": (PROJECT, CASCADE),
                "resource_id": (RESOURCE, SET_NULL),
                "assigned_to_id": (MEMBER, SET_NULL),
                "done_by_id": (MEMBER, SET_NULL),
            },
        ),
    ]
