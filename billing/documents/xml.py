"""A paper as an EN 16931 invoice in the CII syntax (UN/CEFACT Cross Industry Invoice D16B).

One syntax for invoices and credit notes, and the one that Factur-X embeds into a PDF. The order
of the elements is the schema's. The parties are written in `xml_parties.py`.
"""

from __future__ import annotations

from datetime import date
from xml.etree import ElementTree

from billing.documents.paper import UNIT_CODES, Line, Paper, TaxSum
from billing.documents.rules import check
from billing.documents.text import amount, clean, clean_lines, number
from billing.documents.xml_parties import write_party
from billing.documents.xml_tree import Tag, leaf, node, qualified

# What the document promises to follow (BT-24).
EN_16931 = "urn:cen.eu:en16931:2017"
PEPPOL = f"{EN_16931}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
XRECHNUNG = f"{EN_16931}#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0"
# The one business process there is here: an invoice, then its payment (BT-23).
_PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
_INVOICE, _CREDIT_NOTE = "380", "381"  # UNCL 1001, BT-3
_CREDIT_TRANSFER, _SEPA_TRANSFER, _NOT_DEFINED = "30", "58", "1"  # UNCL 4461, BT-81


def invoice_xml(paper: Paper, *, profile: str = EN_16931) -> bytes:
    """The document as UTF-8 XML. Raises PaperError where it could not be a valid invoice.

    The same paper always yields the same bytes.
    """
    check(paper)
    root = ElementTree.Element(qualified("rsm:CrossIndustryInvoice"))
    context = node(root, "rsm:ExchangedDocumentContext")
    leaf(node(context, "ram:BusinessProcessSpecifiedDocumentContextParameter"), "ram:ID", _PROCESS)
    leaf(node(context, "ram:GuidelineSpecifiedDocumentContextParameter"), "ram:ID", profile)
    _document(node(root, "rsm:ExchangedDocument"), paper)
    trade = node(root, "rsm:SupplyChainTradeTransaction")
    for line in paper.lines:
        _line(node(trade, "ram:IncludedSupplyChainTradeLineItem"), line, paper.exponent)
    _agreement(node(trade, "ram:ApplicableHeaderTradeAgreement"), paper)
    _delivery(node(trade, "ram:ApplicableHeaderTradeDelivery"), paper)
    _settlement(node(trade, "ram:ApplicableHeaderTradeSettlement"), paper)
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written + b"\n"


def _document(parent: Tag, paper: Paper) -> None:
    leaf(parent, "ram:ID", clean(paper.number))
    leaf(parent, "ram:TypeCode", _CREDIT_NOTE if paper.kind == "credit_note" else _INVOICE)
    _day(node(parent, "ram:IssueDateTime"), paper.issued_on)
    if note := "\n".join(clean_lines(paper.note)):
        leaf(node(parent, "ram:IncludedNote"), "ram:Content", note)


def _day(parent: Tag, day: date, space: str = "udt") -> None:
    """Format 102 is CCYYMMDD (BR-CL and CII-DT)."""
    leaf(parent, f"{space}:DateTimeString", day.strftime("%Y%m%d"), format="102")


def _line(parent: Tag, line: Line, exponent: int) -> None:
    name, *details = clean_lines(line.description)
    leaf(node(parent, "ram:AssociatedDocumentLineDocument"), "ram:LineID", str(line.position))
    product = node(parent, "ram:SpecifiedTradeProduct")
    leaf(product, "ram:Name", name)
    leaf(product, "ram:Description", "\n".join(details))
    agreement = node(parent, "ram:SpecifiedLineTradeAgreement")
    price = node(agreement, "ram:NetPriceProductTradePrice")
    leaf(price, "ram:ChargeAmount", number(line.unit_price))
    delivery = node(parent, "ram:SpecifiedLineTradeDelivery")
    quantity = number(line.quantity)
    leaf(delivery, "ram:BilledQuantity", quantity, unitCode=UNIT_CODES[line.unit])
    settlement = node(parent, "ram:SpecifiedLineTradeSettlement")
    tax = node(settlement, "ram:ApplicableTradeTax")
    leaf(tax, "ram:TypeCode", "VAT")
    leaf(tax, "ram:CategoryCode", line.tax_category)
    if line.tax_category != "O":  # BR-O-05: no rate, not even zero.
        leaf(tax, "ram:RateApplicablePercent", number(line.tax_rate))
    _period(settlement, line)
    total = node(settlement, "ram:SpecifiedTradeSettlementLineMonetarySummation")
    leaf(total, "ram:LineTotalAmount", amount(line.net, exponent))


def _period(parent: Tag, dated: Line | Paper) -> None:
    """BG-14 and BG-26; both days belong to the period."""
    if dated.period_start is None and dated.period_end is None:
        return
    period = node(parent, "ram:BillingSpecifiedPeriod")
    if dated.period_start is not None:
        _day(node(period, "ram:StartDateTime"), dated.period_start)
    if dated.period_end is not None:
        _day(node(period, "ram:EndDateTime"), dated.period_end)


