"""The official EN 16931 rules over our documents, by hand or from a test.

    python -m tests.billing.documents.schematron FOLDER

FOLDER holds `EN16931-CII-validation.xslt` (and, if wanted, further compiled rules for CII) and
may hold the schema `CrossIndustryInvoice_100pD16B.xsd`, anywhere below it. Needs the packages
saxonche and lxml, which are no dependencies of the project. See docs/e-invoicing.md.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from billing.documents.xml import EN_16931, PEPPOL, XRECHNUNG, invoice_xml
from tests.billing.documents.cases import CASES

SVRL = "{http://purl.oclc.org/dsdl/svrl}"


def profile_of(rules: Path) -> str:
    """What a document claims (BT-24) is what these rules look for."""
    name = rules.name.lower()
    return PEPPOL if "peppol" in name else XRECHNUNG if "xrechnung" in name else EN_16931


def findings(rules: Path, documents: dict[str, bytes]) -> dict[str, list[str]]:
    """What the compiled rules say of each document: "flag id: sentence"."""
    from saxonche import PySaxonProcessor

    found: dict[str, list[str]] = {}
    with PySaxonProcessor(license=False) as processor:
        stylesheet: Any = processor.new_xslt30_processor().compile_stylesheet(
            stylesheet_file=str(rules)
        )
        for name, document in documents.items():
            source = processor.parse_xml(xml_text=document.decode())
            text = stylesheet.transform_to_string(xdm_node=source)
            report = ElementTree.fromstring(text)  # noqa: S314 (our own document, reported on)
            if report.find(f"{SVRL}fired-rule") is None:
                raise AssertionError(f"{rules.name} looked at nothing in {name}")
            found[name] = [
                f"{failed.get('flag')} {failed.get('id')}: {''.join(failed.itertext()).strip()}"
                for tag in ("failed-assert", "successful-report")
                for failed in report.iter(f"{SVRL}{tag}")
            ]
    return found


def schema_findings(schema: Path, documents: dict[str, bytes]) -> dict[str, list[str]]:
    """What the XML schema says of each document."""
    from lxml import etree

    known = etree.XMLSchema(etree.parse(str(schema)))
    found = {}
    for name, document in documents.items():
        known.validate(etree.fromstring(document))
        found[name] = [error.message for error in known.error_log]
    return found


def everything(folder: Path) -> dict[str, dict[str, list[str]]]:
    """All rules and schemas found below the folder, over all cases."""
    found = {}
    for rules in sorted(folder.rglob("*CII*.xsl*")):
        documents = {
            name: invoice_xml(one, profile=profile_of(rules)) for name, one in CASES.items()
        }
        found[rules.name] = findings(rules, documents)
    for schema in sorted(folder.rglob("CrossIndustryInvoice_100pD16B.xsd")):
        documents = {name: invoice_xml(one) for name, one in CASES.items()}
        found[f"{schema.name} ({schema.parts[-6]})"] = schema_findings(schema, documents)
    return found


def main(folder: str) -> int:
    bad = 0
    for rules, by_case in everything(Path(folder)).items():
        sys.stdout.write(f"{rules}\n")
        for name, said in by_case.items():
            bad += len(said)
            sys.stdout.write("\n      ".join([f"  {name:36} {len(said) or 'clean'}", *said]) + "\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
