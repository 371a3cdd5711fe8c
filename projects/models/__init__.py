"""What is stored below an organization: workspaces, projects, resources, and who has which role."""

from projects.models.environments import EnvironmentClass, ProjectEnvironment
from projects.models.former import FormerPart
from projects.models.grants import (
    ProjectGrant,
    ProjectGroupGrant,
    ResourceGrant,
    ResourceGroupGrant,
    WorkspaceGrant,
    WorkspaceGroupGrant,
)
from projects.models.projects import Project, Secret
from projects.models.records import Execution, HumanTask
from projects.models.requests import InvitationProject, Request
from projects.models.resources import Integration, Resource, ResourceVersion
from projects.models.workspaces import Workspace

__all__ = [
    "EnvironmentClass",
    "Execution",
    "FormerPart",
    "HumanTask",
    "Integration",
    "InvitationProject",
    "Project",
    "ProjectEnvironment",
    "ProjectGrant",
    "ProjectGroupGrant",
    "Request",
    "Resource",
    "ResourceGrant",
    "ResourceGroupGrant",
    "ResourceVersion",
    "Secret",
    "Workspace",
    "WorkspaceGrant",
    "WorkspaceGroupGrant",
]