def _agreement(parent: Tag, paper: Paper) -> None:
    # BR-O-02: a document outside of the tax names no VAT number, neither party's.
    outside = any(part.category == "O" for part in paper.tax_sums)
    order, buyer = clean(paper.purchase_order), paper.buyer
    leaf(parent, "ram:BuyerReference", clean(paper.buyer_reference or buyer.identifier))
    write_party(node(parent, "ram:SellerTradeParty"), paper.seller, seller=True, outside=outside)
    write_party(node(parent, "ram:BuyerTradeParty"), buyer, seller=False, outside=outside)
    if order:
        leaf(node(parent, "ram:BuyerOrderReferencedDocument"), "ram:IssuerAssignedID", order)


def _delivery(parent: Tag, paper: Paper) -> None:
    """BT-72: a period is delivered as it ends; what has none is handed over as it is invoiced."""
    dated: tuple[Line | Paper, ...] = (paper, *paper.lines)
    ends = [one.period_end for one in dated if one.period_end is not None]
    event = node(parent, "ram:ActualDeliverySupplyChainEvent")
    _day(node(event, "ram:OccurrenceDateTime"), max(ends, default=paper.issued_on))


def _settlement(parent: Tag, paper: Paper) -> None:
    reference = paper.payment.reference if paper.payment else ""
    leaf(parent, "ram:PaymentReference", clean(reference or paper.number))
    leaf(parent, "ram:InvoiceCurrencyCode", paper.currency)
    _payment_means(node(parent, "ram:SpecifiedTradeSettlementPaymentMeans"), paper)
    for part in paper.tax_sums:
        _tax(node(parent, "ram:ApplicableTradeTax"), part, paper.exponent)
    _period(parent, paper)
    _terms(parent, paper)
    _totals(node(parent, "ram:SpecifiedTradeSettlementHeaderMonetarySummation"), paper)
    if preceding := clean(paper.preceding_number):
        document = node(parent, "ram:InvoiceReferencedDocument")
        leaf(document, "ram:IssuerAssignedID", preceding)
        if paper.preceding_issued_on is not None:
            day = node(document, "ram:FormattedIssueDateTime")
            _day(day, paper.preceding_issued_on, "qdt")


def _payment_means(parent: Tag, paper: Paper) -> None:
    """BG-16. Nobody is to pay a credit note, so it names no account."""
    payment = paper.payment
    iban = "".join(clean(payment.iban).split()).upper() if payment else ""
    if payment is None or not iban or paper.kind == "credit_note":
        leaf(parent, "ram:TypeCode", _NOT_DEFINED)
        return
    sepa = paper.currency == "EUR"
    leaf(parent, "ram:TypeCode", _SEPA_TRANSFER if sepa else _CREDIT_TRANSFER)
    account = node(parent, "ram:PayeePartyCreditorFinancialAccount")
    leaf(account, "ram:IBANID", iban)
    leaf(account, "ram:AccountName", clean(payment.account_name))
    if bic := "".join(clean(payment.bic).split()).upper():
        leaf(node(parent, "ram:PayeeSpecifiedCreditorFinancialInstitution"), "ram:BICID", bic)


def _tax(parent: Tag, part: TaxSum, exponent: int) -> None:
    leaf(parent, "ram:CalculatedAmount", amount(part.tax, exponent))
    leaf(parent, "ram:TypeCode", "VAT")
    leaf(parent, "ram:ExemptionReason", clean(part.reason))
    leaf(parent, "ram:BasisAmount", amount(part.net, exponent))
    leaf(parent, "ram:CategoryCode", part.category)
    leaf(parent, "ram:ExemptionReasonCode", clean(part.reason_code))
    leaf(parent, "ram:RateApplicablePercent", number(part.rate))


def _terms(parent: Tag, paper: Paper) -> None:
    """BT-20 and BT-9: something due says when (BR-CO-25)."""
    terms = node(parent, "ram:SpecifiedTradePaymentTerms")
    if paper.kind == "credit_note":
        leaf(terms, "ram:Description", "Nothing to pay: this amount is given back.")
    elif paper.due <= 0:
        leaf(terms, "ram:Description", "Nothing to pay.")
    elif paper.due_on is None:
        leaf(terms, "ram:Description", "Payable on receipt.")
    else:
        _day(node(terms, "ram:DueDateDateTime"), paper.due_on)


def _totals(parent: Tag, paper: Paper) -> None:
    leaf(parent, "ram:LineTotalAmount", amount(paper.net, paper.exponent))
    leaf(parent, "ram:TaxBasisTotalAmount", amount(paper.net, paper.exponent))
    tax = amount(paper.tax, paper.exponent)
    leaf(parent, "ram:TaxTotalAmount", tax, currencyID=paper.currency)
    leaf(parent, "ram:GrandTotalAmount", amount(paper.gross, paper.exponent))
    if paper.prepaid:
        leaf(parent, "ram:TotalPrepaidAmount", amount(paper.prepaid, paper.exponent))
    leaf(parent, "ram:DuePayableAmount", amount(paper.due, paper.exponent))
