"""The world of the stories by night: an office, phones, a pager, and the clock that is moved."""

from datetime import datetime, timedelta

from emergency.lifecycle import Actor
from emergency.office import Desk, Instruction, Office
from emergency.record import Record
from emergency.vocabulary import BEIJING, Level, Role
from emergency.warning import Authority, Draft
from flows import paging, respond
from flows.channels.worker import work
from flows.deliver import Handed

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DUTY, MAYOR, DIRECTOR = (
    Actor(f"the {role.key}", role) for role in (Role.DUTY_OFFICER, Role.MAYOR, Role.OFFICE_DIRECTOR)
)
YELLOW_BY, RED_BY = Authority(("office_director",), deputies=("vice_mayor",)), Authority(("vice_mayor", "mayor"), 2)


class Phones:
    """A sealed sink that can be looked into."""

    name, sealed = "phones", True

    def __init__(self):
        self.inbox: dict[str, list[dict]] = {}

    def send(self, message, *, address):
        self.inbox.setdefault(address, []).append(dict(message))
        return Handed("handed")

    def subjects(self, address):
        return [message["subject"] for message in self.inbox.get(address, [])]

    def pages(self, address):
        return [m["subject"] for m in self.inbox.get(address, []) if "呼叫" in m["subject"]]


class Watch:
    """An office by night: clock, phones, pager, worker, and a roster where one is set up."""

    def __init__(self, tmp_path, start=datetime(2015, 12, 31, 22, tzinfo=BEIJING), **settings):
        authority = {Level.YELLOW: YELLOW_BY, Level.ORANGE: Authority(("vice_mayor",)), Level.RED: RED_BY}
        desk = Desk("city", "样例市", authority, ("forecaster",), HOUR, 24 * HOUR, 48 * HOUR, 36, "r" * 64, **settings)
        self.record = Record.open(tmp_path / "record.db", drill=True, durable=False)
        self.office, self.phones, self.now, self.roster = Office(self.record, desk), Phones(), start, None

    def forward(self, minutes, step=5):
        for _ in range(minutes // step):
            self.now += step * MINUTE
            self.sweep()

    def sweep(self):
        respond.start_due(self.office, self.now)
        respond.resume_due(self.office, self.now)
        paging.page_due(self.office, self.now, plan=self.roster)
        while work(self.office, self.phones, worker="one", address_of=lambda _a, who: who, now=self.now):
            pass

    def content(self, level="yellow", *, start=24, hours=72, **more):
        begin = self.now + start * HOUR
        more.setdefault("criterion_met", True)
        return Draft(
            level, "样例市", begin, begin + hours * HOUR, "静稳", "", "c",
            **{"replaces": None, "kind": "warning", **more},
        )  # fmt: skip

    def draft(self, name="w1", level="yellow", episode="e", **more):
        return self.office.draft_warning(
            name, episode=episode, content=self.content(level, **more), by=DUTY, now=self.now
        )

    def issue(self, name="w1", *words, plants=("甲厂", "乙厂")):
        state = self.record.state("warning", name)
        for role in self.office.desk.may_sign(state.draft).roles:
            self.office.approve_warning(name, by=Actor(f"the {role}", Role.of(role)), now=self.now)
        measures = tuple({"text": word, "power_cut": 0.5} for word in words or ("黄",))
        listing = [Instruction(plant, plant, measures, voluntary=False) for plant in plants]
        return self.office.issue_warning(name, instructions=listing, list_digest="d", by=DUTY, now=self.now)

    def call(self):
        (row,) = self.record.now("call", open_only=True)
        return self.record.state("call", row["stream"])
