"""The registry of kinds of resource: the words, the permissions and the form of each."""

from __future__ import annotations

from dataclasses import dataclass

from config.roles import Permission
from projects.forms.kinds.agent import AgentForm
from projects.forms.kinds.automation import AutomationForm
from projects.forms.kinds.knowledge_base import KnowledgeBaseForm
from projects.forms.kinds.runner import RunnerForm
from projects.forms.kinds.tool import ToolForm
from projects.forms.kinds.workflow import WorkflowForm
from projects.forms.resources import ResourceForm
from projects.models import Resource

K, P = Resource.Kind, Permission


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind of resource: its words, its typed form, and what each deed on it takes.

    `room` is the list it stands in where it stands in no project; `use` is what makes it worth
    publishing to the Hub.
    """

    value: str
    label: str
    plural: str
    icon: str
    purpose: str
    form: type[ResourceForm]
    create: Permission
    change: Permission
    delete: Permission
    share: Permission
    history: Permission
    use: Permission | None = None
    room: str = ""

    @property
    def word(self) -> str:
        """The label inside a sentence."""
        return self.label.lower()

    @property
    def words(self) -> str:
        return self.plural.lower()

    @property
    def article(self) -> str:
        return "an" if self.label[0] in "AEIOU" else "a"

    @property
    def create_route(self) -> str:
        return f"{self.value}_create"


def _in_a_project(
    kind: Resource.Kind,
    form: type[ResourceForm],
    plural: str,
    icon: str,
    create: Permission,
    purpose: str,
) -> Kind:
    return Kind(
        value=kind.value,
        label=str(kind.label),
        plural=plural,
        icon=icon,
        purpose=purpose,
        form=form,
        create=create,
        change=create,
        delete=create,
        share=P.PROJECTS_MANAGE_MEMBERS,
        history=P.PROJECTS_VIEW_AUDIT,
        use={K.AGENT: P.AGENTS_CHAT, K.WORKFLOW: P.WORKFLOWS_EXECUTE}.get(kind),
    )


KINDS: dict[str, Kind] = {
    kind.value: kind
    for kind in (
        _in_a_project(
            *(K.AGENT, AgentForm, "Agents", "sparkles", P.AGENTS_CREATE),
            "Answers people, with a model, instructions, tools and knowledge.",
        ),
        _in_a_project(
            *(K.WORKFLOW, WorkflowForm, "Workflows", "arrow-path-rounded-square"),
            *(P.WORKFLOWS_CREATE, "Steps in order: agents, tools, people and conditions."),
        ),
        _in_a_project(
            *(K.TOOL, ToolForm, "Tools", "wrench", P.TOOLS_CREATE),
            "Operations of an MCP server that agents may call.",
        ),
        _in_a_project(
            *(K.KNOWLEDGE_BASE, KnowledgeBaseForm, "Knowledge bases", "book-open"),
            *(P.KNOWLEDGE_BASES_CREATE, "Documents that agents look things up in."),
        ),
        Kind(
            value=K.RUNNER.value,
            label="Runner",
            plural="Runners",
            icon="server-stack",
            purpose="The machines on which work runs.",
            form=RunnerForm,
            create=P.RUNNERS_CREATE,
            change=P.RUNNERS_CHANGE,
            delete=P.RUNNERS_DELETE,
            share=P.RUNNERS_SHARE,
            history=P.RUNNERS_VIEW_LOGS,
            room="runner_list",
        ),
        Kind(
            value=K.AUTOMATION.value,
            label="Automation",
            plural="Automations",
            icon="bolt",
            purpose="Starts a workflow or a command by hand, on a schedule or on an event.",
            form=AutomationForm,
            create=P.AUTOMATIONS_CREATE,
            change=P.AUTOMATIONS_CHANGE,
            delete=P.AUTOMATIONS_DELETE,
            share=P.AUTOMATIONS_SHARE,
            history=P.AUTOMATIONS_VIEW_HISTORY,
            room="automation_list",
        ),
    )
}

# What people use directly, and so find in the Hub.
PUBLISHABLE: dict[str, Permission] = {
    kind.value: kind.use for kind in KINDS.values() if kind.use is not None
}


def kind_of(resource: Resource) -> Kind:
    return KINDS[resource.kind]


# What a lock asks, by the kind of what stands behind it.


def changing(resource: Resource) -> Permission:
    return kind_of(resource).change


def deleting(resource: Resource) -> Permission:
    return kind_of(resource).delete


def sharing(resource: Resource) -> Permission:
    return kind_of(resource).share


def reading_history(resource: Resource) -> Permission:
    return kind_of(resource).history
