"""Takes HJ 212 packets over TCP and acknowledges each only after its datum is stored durably.

One thread of execution reads all connections; one writer stores whatever has gathered in a single transaction and then
answers. While the store is slow or away nothing is answered: the queue fills, reading pauses, and senders keep their
data and send again. A datum that comes twice is stored once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from flows.clock import real_now
from flows.hj212.codec import Broken, Framer, Malformed, Packet, answer, decode
from flows.hj212.meaning import KINDS, Said, moment_of, said
from forecast.emissions import Emissions, Row
from plans.errors import DataError

LOG = logging.getLogger("lantian.hj212")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the office decides about its receiver; every number is ours (confidence I) unless it says otherwise."""

    known: Mapping[str, str] | None = None
    """PW by MN of the plants that may send; None: whoever reaches the port (a closed network or a drill)."""
    answers: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType(
            {**dict.fromkeys(KINDS, "9014"), "2081": "9014", "9015": "9013", "9021": "9013"}
        )
    )
    """CN of the answer by CN. 9014 to data: HJ 212-2017 appendix C (A); 2081: I; 9015, 9021: public code only (B)."""
    linger: float = 0.01
    """Seconds the writer lets packets gather; one durable commit then carries them all."""
    largest_batch: int = 500
    queue_most: int = 20_000
    """Packets in memory before reading pauses."""
    connections_most: int = 10_000
    idle_seconds: float = 3600.0
    garbage_most: int = 65_536
    """Bytes that are no packet before a connection is closed."""
    part_seconds: float = 60.0
    """How long a part of a split message waits for the part that holds DataTime."""
    ahead_most: timedelta = timedelta(days=1)
    """A DataTime further ahead of our clock is a wrong clock: the packet is kept raw, not under a false hour."""
    aside_most: int = 1000
    """Unreadable packets kept raw per connection."""


@dataclass(slots=True)
class _Job:
    connection: _Connection
    raw: bytes
    packet: Packet
    said: Said
    aside: str = ""
    """Why the raw packet is kept too; empty when everything in it was read."""
    quiet: bool = False
    """True: no acknowledgement, the sender shall send it again."""


class _Connection(asyncio.Protocol):
    def __init__(self, receiver: Receiver) -> None:
        self.receiver = receiver
        self.framer = Framer()
        self.transport: asyncio.Transport | None = None
        self.peer = "?"
        self.garbage = self.aside = 0
        self.heard = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.peer = str(transport.get_extra_info("peername", ("?",))[0])
        self.heard = self.receiver.loop.time()
        self.receiver.joined(self)

    def data_received(self, data: bytes) -> None:
        self.heard = self.receiver.loop.time()
        for item in self.framer.feed(data):
            if isinstance(item, Broken):
                self.garbage += item.size
                self.receiver.counts[f"broken: {item.reason}"] += 1
            else:
                self.receiver.take(self, item)
        if self.garbage > self.receiver.settings.garbage_most and self.transport is not None:
            LOG.warning("closing %s: %d bytes were no packets", self.peer, self.garbage)
            self.transport.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.receiver.left(self)


