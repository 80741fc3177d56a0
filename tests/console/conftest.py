"""A console on a real temporary drill record, spoken to over HTTP without a network."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from console.app import create_app
from console.lists import ListInUse
from console.settings import Settings
from emergency.desk import desk_of
from emergency.directory import Directory, hasher
from emergency.office import Instruction, Office
from emergency.record import Record
from emergency.vocabulary import Level, Role
from emergency.warning import Draft
from forecast.outlook import QUANTILES, THRESHOLDS, DayOutlook, Outlook
from plans import rulebook
from plans.enterprise_csv import read_list
from plans.rulebook import load

NOW = datetime(2015, 12, 5, 1, 30, tzinfo=UTC)  # 09:30 in Beijing
PASSWORD = "sample-password"
PLANTS = ("SP001", "SP002", "SP003")


class Clock:
    """The office's clock, moved by the test."""

    def __init__(self):
        self.moment = NOW

    def __call__(self):
        return self.moment

    def forward(self, **span):
        self.moment += timedelta(**span)


def make_outlook(now=NOW, *, quantiles=(120, 135, 150, 170, 210, 240, 260), days=7) -> Outlook:
    """Seven equal days whose median is the middle of the quantiles."""
    assert len(quantiles) == len(QUANTILES)
    first = (now + timedelta(hours=8)).date() + timedelta(days=1)
    return Outlook(
        area="beijing",
        area_name="北京市",
        issued_at=now - timedelta(hours=1),
        data_until=now - timedelta(hours=2),
        aqi_edition="hj633-2012",
        model="test-model",
        model_digest="m" * 64,
        weather_mode="none",
        simulated=False,
        mode_notes=("样例站无数据",),
        days=tuple(
            DayOutlook(
                valid_date=first + timedelta(days=lead),
                lead_days=lead + 1,
                aqi_quantiles=tuple(quantiles),
                level_probabilities=(0.0, 0.05, 0.2, 0.45, 0.3, 0.0),
                exceedance=(0.9, 0.6, 0.3, 0.05)[: len(THRESHOLDS)],
                primary_probabilities={"pm25": 1.0},
                concentration_medians={"pm25": 130.0},
            )
            for lead in range(days)
        ),
        aqi_paths=((170,) * days, (220,) * days, (90,) * days),
    )


def instructions(level: Level) -> list[Instruction]:
    """Three plants, each with one measure that names the level."""
    return [
        Instruction(
            enterprise=code,
            enterprise_name=f"样例{number}厂",
            measures=({"unit": "U1", "text": f"{level.chinese}：{number}号线停产", "power_cut": 0.5},),
            voluntary=False,
        )
        for number, code in enumerate(PLANTS, start=1)
    ]


@dataclass
class World:
    """Everything a test may move: record, office, clock, accounts, application."""

    record: Record
    office: Office
    directory: Directory
    clock: Clock
    settings: Settings
    app: object

    def actor(self, role: str):
        return self.directory.account(role).actor

    def browser(self, address="192.0.2.1") -> "Browser":
        transport = httpx.ASGITransport(app=self.app, client=(address, 4711), raise_app_exceptions=False)
        return Browser(httpx.AsyncClient(transport=transport, base_url="https://console.test"))

    async def user(self, identifier: str) -> "Browser":
        browser = self.browser()
        answer = await browser.log_in(identifier)
        assert answer.status_code == 303, answer.text
        return browser

    def propose(self, identifier="c1", *, quantiles=(120, 135, 150, 170, 210, 240, 260)):
        return self.office.propose_consultation(
            identifier,
            episode="beijing-20151205",
            outlook=make_outlook(self.clock(), quantiles=quantiles),
            triggers=[
                {"rule": "beijing.x", "text": "可能轻度污染", "measured": "60%", "threshold": "50%", "confidence": "A"}
            ],
            now=self.clock(),
        )

    def conclude(self, identifier="c1", *, aqi=170, level=Level.YELLOW):
        """Convene, let everyone be absent, and sign the same AQI for every day."""
        now = self.clock()
        self.propose(identifier)
        state = self.office.convene(identifier, by=self.actor("duty_officer"), now=now)
        for role in state.required:
            self.office.note_absence(identifier, role=role, why="测试", by=self.actor("duty_officer"), now=now)
        return self.office.conclude(
            identifier, signed_aqi=[aqi] * 7, level=level, reason="静稳", by=self.actor("office_director"), now=now
        )

    def draft(self, identifier="warning-001", *, level="yellow", reason="静稳高湿", replaces=None):
        now = self.clock()
        content = Draft(
            level=level, area="北京市", starts_at=now + timedelta(hours=6), expected_end=now + timedelta(hours=96),
            reason=reason, text="请减少户外活动。", consultation="c1", criterion_met=True, replaces=replaces,
        )  # fmt: skip
        return self.office.draft_warning(
            identifier, episode="beijing-20151205", content=content, by=self.actor("duty_officer"), now=now
        )

    def issue(self, identifier="warning-001", *, level="yellow"):
        self.draft(identifier, level=level)
        for role in self.office.desk.authority[Level.of(level)].roles:
            self.office.approve_warning(identifier, by=self.actor(role), now=self.clock())
        return self.office.issue_warning(
            identifier, instructions=instructions(Level.of(level)), list_digest="d" * 64,
            by=self.actor("duty_officer"), now=self.clock(),
        )  # fmt: skip


