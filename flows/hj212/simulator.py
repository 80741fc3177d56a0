"""Plants that send HJ 212 as loggers do: for load tests and for drills. Everything here is simulated.

A plant sends, waits for the acknowledgement, and sends the same packet again when none came. In a drill a cut of
production is ordered: what a plant makes of it follows from its temperament (flows.plants), as in every replay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter

from flows.clock import real_now
from flows.hj212.codec import Broken, Framer, Group, Packet, decode, encode
from flows.people import chance
from flows.plants import Temperament, temperament
from forecast.air import BEIJING
from plans.errors import DataError

SHARE_OF_CUT = {Temperament.PARTIAL: 0.5, Temperament.CHEATING: 0.05, Temperament.SILENT: 0.2}
"""How much of an ordered cut a plant really makes; all others make it whole."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to send."""

    plants: int
    rate: float
    """Packets a second, all plants together."""
    seconds: float
    seed: int = 1
    version: int = 2017
    cut: float = 0.0
    """Ordered cut of production, 0..1."""
    answer_within: float = 5.0
    tries: int = 3


@dataclass(slots=True)
class Result:
    """What happened."""

    sent: int = 0
    resent: int = 0
    acknowledged: int = 0
    lost_connections: int = 0
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    plants: int = 0

    def quantile(self, share: float) -> float:
        """Seconds from sending to acknowledgement that this share of the packets did not exceed; NaN without any."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def mn_of(number: int) -> str:
    """The 24-digit identifier of a simulated plant; its beginning exists in no real register.

    >>> mn_of(7)
    '99999900SIM0000000000007'
    """
    return f"99999900SIM{number:013d}"


def packet_of(number: int, moment: datetime, *, load: Load, cn: str = "2011", sequence: int = 0) -> Packet:
    """What plant `number` reports at a moment: 2011/2051/2061/2031 stack data, 2021 states or 2041 running hours."""
    name, local = f"SIM{number}", moment.astimezone(BEIJING)
    kind = temperament(load.seed, name)
    level = 1.0 - load.cut * SHARE_OF_CUT.get(kind, 1.0)
    stem = (("DataTime", f"{local:%Y%m%d%H%M%S}"),)
    flag = {2005: 0, 2017: 4, 2025: 8}[load.version] | 1
    qn = f"{local:%Y%m%d%H%M%S}{(local.microsecond // 1000 + sequence) % 1000:03d}"
    st = "31"
    if cn == "2021":
        states = tuple(((f"SB{n}-RS", "1" if level > 0.2 or kind is Temperament.CHEATING else "0"),) for n in (1, 2, 3))
        return Packet(qn, st, cn, "123456", mn_of(number), flag, (stem, *states))
    if cn == "2041":
        hours = tuple(((f"SB{n}-RT", f"{24 * level:.1f}"),) for n in (1, 2, 3))
        return Packet(qn, st, cn, "123456", mn_of(number), flag, (stem, *hours))
    groups: tuple[Group, ...] = ()
    for code, base in (("a00000", 40.0), ("a19001", 9.0), ("a21026", 25.0), ("a21002", 60.0), ("a34013", 6.0)):
        wobble = 1.0 + 0.1 * (chance(load.seed, name, code, qn) - 0.5)
        value = base * wobble * (level if code == "a00000" else 1.0)
        if cn == "2011":
            groups += (((f"{code}-Rtd", f"{value:.3f}"), (f"{code}-Flag", "N")),)
        else:
            texts = (("Min", 0.9), ("Avg", 1.0), ("Max", 1.1))
            groups += ((*((f"{code}-{word}", f"{value * by:.3f}") for word, by in texts), (f"{code}-Flag", "N")),)
    return Packet(qn, st, cn, "123456", mn_of(number), flag, (stem, *groups))


class _Plant(asyncio.Protocol):
    def __init__(self, number: int, run: _Run) -> None:
        self.number, self.run, self.framer = number, run, Framer()
        self.transport: asyncio.Transport | None = None
        self.open: dict[str, tuple[float, bytes, int]] = {}
        """Unanswered packets by QN: first sent at, bytes, tries."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def send(self, packet: Packet) -> None:
        frame = encode(packet)
        self.open[packet.qn] = (perf_counter(), frame, 1)
        self.run.result.sent += 1
        assert self.transport is not None
        self.transport.write(frame)

    def again(self, now: float) -> None:
        for qn, (since, frame, tries) in list(self.open.items()):
            if now - since > self.run.load.answer_within * tries and tries < self.run.load.tries:
                self.open[qn] = (since, frame, tries + 1)
                self.run.result.resent += 1
                if self.transport is not None and not self.transport.is_closing():
                    self.transport.write(frame)

    def data_received(self, data: bytes) -> None:
        for item in self.framer.feed(data):
            if isinstance(item, Broken):
                continue
            reply = decode(item)
            first = self.open.pop(reply.qn, None)
            if reply.cn == "9014" and first is not None:
                self.run.result.acknowledged += 1
                self.run.result.latencies.append(perf_counter() - first[0])

    def connection_lost(self, _exc: Exception | None) -> None:
        self.run.result.lost_connections += not self.run.ending


class _Run:
    def __init__(self, load: Load) -> None:
        self.load, self.result, self.ending = load, Result(plants=load.plants), False


async def simulate(
    load: Load,
    *,
    host: str,
    port: int,
    cns: tuple[str, ...] = ("2011",),
    clock: Callable[[], datetime] = real_now,
) -> Result:
    """Send at an even rate from all plants in turn for the time asked, then wait for the last acknowledgements.

    DataError when nobody listens.
    """
    loop, run = asyncio.get_running_loop(), _Run(load)
    plants: list[_Plant] = []
    for begin in range(0, load.plants, 200):
        some = [_Plant(number, run) for number in range(begin, min(begin + 200, load.plants))]
        try:
            await asyncio.gather(*(loop.create_connection(lambda p=plant: p, host, port) for plant in some))  # type: ignore[misc]
        except OSError as error:
            todo = "Start it with lantian hj212 serve; for thousands of plants raise ulimit -n"
            raise DataError("No receiver answers", where=f"{host}:{port}", found=error.strerror, todo=todo) from None
        plants += some
    begun, number = perf_counter(), 0
    total, checked = round(load.rate * load.seconds), begun
    while number < total:
        now = perf_counter()
        due = min(total, int((now - begun) * load.rate) + 1)
        while number < due:
            plant = plants[number % load.plants]
            cn = cns[(number // load.plants) % len(cns)]
            moment = clock() - (timedelta(hours=1) if cn in ("2061", "2031") else timedelta(0))
            plant.send(packet_of(plant.number, moment, load=load, cn=cn, sequence=number // load.plants))
            number += 1
        if now - checked > 1.0:
            checked = now
            for plant in plants:
                plant.again(now)
        await asyncio.sleep(0.002)
    run.result.seconds = perf_counter() - begun
    until = perf_counter() + load.answer_within * load.tries
    while any(plant.open for plant in plants) and perf_counter() < until:
        await asyncio.sleep(0.05)
        for plant in plants:
            plant.again(perf_counter())
    run.ending = True
    for plant in plants:
        if plant.transport is not None:
            plant.transport.close()
    await asyncio.sleep(0)
    return run.result
