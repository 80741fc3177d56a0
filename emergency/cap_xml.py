"""CAP 1.2 as text: an alert written by the schema's order, and the head of a text read back for the gate."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree import ElementTree as ET

from emergency.cap import SEVERITY, Alert, may_leave
from emergency.cap_words import Info
from plans.errors import DataError, LantianError

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"


@dataclass(frozen=True, slots=True)
class Head:
    """What a gate must know of a message, read from the text that would leave."""

    identifier: str
    sender: str
    sent: str
    status: str
    message_type: str
    scope: str
    headline: str
    summary: str


def clean(text: str) -> str:
    """Text without the characters that XML 1.0 (2.2) forbids; everything else unchanged.

    >>> clean("静稳\\x0b高湿")
    '静稳高湿'
    """
    return "".join(
        letter
        for letter in text
        if letter in "\t\n\r" or "\x20" <= letter <= "\ud7ff" or "\ue000" <= letter <= "\ufffd" or letter > "\uffff"
    )


def to_xml(alert: Alert) -> bytes:
    """The alert as UTF-8 text, valid against the OASIS schema; the same alert always gives the same bytes."""
    root = ET.Element("alert", {"xmlns": NAMESPACE})
    for name, text in (
        ("identifier", alert.notice.identifier),
        ("sender", alert.notice.sender),
        ("sent", alert.notice.sent),
        ("status", alert.status),
        ("msgType", alert.message_type),
        ("scope", alert.scope),
        ("note", alert.note),
        ("references", " ".join(notice.reference for notice in alert.references)),
    ):
        if text:
            add(root, name, text)
    for info in alert.infos:
        _info(add(root, "info"), alert, info)
    return text_of(root)


def read_head(content: bytes) -> Head:
    """The head of a CAP text; DataError when it is not one or lacks an element that the standard requires."""
    try:
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
            raise DataError("A CAP message carries no document type", where="CAP text")
        root = ET.fromstring(content)  # noqa: S314 - entities are refused above
    except ET.ParseError as error:
        raise DataError("The CAP message cannot be read", where="CAP text", found=str(error)) from error

    def of(name: str) -> str:
        found = root.findtext(f"{{{NAMESPACE}}}{name}")
        if not found:
            raise DataError("The CAP message lacks an element", where="CAP text", expected=name)
        return found

    first = root.find(f"{{{NAMESPACE}}}info")
    headline = summary = ""
    if first is not None:
        headline = first.findtext(f"{{{NAMESPACE}}}headline") or ""
        summary = first.findtext(f"{{{NAMESPACE}}}description") or ""
    return Head(of("identifier"), of("sender"), of("sent"), of("status"), of("msgType"), of("scope"), headline, summary)


def pass_gate(content: bytes, *, audience: str, drill: bool) -> Head:
    """The head of a text that may leave the house; LantianError for every other, whoever asks.

    The text itself decides, not what the caller says of it.
    """
    head = read_head(content)
    if not may_leave(status=head.status, scope=head.scope, audience=audience, drill=drill):
        raise LantianError(
            "The message may not leave the house",
            where=head.identifier,
            expected="an Actual message of a live record, Public when it goes to the public",
            found=f"{head.status} {head.scope} to {audience}{' in a drill' if drill else ''}",
        )
    return head


def add(parent: ET.Element, name: str, text: str | None = None) -> ET.Element:
    """A new last child, with text freed of what XML forbids."""
    child = ET.SubElement(parent, name)
    if text is not None:
        child.text = clean(text)
    return child


def text_of(root: ET.Element) -> bytes:
    """The indented UTF-8 text of a tree, with its declaration."""
    ET.indent(root)
    text: str = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def _info(node: ET.Element, alert: Alert, info: Info) -> None:
    publisher = alert.publisher
    add(node, "language", info.language)
    for category in ("Env", "Health"):
        add(node, "category", category)
    add(node, "event", info.event)
    for response in alert.responses:
        add(node, "responseType", response)
    add(node, "urgency", alert.urgency)
    add(node, "severity", SEVERITY[alert.level])
    add(node, "certainty", alert.certainty)
    _pair(node, "eventCode", "GB/T 35965.1", publisher.event.value)
    add(node, "effective", alert.effective)
    for name, when in (("onset", alert.onset), ("expires", alert.expires)):
        if when is not None:
            add(node, name, when)
    for name, text in (
        ("senderName", info.sender_name),
        ("headline", info.headline),
        ("description", info.description),
        ("instruction", info.instruction),
    ):
        add(node, name, text)
    _pair(node, "parameter", "warning level", alert.level.word)
    _pair(node, "parameter", "response class", info.response_class)
    area = add(node, "area")
    add(area, "areaDesc", info.area)
    for ring in publisher.polygons:
        add(area, "polygon", ring)
    if int(publisher.region.value):
        _pair(area, "geocode", "GB/T 2260", publisher.region.value)


def _pair(parent: ET.Element, name: str, value_name: str, value: str) -> None:
    node = add(parent, name)
    add(node, "valueName", value_name)
    add(node, "value", value)
