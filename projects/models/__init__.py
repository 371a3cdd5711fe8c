"""What is stored below an organization: workspaces, projects, resources, and who has which role."""

from projects.models.calls import Call, Receipt
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
from projects.models.insights import ExecutionWeek, ProjectInsights
from projects.models.keys import (
    Key,
    KeySecret,
    ServiceAccount,
    ServiceAccountProject,
    ServiceToken,
)
from projects.models.limits import Limit, Meter, ModelPrice, Reservation
from projects.models.projects import Project, Secret
from projects.models.providers import ModelProvider, ProjectProvider
from projects.models.records import Execution, HumanTask
from projects.models.requests import InvitationProject, Request
from projects.models.resources import Integration, Resource, ResourceVersion
from projects.models.workspaces import Workspace

__all__ = [
    "Call",
    "EnvironmentClass",
    "Execution",
    "ExecutionWeek",
    "FormerPart",
    "HumanTask",
    "Integration",
    "InvitationProject",
    "Key",
    "KeySecret",
    "Limit",
    "Meter",
    "ModelPrice",
    "ModelProvider",
    "Project",
    "ProjectEnvironment",
    "ProjectGrant",
    "ProjectGroupGrant",
    "ProjectInsights",
    "ProjectProvider",
    "Receipt",
    "Request",
    "Reservation",
    "Resource",
    "ResourceGrant",
    "ResourceGroupGrant",
    "ResourceVersion",
    "Secret",
    "ServiceAccount",
    "ServiceAccountProject",
    "ServiceToken",
    "Workspace",
    "WorkspaceGrant",
    "WorkspaceGroupGrant",
]
