"""The same warning in the form of GB/T 35965.1-2018 (应急信息交互协议 第1部分：预警信息), with its file name.

The standard's text was not to be had; elements, value lists and file name follow its annex as quoted and one public
implementation of it (confidence A and B, domain notes 7.2). Check with the local 预警信息发布中心 before first use.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from emergency.cap import Alert
from emergency.cap_xml import add, text_of

MEDIA_TYPE = "application/xml"
METHODS = ("WEB", "SMS")
"""Ways of publication asked for in the message; a setting (the list is extensible)."""


def file_name(alert: Alert) -> str:
    """`<senderCode>_<signing time>_<event>_<COLOUR>_<STATUS>.XML` (chapter 4).

    The "46 bytes" of the standard are the stem with BLUE and ALERT; longer words make a longer name.
    """
    stamp = alert.notice.identifier.split("_")[1]
    publisher = alert.publisher
    parts = (publisher.sender_code, stamp, publisher.event.value, alert.level.name, alert.message_type.upper())
    return "_".join(parts) + ".XML"


def to_xml(alert: Alert) -> bytes:
    """The message as UTF-8 text. Only the Chinese half goes in; the first message is the one referred to."""
    publisher = alert.publisher
    (info,) = (one for one in alert.infos if one.language == "zh-CN")
    root = ET.Element("alert")
    for name, text in (
        ("identifier", alert.notice.identifier),
        ("sender", publisher.name),
        ("senderCode", publisher.sender_code),
        ("sendTime", spaced(alert.notice.sent)),
        # The annex knows Actual and Test only; whatever is not Actual is Test here and stays in the house.
        ("status", "Actual" if alert.status == "Actual" else "Test"),
        ("msgType", alert.message_type),
        ("scope", alert.scope),
    ):
        add(root, name, text)
    code = add(root, "code")
    for method in METHODS:
        node = add(code, "method")
        for name, text in (
            ("methodName", method),
            ("message", info.headline),
            ("audienceGrp", ""),
            ("audiencePrt", ""),
        ):
            add(node, name, text)
    add(root, "secClassification", "None")
    add(root, "note", alert.note)
    add(root, "references", alert.earlier[0].identifier if alert.earlier else "")
    body = add(root, "info")
    for name, text in (
        ("language", "zh-CN"),
        ("eventType", publisher.event.value),
        ("urgency", "Unknown"),
        ("severity", alert.level.name.capitalize()),
        ("certainty", "Unknown"),
        ("effective", spaced(alert.effective)),
        ("onset", spaced(alert.onset or alert.effective)),
        ("expires", spaced(alert.expires or "")),
        ("senderName", publisher.name),
        ("headline", info.headline),
        ("description", info.description),
        ("instruction", info.instruction),
        ("web", ""),
    ):
        add(body, name, text)
    area = add(body, "area")
    add(area, "areaDesc", info.area)
    for ring in publisher.polygons:
        add(area, "polygon", ring)
    add(area, "geocode", publisher.region.value if int(publisher.region.value) else "")
    return text_of(root)


def spaced(moment: str) -> str:
    """CAP's time in the annex's form.

    >>> spaced("2015-12-08T07:00:05+08:00")
    '2015-12-08 07:00:05+08:00'
    """
    return moment.replace("T", " ")
