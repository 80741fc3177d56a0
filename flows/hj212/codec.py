"""The wire format of HJ 212: packets as bytes, out of a stream and into it.

A packet is ``##``, four digits of length, the data, four hex digits of checksum, CR LF. The data are a head
(QN, ST, CN, PW, MN, Flag and, when the message is split, PNUM and PNO) and ``CP=&&...&&``, whose groups are separated
by ``;`` and whose fields inside a group by ``,``. Read from HJ 212-2017 (6.3, appendices A and C); HJ 212-2025 differs
here only in the version bits of Flag (confidence B, see VERSIONS).

The standard's checksum is weak: each step keeps only the upper eight bits of the register, so it can take 256 values
and not 65,536 (a test counts them). One changed byte is always seen; of several changed bytes every 256th set passes.
Grammar, length and the plausibility of the values are therefore checked as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType

from plans.errors import DataError

LONGEST_DATA = 1024
"""Bytes of data a packet we make may have (HJ 212-2017 6.3.1)."""

LONGEST_CP = 950
"""Bytes inside CP=&&...&& of a packet we make (HJ 212-2017 6.3.2); longer messages are split."""

VERSIONS: Mapping[int, str] = MappingProxyType({0: "2005", 1: "2017", 2: "2025"})
"""The version bits of Flag. 2017: read in the standard (A); 2005: its absence; 2025: public code only (B)."""

ANSWER_WANTED, IN_PARTS = 1, 2
"""Bits A and D of Flag (HJ 212-2017 table 5)."""

Group = tuple[tuple[str, str], ...]


class Malformed(DataError):
    """Bytes that are not a packet of the standard."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet's data. `cp` holds the groups in order, each a tuple of (field, value)."""

    qn: str
    """Number of the request: the sender's time to the millisecond, yyyyMMddHHmmssfff."""
    st: str
    cn: str
    pw: str
    mn: str
    flag: int
    cp: tuple[Group, ...] = ()
    pnum: int | None = None
    pno: int | None = None

    @property
    def wants_answer(self) -> bool:
        """True when bit A of Flag is set."""
        return bool(self.flag & ANSWER_WANTED)

    @property
    def version(self) -> str:
        """The edition by the version bits: "2005", "2017" or "2025"."""
        return VERSIONS[self.flag >> 2]

    def value(self, name: str) -> str | None:
        """The first value of a CP field, e.g. DataTime; None when it is absent."""
        return next((value for group in self.cp for key, value in group if key == name), None)


@dataclass(frozen=True, slots=True)
class Broken:
    """A stretch of the stream that was no packet, and why; it is counted, never answered."""

    reason: str
    size: int


def _table() -> tuple[int, ...]:
    made = []
    for byte in range(256):
        register = byte
        for _ in range(8):
            register = (register >> 1) ^ 0xA001 if register & 1 else register >> 1
        made.append(register)
    return tuple(made)


_CRC = _table()


def checksum(data: bytes) -> str:
    """Four hex digits, high byte first (HJ 212-2017 appendix A).

    >>> checksum(b"QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;"
    ...          b"CP=&&RtdInterval=30&&")
    '1C80'
    """
    register = 0xFFFF
    for byte in data:
        register = _CRC[(register >> 8) ^ byte]
    return f"{register:04X}"


