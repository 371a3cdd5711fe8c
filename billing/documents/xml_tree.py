"""Elements of the CII syntax by their prefixed names. Escaping is the library's."""

from __future__ import annotations

from xml.etree import ElementTree

_STANDARD = "urn:un:unece:uncefact:data:standard"
NAMESPACES = {
    "rsm": f"{_STANDARD}:CrossIndustryInvoice:100",
    "ram": f"{_STANDARD}:ReusableAggregateBusinessInformationEntity:100",
    "qdt": f"{_STANDARD}:QualifiedDataType:100",
    "udt": f"{_STANDARD}:UnqualifiedDataType:100",
}
for _prefix, _uri in NAMESPACES.items():
    ElementTree.register_namespace(_prefix, _uri)

Tag = ElementTree.Element


def qualified(name: str) -> str:
    """`ram:ID` as ElementTree writes it."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def node(parent: Tag, name: str) -> Tag:
    """A new element for others to fill."""
    return ElementTree.SubElement(parent, qualified(name))


def leaf(parent: Tag, name: str, text: str, **attributes: str) -> None:
    """An element with text; none at all when there is nothing to say (PEPPOL-EN16931-R008)."""
    if text:
        ElementTree.SubElement(parent, qualified(name), attributes).text = text
