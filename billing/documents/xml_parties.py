"""Seller (BG-4) and buyer (BG-7) in the CII syntax, with their addresses and numbers."""

from __future__ import annotations

from billing.documents.codes import vat_number
from billing.documents.paper import Party
from billing.documents.text import clean, clean_lines
from billing.documents.xml_tree import Tag, leaf, node


def write_party(parent: Tag, party: Party, *, seller: bool, outside: bool) -> None:
    """Everything known of the party. `outside` of the tax, no VAT number is named (BR-O-02)."""
    vat, registration, identifier = _numbers(party, seller=seller, outside=outside)
    leaf(parent, "ram:ID", identifier)
    leaf(parent, "ram:Name", clean(party.name))
    if registration:
        leaf(node(parent, "ram:SpecifiedLegalOrganization"), "ram:ID", registration)
    _contact(parent, party)
    _address(node(parent, "ram:PostalTradeAddress"), party)
    _electronic_address(parent, party)
    if vat:
        leaf(node(parent, "ram:SpecifiedTaxRegistration"), "ram:ID", vat, schemeID="VA")
    elif seller and not vat_number(party.tax_id) and (national := clean(party.tax_id)):
        leaf(node(parent, "ram:SpecifiedTaxRegistration"), "ram:ID", national, schemeID="FC")


def _numbers(party: Party, *, seller: bool, outside: bool) -> tuple[str, str, str]:
    """VAT number, registration and identifier, such that the party can always be told.

    A buyer's national tax number has no place of its own; it stands in for the registration that
    BR-AE-02 asks for. A seller without any other number is told by its tax number (BR-CO-26).
    """
    tax_id, vat = clean(party.tax_id), vat_number(party.tax_id)
    registration, identifier = clean(party.registration), clean(party.identifier)
    if not seller and not vat:
        registration = registration or tax_id
    if seller and not (registration or identifier or (vat and not outside)):
        identifier = vat or tax_id
    return "" if outside else vat, registration, identifier


def _contact(parent: Tag, party: Party) -> None:
    """BG-6 and BG-9; a name and a way to reach it (BR-DE-5 to BR-DE-7)."""
    if not any(map(clean, (party.contact, party.phone, party.email))):
        return
    contact = node(parent, "ram:DefinedTradeContact")
    leaf(contact, "ram:PersonName", clean(party.contact) or clean(party.name))
    if phone := clean(party.phone):
        leaf(node(contact, "ram:TelephoneUniversalCommunication"), "ram:CompleteNumber", phone)
    if email := clean(party.email):
        leaf(node(contact, "ram:EmailURIUniversalCommunication"), "ram:URIID", email)


def _electronic_address(parent: Tag, party: Party) -> None:
    """BT-34 and BT-49; an e-mail address where nothing better is known."""
    known, scheme = clean(party.address), clean(party.address_scheme)
    address, scheme = (known, scheme) if known else (clean(party.email), "EM")
    if address:
        leaf(node(parent, "ram:URIUniversalCommunication"), "ram:URIID", address, schemeID=scheme)


def _address(parent: Tag, party: Party) -> None:
    street = clean_lines(party.street)
    leaf(parent, "ram:PostcodeCode", clean(party.postcode))
    leaf(parent, "ram:LineOne", "".join(street[:1]))
    leaf(parent, "ram:LineTwo", "".join(street[1:2]))
    leaf(parent, "ram:LineThree", ", ".join(street[2:]))
    leaf(parent, "ram:CityName", clean(party.city))
    leaf(parent, "ram:CountryID", party.country)
    leaf(parent, "ram:CountrySubDivisionName", clean(party.region))