# the stream -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Framer:
    """Cuts a stream of bytes into the data of packets, wherever the network cut or glued it.

    The data of a packet hold no CR LF, so a frame whose length points past one is broken and the search goes on behind
    its ``##``: a wrong length never swallows the packets after it. The buffer never exceeds one longest frame.
    """

    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, chunk: bytes) -> Iterator[bytes | Broken]:
        """Checked data of every packet that is whole now, and what had to be thrown away between them."""
        self._buffer += chunk
        while self._buffer:
            begin = self._buffer.find(b"##")
            if begin != 0:
                keep = begin if begin > 0 else len(self._buffer) - self._buffer.endswith(b"#")
                if keep:
                    noise = bytes(self._buffer[:keep])
                    del self._buffer[:keep]
                    if noise.strip(b"\r\n \x00"):
                        yield Broken("bytes between packets", keep)
                if begin < 0:
                    return
                continue
            if len(self._buffer) < 6:
                return
            head = bytes(self._buffer[2:6])
            if not head.isdigit():
                yield self._skip("the length is not four digits")
                continue
            end = 6 + int(head) + 6
            newline = self._buffer.find(b"\r\n", 6, end)
            if len(self._buffer) < end and newline < 0:
                return
            if newline != end - 2:
                yield self._skip("the length does not fit the packet")
                continue
            data, given = bytes(self._buffer[6 : end - 6]), bytes(self._buffer[end - 6 : end - 2])
            if given.upper() != checksum(data).encode():
                yield self._skip("the checksum does not fit")
                continue
            del self._buffer[:end]
            yield data

    @property
    def waiting(self) -> int:
        """Bytes of an unfinished packet."""
        return len(self._buffer)

    def _skip(self, reason: str) -> Broken:
        following = self._buffer.find(b"##", 1)
        size = following if following > 0 else max(1, len(self._buffer) - self._buffer.endswith(b"#"))
        del self._buffer[:size]
        return Broken(reason, size)


# one packet -----------------------------------------------------------------------------------------------------------

_HEAD = MappingProxyType(
    {
        "QN": re.compile(r"[0-9]{17}"),
        "ST": re.compile(r"[0-9]{2}"),
        "CN": re.compile(r"[0-9]{4}"),
        "PW": re.compile(r"[0-9A-Za-z]{0,9}"),
        "MN": re.compile(r"[0-9A-Z]{14,24}"),  # 24 in the 2017 text; older loggers in the field send 14
        "Flag": re.compile(r"[0-9]{1,3}"),
        "PNUM": re.compile(r"[0-9]{1,4}"),
        "PNO": re.compile(r"[0-9]{1,4}"),
    }
)
_NEEDED = ("QN", "ST", "CN", "PW", "MN", "Flag")
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:-[A-Za-z0-9]+)?")
_VALUE = re.compile(r"[^;,=&#\x00-\x1f\x7f]*")


def decode(data: bytes) -> Packet:
    """The packet of checked data. Chinese texts in CP are read as GB 18030. Malformed names the field.

    >>> decode(b"QN=20160801085857223;ST=31;CN=2011;PW=1;MN=010000A8900016F000169DC0;Flag=5;CP=&&a21026-Rtd=1.1&&").cn
    '2011'
    """
    try:
        text = data.decode("ascii" if data.isascii() else "gb18030")
    except UnicodeDecodeError:
        raise Malformed("The packet is not text", expected="ASCII or GB 18030") from None
    begin = text.find("CP=&&")
    if begin < 0 or not text.endswith("&&") or len(text) < begin + 7 or (begin and text[begin - 1] != ";"):
        raise Malformed("The packet has no CP", expected="...;CP=&&...&&", found=text[:60])
    head: dict[str, str] = {}
    for part in text[: begin - 1].split(";") if begin else ():
        name, equals, value = part.partition("=")
        if not equals or name not in _HEAD or name in head or _HEAD[name].fullmatch(value) is None:
            expected = "each once of " + ", ".join(_HEAD)
            raise Malformed("A field of the head cannot be read", expected=expected, found=part[:60])
        head[name] = value
    for name in _NEEDED:
        if name not in head:
            raise Malformed("A field of the head is missing", expected=name, found=", ".join(head))
    packet = Packet(
        head["QN"], head["ST"], head["CN"], head["PW"], head["MN"], int(head["Flag"]), _groups(text[begin + 5 : -2]),
        *(int(head[name]) if name in head else None for name in ("PNUM", "PNO")),
    )  # fmt: skip
    return _checked(packet)


def _groups(text: str) -> tuple[Group, ...]:
    if not text:
        return ()
    groups = []
    for part in text.split(";"):
        fields = []
        for item in part.split(","):
            name, equals, value = item.partition("=")
            if not equals or _FIELD.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
                raise Malformed("A field of CP cannot be read", expected="name=value", found=item[:60])
            fields.append((name, value))
        groups.append(tuple(fields))
    return tuple(groups)