class Receiver:
    """The TCP receiver; use as ``async with Receiver(store, ...).listening(host, port)`` or start and stop."""

    def __init__(
        self, store: Emissions, *, settings: Settings | None = None, clock: Callable[[], datetime] = real_now
    ) -> None:
        self.store, self.settings, self.clock = store, settings or Settings(), clock
        self.counts: Counter[str] = Counter()
        self._connections: set[_Connection] = set()
        self._queue: deque[_Job] = deque()
        self._held: dict[tuple[str, str, str], list[tuple[float, _Connection, bytes, Packet]]] = {}
        self._times: OrderedDict[tuple[str, str, str], datetime] = OrderedDict()
        self._doubted: OrderedDict[bytes, None] = OrderedDict()
        self._paused = False
        self._executor = ThreadPoolExecutor(1, "hj212-writer")
        self.trouble: str | None = None
        """Why nothing can be stored now; None when all is well."""

    # life -------------------------------------------------------------------------------------------------------------

    async def start(self, host: str, port: int) -> int:
        """Listen; the port (useful with 0). DataError when the address is taken."""
        self.loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        try:
            self._server = await self.loop.create_server(lambda: _Connection(self), host, port, backlog=4096)
        except OSError as error:
            raise DataError(
                "The receiver cannot listen", where=f"{host}:{port}", found=error.strerror, todo="Choose another port"
            ) from None
        self._stopping = False
        self._tasks = [self.loop.create_task(self._write()), self.loop.create_task(self._sweep())]
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop reading, store and answer what came, close."""
        self._server.close()
        for connection in self._connections:
            if connection.transport is not None and not connection.transport.is_closing():
                connection.transport.pause_reading()
        self._stopping = True
        self._wake.set()
        await self._tasks[0]
        self._tasks[1].cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for connection in list(self._connections):
            if connection.transport is not None:
                connection.transport.close()
        self._executor.shutdown()

    # connections ------------------------------------------------------------------------------------------------------

    def joined(self, connection: _Connection) -> None:
        """A plant connected."""
        assert connection.transport is not None
        if len(self._connections) >= self.settings.connections_most:
            self.counts["refused: too many connections"] += 1
            connection.transport.abort()
            return
        self._connections.add(connection)
        if self._paused:
            connection.transport.pause_reading()

    def left(self, connection: _Connection) -> None:
        """A plant went."""
        self._connections.discard(connection)

    @property
    def connected(self) -> int:
        """Open connections."""
        return len(self._connections)

    # packets ----------------------------------------------------------------------------------------------------------

    def take(self, connection: _Connection, raw: bytes) -> None:
        """Understand one checked packet and queue it for the writer."""
        self.counts["packets"] += 1
        try:
            packet = decode(raw)
        except Malformed as error:
            self.counts["malformed"] += 1
            self._set_aside(connection, raw, str(error))
            return
        known = self.settings.known
        if known is not None and known.get(packet.mn) != packet.pw:
            self.counts["refused: unknown MN or wrong PW"] += 1
            return
        if packet.cn not in KINDS:
            self._push(_Job(connection, raw, packet, Said(), "" if packet.cn in self.settings.answers else "command"))
            return
        self._data(connection, raw, packet)

    def _data(self, connection: _Connection, raw: bytes, packet: Packet) -> None:
        key, when = (packet.mn, packet.qn, packet.cn), None
        if packet.pnum is not None:
            text = packet.value("DataTime")
            try:
                when = self._times.get(key) if text is None else moment_of(text)
            except Malformed:
                when = None
            if when is None and text is None:
                self.counts["parts held"] += 1
                self._held.setdefault(key, []).append((self.loop.time(), connection, raw, packet))
                return
            if when is not None:
                self._times[key] = when
                while len(self._times) > 10_000:
                    self._times.popitem(last=False)
        received = self.clock().astimezone(UTC)
        try:
            found = said(packet, received_at=received, data_time=when)
        except Malformed as error:
            self._push(_Job(connection, raw, packet, Said(), str(error)))
            return
        rows: list[Row] = [*found.emissions, *found.equipment]
        ahead = max((row.data_time for row in rows), default=received) - received
        if ahead > self.settings.ahead_most:
            self.counts["wrong clock"] += 1
            self._push(_Job(connection, raw, packet, Said(), f"DataTime is {ahead} ahead of our clock"))
        elif found.unread and not self._believed(raw, packet, found):
            self.counts["doubted"] += 1
            self._push(_Job(connection, raw, packet, Said(), "doubted: " + ", ".join(found.unread)[:300], quiet=True))
        else:
            aside = "unread: " + ", ".join(found.unread)[:300] if found.unread else ""
            self._push(_Job(connection, raw, packet, found, aside))
        for _since, other, other_raw, part in self._held.pop(key, ()):
            self._data(other, other_raw, part)

    def _believed(self, raw: bytes, packet: Packet, found: Said) -> bool:
        """Whether a packet with fields that were not understood is what the logger meant.

        Noise passes the checksum once in 256 times, but not twice with the same bytes: such a packet is kept raw,
        not acknowledged, and believed when it comes again unchanged. A logger that wants no answers sends once; it is
        believed unless something is plainly garbled.
        """
        if not packet.wants_answer:
            return not found.wrong
        again = raw in self._doubted
        self._doubted[raw] = None
        while len(self._doubted) > 10_000:
            self._doubted.popitem(last=False)
        return again

    def _set_aside(self, connection: _Connection, raw: bytes, reason: str) -> None:
        nobody = Packet("0" * 17, "00", "0000", "", "", 0)
        self._push(_Job(connection, raw, nobody, Said(), reason))

    def _push(self, job: _Job) -> None:
        if job.aside:
            job.connection.aside += 1
            if job.connection.aside > self.settings.aside_most:
                self.counts["not kept raw: too many"] += 1
                job.aside = ""
        self._queue.append(job)
        self._wake.set()
        if not self._paused and len(self._queue) > self.settings.queue_most:
            self._pause(True)

    def _pause(self, on: bool) -> None:
        self._paused = on
        self.counts["paused"] += on
        for connection in self._connections:
            if connection.transport is not None and not connection.transport.is_closing():
                (connection.transport.pause_reading if on else connection.transport.resume_reading)()

    # the writer -------------------------------------------------------------------------------------------------------

    async def _write(self) -> None:
        wait = 0.1
        while self._queue or not self._stopping:
            if not self._queue:
                self._wake.clear()
                await self._wake.wait()
                continue
            if len(self._queue) < self.settings.largest_batch and not self._stopping:
                await asyncio.sleep(self.settings.linger)
            batch = [self._queue[number] for number in range(min(len(self._queue), self.settings.largest_batch))]
            try:
                added = await self.loop.run_in_executor(self._executor, self._store, batch, self.clock())
            except DataError as error:
                self.counts["store failed"] += 1
                self.trouble = str(error)
                LOG.error("nothing can be stored, nothing is acknowledged: %s", error)
                if self._stopping:
                    return
                await asyncio.sleep(wait)
                wait = min(5.0, wait * 2)
                continue
            self.trouble, wait = None, 0.1
            for _ in batch:
                self._queue.popleft()
            self.counts["rows"] += added
            self.counts["commits"] += 1
            for job in batch:
                self._answer(job)
            if self._paused and len(self._queue) < self.settings.queue_most // 2:
                self._pause(False)

    def _store(self, batch: list[_Job], now: datetime) -> int:
        rows: list[Row] = []
        for job in batch:
            rows += [*job.said.emissions, *job.said.equipment]
        aside = [(job.raw, job.packet.mn or job.connection.peer, job.aside, now) for job in batch if job.aside]
        return self.store.write(rows, set_aside=aside)

    def _answer(self, job: _Job) -> None:
        cn = self.settings.answers.get(job.packet.cn)
        transport = job.connection.transport
        if job.quiet or not job.packet.wants_answer or cn is None or transport is None or transport.is_closing():
            return
        self.counts["answered"] += 1
        transport.write(answer(job.packet, cn=cn))

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(min(5.0, self.settings.part_seconds, self.settings.idle_seconds))
            now = self.loop.time()
            for key in [k for k, parts in self._held.items() if now - parts[0][0] > self.settings.part_seconds]:
                for _since, connection, raw, _packet in self._held.pop(key):
                    self.counts["parts without DataTime"] += 1
                    self._set_aside(connection, raw, "a part without DataTime whose other parts did not come")
            for connection in list(self._connections):
                if now - connection.heard > self.settings.idle_seconds and connection.transport is not None:
                    self.counts["closed: idle"] += 1
                    connection.transport.close()