class Browser:
    """An HTTP client that fills forms as they stand on the page, hidden fields included."""

    def __init__(self, client: httpx.AsyncClient):
        self.client = client

    async def get(self, path: str, **more) -> httpx.Response:
        return await self.client.get(path, **more)

    async def log_in(self, identifier: str, password: str = PASSWORD) -> httpx.Response:
        shown = await self.client.get("/login")
        token = re.search(r'name="token" value="([0-9a-f]+)"', shown.text)[1]
        return await self.client.post("/login", data={"account": identifier, "password": password, "token": token})

    async def submit(self, path: str, action: str | None = None, **fields) -> httpx.Response:
        """Load `path`, take the form that posts to `action`, fill it and send it."""
        shown = await self.client.get(path)
        return await self.client.post(action or path, data={**hidden(shown.text, action or path), **fields})


def hidden(html: str, action: str) -> dict[str, str]:
    """The hidden fields of the form that posts to an address; AssertionError when the page has no such form."""
    for form in re.findall(r"<form[^>]*>.*?</form>", html, re.S):
        if f'action="{action}"' in form[: form.index(">")]:
            return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
    raise AssertionError(f"no form posts to {action}")


def build(tmp_path, *, archive=None, stations=(), drill=True, **more) -> World:
    """A console for the Beijing plan as of December 2015, with one account per role and one per plant."""
    record = Record.open(tmp_path / "record.db", drill=drill)
    plan, book, clock = load().city("beijing"), load(), Clock()

    def rules(day):
        return book.on(day, assume={"warning": "warning-2018", "aqi": "hj633-2012"})

    office = Office(record, desk_of(plan, rules(NOW.date())))
    directory = Directory(record, passwords=hasher(cheap=True))
    for role in Role:
        if role not in (Role.SYSTEM, Role.ENTERPRISE, Role.DEPARTMENT):
            directory.add_account(role.key, PASSWORD, title=role.chinese, role=role)
    for code in PLANTS:
        directory.add_account(code, PASSWORD, title=f"{code}环保科", role=Role.ENTERPRISE, enterprise=code)
    kept = read_list(Path(rulebook.HERE) / "cities" / "sample" / "enterprises" / "2026.csv")
    more = {"lists": ListInUse(record, load().city("sample"), fallback=kept), "uploads": tmp_path / "uploads", **more}
    settings = Settings(
        office=office, directory=directory, archive=archive, now=clock, plan=plan, rules=rules, area="beijing",
        stations=stations, mean_of=stations, delay=timedelta(hours=1),
        instructions=instructions, list_digest="d" * 64, secret_key=b"s" * 32, **more,
    )  # fmt: skip
    return World(record, office, directory, clock, settings, create_app(settings))


@pytest.fixture
def world(tmp_path):
    made = build(tmp_path)
    yield made
    made.record.engine.dispose()


@pytest.fixture
def anyio_backend():
    return "asyncio"
