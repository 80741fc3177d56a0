"""Which way out each audience has, from `channels.yaml` in the working folder.

Without the file nothing is handed over: messages wait and the desk shows them. A drill always gets the sealed channel,
whatever the file says.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from emergency.contacts import Contacts
from emergency.record import Record
from flows.channels.apprise_channel import AppriseChannel
from flows.channels.public_folder import PublicFolder, publish_record
from flows.channels.webhook import Webhook
from flows.clock import real_now
from flows.deliver import Channel, Handed, SealedChannel
from plans.errors import DataError, LantianError

FILE = "channels.yaml"
AUDIENCES = ("enterprise", "staff", "public")


class Way(BaseModel):
    """One audience's way out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["webhook", "apprise", "folder", "console"]
    """webhook: signed POST (also an SMS gateway's relay); apprise: e-mail or group robot; folder: CAP and feed for a
    web server; console: read at the desk, nothing is sent."""
    secret_file: str = ""
    """webhook: file in the working folder with the `whsec_` secret."""
    own_network: bool = False
    """webhook: a gateway of the office's own inside its network."""
    address: str = ""
    """One address for the whole audience; empty: each party's own contact."""
    folder: str = "public"
    base: str = ""
    """folder: the address under which the web server shows it, ending in /."""


class Ways:
    """A channel that sends each message its audience's way."""

    name = "ways"
    sealed = False

    def __init__(self, ways: Mapping[str, tuple[Way, Channel | None]], record: Record) -> None:
        self.ways, self.record = ways, record

    def send(self, message: Mapping[str, Any], *, address: str) -> Handed:
        """Send once by the audience's channel; refused where it has none."""
        found = self.ways.get(str(message["audience"]))
        if found is None:
            return Handed("refused", "这类收件人没有设置通道")
        way, channel = found
        if way.kind == "console":
            return Handed("handed", "在值班台查阅")
        if isinstance(channel, PublicFolder):
            try:
                return Handed("handed", f"新公布{publish_record(self.record, channel)}份")
            except LantianError as error:
                return Handed("refused", error.sentence())
        assert channel is not None
        return channel.send(message, address=address)


def channel_of(home: Path, record: Record, *, area_name: str) -> Channel | None:
    """The channel of a working folder; None for real work without `channels.yaml`. DataError says what is wrong."""
    if record.drill:
        return SealedChannel()
    path = home / FILE
    if not path.is_file():
        return None
    ways = read(path)
    return Ways({name: (way, _made(home, way, area_name)) for name, way in ways.items()}, record)


def read(path: Path) -> Mapping[str, Way]:
    """The ways of a file by audience."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        strangers = [name for name in found if name not in AUDIENCES]
        if strangers:
            raise DataError(
                "There is no such audience", where=path.name, expected=", ".join(AUDIENCES), found=strangers[0]
            )
        return {name: Way(**values) for name, values in found.items()}
    except (yaml.YAMLError, ValidationError, TypeError, AttributeError) as error:
        raise DataError("The channels cannot be read", where=path.name, found=str(error).splitlines()[0]) from error


def address_in(home: Path, record: Record) -> Any:
    """`address_of(audience, recipient)` from the audience's one address, else from the contacts on file."""
    ways = read(home / FILE) if (home / FILE).is_file() else {}
    known = Contacts(record)

    def address(audience: str, recipient: str) -> str | None:
        way = ways.get(audience)
        if record.drill or (way is not None and way.kind in ("folder", "console")):
            return f"inside:{recipient}"
        if way is not None and way.address:
            return way.address
        contact = known.of(recipient)
        return contact.address if contact is not None and contact.address else None

    return address


def _made(home: Path, way: Way, area_name: str) -> Channel | None:
    if way.kind == "apprise":
        return AppriseChannel()
    if way.kind == "folder":
        return PublicFolder(home / way.folder, title=f"{area_name}空气重污染预警", base=way.base, drill=False)
    if way.kind == "console":
        return None
    secret = home / way.secret_file
    if not way.secret_file or not secret.is_file():
        raise DataError("The webhook has no secret", where=FILE, expected="secret_file in the working folder")
    return Webhook(secret=secret.read_text(encoding="utf-8").strip(), clock=real_now, own_network=way.own_network)
