"""The source-code hosts and model providers that one may have an account with. Plain data."""

from __future__ import annotations

from dataclasses import dataclass

from config.providers import MODEL_HOSTS
from projects.models import Integration

K = Integration.Kind


@dataclass(frozen=True, kw_only=True, slots=True)
class Provider:
    """One provider; who is at home at one address only needs none."""

    value: str
    label: str
    kind: Integration.Kind
    has_address: bool = False

    @property
    def icon(self) -> str:
        return "code-bracket" if self.kind == K.SCM else "sparkles"


PROVIDERS: dict[str, Provider] = {
    provider.value: provider
    for provider in (
        Provider(value="github", label="GitHub", kind=K.SCM, has_address=True),
        Provider(value="gitlab", label="GitLab", kind=K.SCM, has_address=True),
        Provider(value="bitbucket", label="Bitbucket", kind=K.SCM, has_address=True),
        Provider(value="gitea", label="Gitea", kind=K.SCM),
        Provider(value="azure_devops", label="Azure DevOps", kind=K.SCM),
        *(
            Provider(value=host.value, label=host.label, kind=K.LLM, has_address=host.has_address)
            for host in MODEL_HOSTS.values()
        ),
    )
}


def choices(*kinds: Integration.Kind) -> list[tuple[str, list[tuple[str, str]]]]:
    """The providers by kind, those of every kind or of these, for a select."""
    return [
        (str(kind.label), [(p.value, p.label) for p in PROVIDERS.values() if p.kind == kind])
        for kind in kinds or K
    ]
