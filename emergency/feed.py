"""An Atom feed (RFC 4287) of CAP messages, newest first: what other systems poll."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from emergency.cap import MEDIA_TYPE
from emergency.cap_xml import Head, add, read_head, text_of

ATOM = "http://www.w3.org/2005/Atom"
EMPTY_SINCE = "1970-01-01T00:00:00+00:00"


def file_of(head: Head) -> str:
    """The name under which a message lies beside the feed."""
    return f"{head.identifier}.cap.xml"


def atom(messages: Sequence[bytes], *, title: str, identifier: str, base: str, drill: bool) -> bytes:
    """The feed of CAP texts; `base` is the address of the folder they lie in, with its last slash.

    A drill's feed says so in its title. DataError for a text that is no CAP message.
    """
    heads = sorted((read_head(content) for content in messages), key=lambda head: (head.sent, head.identifier))
    root = ET.Element("feed", {"xmlns": ATOM})
    add(root, "id", identifier)
    add(root, "title", f"【演练】{title}" if drill else title)
    add(root, "updated", heads[-1].sent if heads else EMPTY_SINCE)
    add(add(root, "author"), "name", heads[-1].sender if heads else title)
    link = add(root, "link")
    link.attrib.update({"rel": "self", "href": f"{base}feed.atom"})
    for head in reversed(heads):
        entry = add(root, "entry")
        add(entry, "id", f"urn:cap:{head.sender}:{head.identifier}")
        add(entry, "title", head.headline)
        add(entry, "updated", head.sent)
        add(entry, "summary", head.summary)
        link = add(entry, "link")
        link.attrib.update({"rel": "alternate", "type": MEDIA_TYPE, "href": base + file_of(head)})
    return text_of(root)
