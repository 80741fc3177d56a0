"""The folder that a web server shows: one CAP file a message and an Atom feed. Only what may leave gets in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from emergency import cap, feed
from emergency.cap_xml import pass_gate
from emergency.record import Record
from flows.deliver import Handed
from plans.errors import LantianError
from plans.whole_file import write_whole


class PublicFolder:
    """An outside channel for CAP texts; every text is asked for its status on the way out."""

    name = "public_folder"
    sealed = False

    def __init__(self, folder: Path, *, title: str, base: str, drill: bool) -> None:
        self.folder, self.title, self.base, self.drill = folder, title, base, drill

    def send(self, message: Mapping[str, Any], *, address: str) -> Handed:
        """Publish the CAP text of a message (key "cap"); refused, and nothing written, when it may not leave."""
        try:
            self.publish([message["cap"]])
        except LantianError as error:
            return Handed("refused", error.sentence())
        return Handed("handed", address)

    def publish(self, texts: Sequence[bytes]) -> int:
        """How many files were new; LantianError before anything is written when one of the texts may not leave."""
        heads = [pass_gate(text, audience="public", drill=self.drill) for text in texts]
        self.folder.mkdir(parents=True, exist_ok=True)
        new = 0
        for head, text in zip(heads, texts, strict=True):
            path = self.folder / feed.file_of(head)
            if not path.exists():
                write_whole(path, text)
                new += 1
        kept = [path.read_bytes() for path in sorted(self.folder.glob("*.cap.xml"))]
        made = feed.atom(kept, title=self.title, identifier=f"{self.base}feed.atom", base=self.base, drill=self.drill)
        write_whole(self.folder / "feed.atom", made)
        return new


def publish_record(record: Record, channel: PublicFolder) -> int:
    """Publish every message of a record; LantianError for a drill's, which never leaves."""
    return channel.publish([content for _digest, _title, content in record.exhibits(cap.MEDIA_TYPE)])
