"""Why a call was refused: codes and their words, for the interface, the pages and the ledger.

The codes come from `key_verify`; what each of them means is decided there, not here.
"""

from __future__ import annotations

from dataclasses import dataclass

# The layer that refused, as it stands in a sentence.
LAYERS: dict[str, str] = {
    "plan": "the plan",
    "organization": "the organization",
    "group": "the cost centre",
    "project": "the project",
    "creator": "the holder",
    "key": "the key",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason: a short label for a table, and a sentence that says what was wrong.

    The sentence may name {layer}: whose limit it was.
    """

    label: str
    sentence: str


REFUSALS: dict[str, Refusal] = {
    "unknown": Refusal("Unknown key", "No key here has this secret."),
    "revoked": Refusal("Revoked", "The key was revoked."),
    "expired": Refusal("Expired", "The key has expired."),
    "rotated_out": Refusal("Old secret", "This secret was replaced, and its overlap is over."),
    "organization_closed": Refusal(
        "Organization closed", "The organization is suspended, archived or being deleted."
    ),
    "scope": Refusal("Outside the scope", "The key may not do this: its scope leaves it out."),
    "other_project": Refusal("Other project", "The key does not work in this place."),
    "project_closed": Refusal("Project closed", "The project is archived or deleted."),
    "personal_keys": Refusal("Personal keys off", "The project does not allow personal keys now."),
    "holder_inactive": Refusal("Holder inactive", "Whoever the key acts for has no access now."),
    "permission": Refusal("No permission", "Whoever the key acts for may not do this."),
    "network": Refusal("Network", "The address is outside the networks that {layer} allows."),
    "task": Refusal("Task", "The task is not among those that {layer} allows."),
    "model": Refusal("Model", "The model is not among those that {layer} allows."),
    "budget": Refusal("Budget", "The budget of {layer} does not cover this call."),
    "rpm": Refusal("Rate limit", "The requests a minute of {layer} are used up."),
    "no_price": Refusal("No price", "A budget applies, and no price is known for this model."),
}


def label_of(reason: str) -> str:
    """The label of a reason; of a code that is gone from the table, the code in words."""
    known = REFUSALS.get(reason)
    return known.label if known else reason.replace("_", " ").capitalize()


def sentence_of(reason: str, layer: str = "") -> str:
    """The sentence of a reason, with the layer whose limit it was; empty for no reason."""
    known = REFUSALS.get(reason)
    if known is None:
        return f"{label_of(reason)}." if reason else ""
    return known.sentence.format(layer=LAYERS.get(layer, "a layer"))