def _checked(packet: Packet) -> Packet:
    try:
        datetime.strptime(packet.qn[:14], "%Y%m%d%H%M%S")  # noqa: DTZ007  only whether such a time exists
    except ValueError:
        raise Malformed("QN is no time", expected="yyyyMMddHHmmssfff", found=packet.qn) from None
    if packet.flag >> 2 not in VERSIONS:
        raise Malformed("The version is not known", expected="Flag of 2005, 2017 or 2025", found=packet.flag)
    parts = packet.pnum is not None and packet.pno is not None
    if parts != bool(packet.flag & IN_PARTS) or (packet.pnum is None) != (packet.pno is None):
        raise Malformed("PNUM, PNO and bit D of Flag do not agree", found=packet.flag)
    if packet.pnum is not None and not 1 <= (packet.pno or 0) <= packet.pnum:
        raise Malformed("The part is not one of its message", expected=f"1..{packet.pnum}", found=packet.pno)
    return packet


def cp_text(groups: Iterable[Group]) -> str:
    """What stands between && and &&."""
    return ";".join(",".join(f"{name}={value}" for name, value in group) for group in groups)


def encode(packet: Packet) -> bytes:
    """The packet on the wire. Malformed when it breaks the grammar or is longer than the standard allows (split it)."""
    parts = "" if packet.pnum is None else f"PNUM={packet.pnum};PNO={packet.pno};"
    text = (
        f"QN={packet.qn};ST={packet.st};CN={packet.cn};PW={packet.pw};MN={packet.mn};Flag={packet.flag};{parts}"
        f"CP=&&{cp_text(packet.cp)}&&"
    )
    data = text.encode("gb18030")
    if len(data) > LONGEST_DATA:
        raise Malformed("The packet is too long", expected=f"{LONGEST_DATA} bytes", found=len(data), todo="Split it")
    if decode(data) != packet:
        raise Malformed("The packet cannot be written", expected="the grammar of HJ 212", found=text[:80])
    return b"##%04d%b%b\r\n" % (len(data), data, checksum(data).encode())


# messages longer than a packet ----------------------------------------------------------------------------------------


def split(packet: Packet, *, longest: int = LONGEST_CP) -> tuple[Packet, ...]:
    """The packet itself when it fits, else numbered parts cut between groups, each beginning with DataTime.

    Malformed when one group alone is too long.
    """
    size = len(cp_text(packet.cp).encode("gb18030"))
    if size <= longest:
        return (packet,)
    every = tuple(group for group in packet.cp if group[0][0] == "DataTime")
    begin = len(cp_text(every).encode("gb18030"))
    pages: list[list[Group]] = [[]]
    length = begin
    for group in packet.cp:
        if group in every:
            continue
        more = len(cp_text([group]).encode("gb18030")) + 1
        if begin + more > longest:
            raise Malformed("A group is too long for a packet", expected=f"{longest} bytes", found=more)
        if length + more > longest:
            pages.append([])
            length = begin
        pages[-1].append(group)
        length += more
    return tuple(
        replace(packet, flag=packet.flag | IN_PARTS, cp=(*every, *page), pnum=len(pages), pno=number)
        for number, page in enumerate(pages, start=1)
    )


def join(parts: Iterable[Packet]) -> Packet:
    """The message of all its parts, in whatever order they came; Malformed when one is missing or of another one."""
    ordered = sorted(parts, key=lambda part: part.pno or 0)
    first = ordered[0]
    numbers = [part.pno for part in ordered]
    if numbers != list(range(1, (first.pnum or 0) + 1)):
        raise Malformed("The message is not complete", expected=f"parts 1..{first.pnum}", found=numbers)
    if len({(part.qn, part.mn, part.cn, part.pnum) for part in ordered}) > 1:
        raise Malformed("The parts belong to several messages", found=sorted({part.qn for part in ordered}))
    groups: list[Group] = []
    for part in ordered:
        groups += [group for group in part.cp if not (group[0][0] == "DataTime" and group in groups)]
    return replace(first, flag=first.flag & ~IN_PARTS, cp=tuple(groups), pnum=None, pno=None)


def answer(packet: Packet, *, cn: str) -> bytes:
    """The bytes that acknowledge a packet: its QN back, ST 91, the answer's CN, empty CP (HJ 212-2017 appendix C)."""
    return encode(Packet(packet.qn, "91", cn, packet.pw, packet.mn, packet.flag & ~(ANSWER_WANTED | IN_PARTS)))
