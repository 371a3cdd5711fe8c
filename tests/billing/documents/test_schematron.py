"""The official EN 16931 rules, where somebody has them: EN16931_RULES names their folder.

See docs/e-invoicing.md. The rules and what runs them are no part of the project, so that a usual
run skips this.
"""

import os
from pathlib import Path

import pytest

from billing.documents.xml import invoice_xml
from tests.billing.documents.cases import CASES
from tests.billing.documents.schematron import everything, findings

FOLDER = os.environ.get("EN16931_RULES", "")


pytestmark = pytest.mark.skipif(
    not FOLDER, reason="EN16931_RULES names no folder with the compiled rules"
)


def test_the_official_rules_find_nothing() -> None:
    pytest.importorskip("saxonche")
    pytest.importorskip("lxml")
    found = everything(Path(FOLDER))
    assert found, "The folder has no rules for CII."
    said = {
        rules: {name: bad for name, bad in cases.items() if bad} for rules, cases in found.items()
    }
    assert said == {rules: {} for rules in found}


def test_the_rules_do_find_what_is_wrong() -> None:
    pytest.importorskip("saxonche")
    (rules,) = Path(FOLDER).rglob("EN16931-CII-validation.xslt")
    good = invoice_xml(CASES["standard rate"])
    wrong = good.replace(b"<ram:DuePayableAmount>1887.01", b"<ram:DuePayableAmount>1887.02")
    assert wrong != good
    (said,) = findings(rules, {"wrong": wrong})["wrong"]
    assert "BR-CO-16" in said
