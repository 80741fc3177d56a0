"""The world of the stories of the way out: an office, its phones, its clock and one worker."""

from datetime import datetime, timedelta

from emergency.lifecycle import Actor
from emergency.office import Desk, Instruction, Office
from emergency.record import Message, Record
from emergency.vocabulary import BEIJING, Level, Role
from emergency.warning import Authority, Draft
from flows.channels.worker import work
from flows.deliver import Handed

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
START = datetime(2015, 12, 31, 21, tzinfo=BEIJING)
DUTY = Actor("duty", Role.DUTY_OFFICER)


class Phones:
    """A sealed sink that can be looked into; phones may be off."""

    name, sealed = "phones", True

    def __init__(self):
        self.inbox: dict[str, list[dict]] = {}
        self.off: set[str] = set()

    def send(self, message, *, address):
        if address in self.off:
            return Handed("failed", "关机")
        self.inbox.setdefault(address, []).append(dict(message))
        return Handed("handed")

    def keys(self, address):
        return [key for message in self.inbox.get(address, []) for key in message["keys"]]


class Night:
    """An office, its clock, its phones and one worker."""

    def __init__(self, url):
        authority = {level: Authority(("mayor",)) for level in (Level.YELLOW, Level.ORANGE, Level.RED)}
        desk = Desk("city", "样例市", authority, ("forecaster",), HOUR, 24 * HOUR, 48 * HOUR, 36, "r" * 64)
        self.record = Record.open(url, drill=True, durable=False)
        self.office, self.phones, self.now = Office(self.record, desk), Phones(), START

    def draft(self, name, level, replaces=None):
        content = Draft(level, "样例市", self.now + HOUR, self.now + 96 * HOUR, "静稳", "", "c", True, replaces)
        self.office.draft_warning(name, episode="e", content=content, by=DUTY, now=self.now)

    def warn(self, name, level, *words, replaces=None, plants=("甲厂", "乙厂")):
        self.draft(name, level, replaces)
        self.office.approve_warning(name, by=Actor("mayor", Role.MAYOR), now=self.now)
        measures = tuple({"text": word, "power_cut": 0.5} for word in words)
        listing = [Instruction(plant, plant, measures, voluntary=False) for plant in plants]
        self.office.issue_warning(name, instructions=listing, list_digest="d", by=DUTY, now=self.now)

    def lift(self, name):
        self.office.lift_warning(name, reason="冷空气", below_hours=48, by=DUTY, now=self.now)

    def tell(self, count, recipient="duty_officer"):
        """Queue ordinary messages, as many parts of the office do."""
        with self.record.act(self.now) as act:
            state = act.state("warning", "w1")
            notes = [
                Message(f"note{n}.{self.now:%H%M}", "staff", recipient, f"提示{n}", "请留意") for n in range(count)
            ]
            act._queue("warning", "w1", state, notes[0])
            for note in notes[1:]:
                act._queue("warning", "w1", state, note)

    def deliver(self, worker="one", most=500, phones=None):
        return work(
            self.office, phones or self.phones, worker=worker, now=self.now, most=most,
            address_of=lambda _audience, recipient: None if recipient == "无号" else recipient,
        )  # fmt: skip

    def forward(self, minutes):
        for _ in range(minutes):
            self.now += MINUTE
            self.deliver()
