"""The receiver over real sockets: nothing lost, nothing twice, and no acknowledgement before the datum is stored."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest

from flows.hj212.codec import Broken, Framer, Packet, decode, encode, split
from flows.hj212.receiver import Receiver, Settings
from flows.hj212.simulator import Load, mn_of, packet_of, simulate
from forecast.emissions import Emissions
from plans.errors import DataError

NOW = datetime(2016, 8, 1, 1, tzinfo=UTC)
ALL = {"start": NOW - timedelta(days=2), "end": NOW + timedelta(days=2), "as_of": NOW + timedelta(days=9)}
LOAD = Load(1, 1, 1)


@pytest.fixture
def store(tmp_path):
    opened = Emissions.open(tmp_path / "archive.db")
    yield opened
    opened.close()


def with_receiver(store, talk, **settings):
    """Run `talk(receiver, port)` against a listening receiver; its result."""

    async def main():
        receiver = Receiver(store, settings=Settings(**settings), clock=lambda: NOW)
        port = await receiver.start("127.0.0.1", 0)
        try:
            return await asyncio.wait_for(talk(receiver, port), 60)
        finally:
            await receiver.stop()

    return asyncio.run(main())


async def say(port, *chunks, answers=1, within=30.0):
    """Send chunks over one connection; the packets that came back within the time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    framer, got = Framer(), []
    for chunk in chunks:
        writer.write(chunk)
        await writer.drain()
        await asyncio.sleep(0.01)
    try:
        async with asyncio.timeout(within):
            while len(got) < answers and (data := await reader.read(4096)):
                got += [decode(item) for item in framer.feed(data) if not isinstance(item, Broken)]
    except TimeoutError:
        pass
    writer.close()
    return got


async def until(holds, within=30.0):
    """Wait until something holds; a busy machine may take its time, an idle one loses none."""
    async with asyncio.timeout(within):
        while not holds():
            await asyncio.sleep(0.02)


def test_a_packet_cut_in_pieces_is_stored_and_answered_with_its_own_number(store):
    packet = packet_of(3, NOW, load=LOAD)
    frame = encode(packet)

    async def talk(_receiver, port):
        return await say(port, frame[:7], frame[7:40], frame[40:-1], frame[-1:])

    (reply,) = with_receiver(store, talk)
    rows = store.emissions(mn=mn_of(3), kind="realtime", **ALL)

    assert (packet.qn, "9014", "91") == (reply.qn, reply.cn, reply.st)
    assert ["a00000", "a19001", "a21002", "a21026", "a34013"] == [row.code for row in rows]
    assert all(row.data_time == NOW and row.flag == "N" for row in rows)


def test_glued_packets_are_all_answered_and_the_same_ones_again_add_nothing(store):
    frames = b"".join(encode(packet_of(3, NOW + timedelta(minutes=n), load=LOAD)) for n in range(20))

    async def talk(_receiver, port):
        return [len(await say(port, frames, answers=20)) for _ in range(3)]

    assert [20, 20, 20] == with_receiver(store, talk)
    assert 100 == store.counts()["emission"]


def test_another_value_for_the_same_time_is_a_revision_and_both_are_kept(store):
    first = packet_of(3, NOW, load=LOAD)
    other = Packet(
        first.qn, "31", "2011", first.pw, first.mn, 5, (first.cp[0], (("a21026-Rtd", "99.5"), ("a21026-Flag", "M")))
    )

    async def talk(_receiver, port):
        return len(await say(port, encode(first), encode(other), answers=2))

    assert 2 == with_receiver(store, talk)
    (row,) = store.emissions(mn=mn_of(3), kind="realtime", codes=["a21026"], **ALL)
    assert (99.5, "M") == (row.rtd, row.flag)
    assert 6 == store.counts()["emission"]


def test_states_and_running_hours_of_treatment_facilities_are_kept(store):
    frames = [encode(packet_of(3, NOW, load=LOAD, cn=cn)) for cn in ("2021", "2041")]

    async def talk(_receiver, port):
        return len(await say(port, *frames, answers=2))

    assert 2 == with_receiver(store, talk)
    assert [("SB1", 1.0), ("SB2", 1.0), ("SB3", 1.0)] == [
        (row.code, row.value) for row in store.equipment(mn=mn_of(3), kind="state", **ALL)
    ]
    assert 3 == len(store.equipment(mn=mn_of(3), kind="running", **ALL))


def test_parts_of_a_split_message_come_in_any_order_even_when_only_one_has_the_time(store):
    groups = tuple(((f"a{number:05d}-Rtd", "12.345"), (f"a{number:05d}-Flag", "N")) for number in range(70))
    whole = Packet("20160801085857223", "31", "2011", "1", mn_of(5), 5, ((("DataTime", "20160801085000"),), *groups))
    parts = [
        Packet(p.qn, p.st, p.cn, p.pw, p.mn, p.flag, p.cp[1 if p.pno > 1 else 0 :], p.pnum, p.pno) for p in split(whole)
    ]
    assert len(parts) == 3

    async def talk(_receiver, port):
        return len(await say(port, *(encode(part) for part in reversed(parts)), answers=3))

    assert 3 == with_receiver(store, talk)
    assert 70 == store.counts()["emission"]


def test_a_part_whose_time_never_comes_is_kept_raw_and_not_acknowledged(store):
    part = Packet("20160801085857223", "31", "2011", "1", mn_of(5), 7, ((("a21026-Rtd", "1"),),), 2, 2)

    async def talk(_receiver, port):
        got = await say(port, encode(part), within=0.3)
        await until(store.aside)
        return got

    assert [] == with_receiver(store, talk, part_seconds=0.1)
    assert "part without DataTime" in store.aside()[0][1]


def test_an_answer_is_given_only_when_the_flag_asks_for_it(store):
    packet = packet_of(3, NOW, load=LOAD)
    silent = Packet(packet.qn, packet.st, packet.cn, packet.pw, packet.mn, 4, packet.cp)

    async def talk(_receiver, port):
        return await say(port, encode(silent), within=0.4)

    assert [] == with_receiver(store, talk)
    assert 5 == store.counts()["emission"]


def test_heartbeats_of_the_2025_edition_are_answered_and_leave_no_rows(store):
    beat = Packet("20160801085857223", "91", "9015", "1", mn_of(3), 9)

    async def talk(_receiver, port):
        return await say(port, encode(beat))

    (reply,) = with_receiver(store, talk)
    assert ("9013", 8, "2025") == (reply.cn, reply.flag, reply.version)
    assert {0} == set(store.counts().values())


def test_a_broken_packet_is_not_answered_and_the_sender_gets_it_through_the_second_time(store):
    frame = encode(packet_of(3, NOW, load=LOAD))
    spoilt = frame.replace(b"a21026-Rtd=", b"a21026-Rtd=9")

    async def talk(receiver, port):
        got = await say(port, spoilt, within=0.3), await say(port, frame)
        return len(got[0]), len(got[1]), receiver.counts["broken: the length does not fit the packet"]

    assert (0, 1, 1) == with_receiver(store, talk)


def test_a_field_nobody_understands_is_believed_when_the_same_bytes_come_again(store):
    """One in 256 garbled packets passes the checksum; none passes it twice with the same garbage."""
    packet = packet_of(3, NOW, load=LOAD)
    odd = encode(Packet(packet.qn, "31", "2011", "1", packet.mn, 5, (*packet.cp, (("w99-Xyz", "1"),))))

    async def talk(_receiver, port):
        return len(await say(port, odd, within=0.3)), store.counts()["emission"], len(await say(port, odd))

    assert (0, 0, 1) == with_receiver(store, talk)
    assert (5, 1) == (store.counts()["emission"], store.counts()["set_aside"])
    assert "w99-Xyz" in store.aside()[0][1]


def test_a_logger_with_a_clock_of_the_future_is_kept_raw_not_under_a_false_hour(store):
    async def talk(_receiver, port):
        return len(await say(port, encode(packet_of(3, NOW + timedelta(days=40), load=LOAD))))

    assert 1 == with_receiver(store, talk)
    assert (0, 1) == (store.counts()["emission"], store.counts()["set_aside"])
    assert "ahead of our clock" in store.aside()[0][1]


def test_only_known_plants_with_their_password_are_stored(store):
    async def talk(receiver, port):
        packets = {n: encode(packet_of(n, NOW, load=LOAD)) for n in (3, 4, 5)}
        got = [len(await say(port, packets[n], within=30 if n == 3 else 0.3)) for n in packets]
        await until(lambda: receiver.counts["refused: unknown MN or wrong PW"] == 2)
        return got, receiver.counts["refused: unknown MN or wrong PW"]

    known = MappingProxyType({mn_of(3): "123456", mn_of(4): "other"})
    assert ([1, 0, 0], 2) == with_receiver(store, talk, known=known)
    assert [mn_of(3)] == list(store.last_heard())


def test_nothing_is_acknowledged_while_the_store_is_locked_and_everything_after(store, tmp_path):
    """Another process holds the write lock: senders wait, then all is stored and answered."""
    import sqlite3

    with sqlite3.connect(tmp_path / "archive.db", isolation_level=None) as other:
        store.engine.dispose()

        async def talk(_receiver, port):
            other.execute("BEGIN IMMEDIATE")
            early = await say(port, encode(packet_of(3, NOW, load=LOAD)), within=0.5)
            waiting = asyncio.ensure_future(say(port, encode(packet_of(4, NOW, load=LOAD)), within=120))
            await asyncio.sleep(0.3)
            other.execute("COMMIT")
            return len(early), len(await waiting)

        assert (0, 1) == with_receiver(store, talk)
    assert [mn_of(3), mn_of(4)] == list(store.last_heard()), "also what the impatient sender sent"


def test_a_full_disk_is_said_and_nothing_is_acknowledged(store):
    """The database may not grow by a page: SQLite's own "database or disk is full"."""
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

    import sqlalchemy as sa

    @sa.event.listens_for(store.engine, "begin")
    def limit(connection):
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    async def talk(receiver, port):
        frames = b"".join(encode(packet_of(n, NOW, load=LOAD)) for n in range(400))
        answers = asyncio.ensure_future(say(port, frames, within=60))
        await until(lambda: receiver.trouble is not None)
        await asyncio.sleep(0.2)
        early, trouble = answers.done(), receiver.trouble
        answers.cancel()
        return early, trouble

    answered, trouble = with_receiver(store, talk, largest_batch=400, linger=0.2)
    assert not answered
    assert "disk is full" in trouble and "nothing was half-written" in trouble
    assert 0 == store.counts()["emission"]


def test_the_queue_full_pauses_reading_and_loses_nothing(store):
    async def talk(receiver, port):
        result = await simulate(Load(20, 2000, 1.0), host="127.0.0.1", port=port, clock=lambda: NOW)
        return result.sent, result.acknowledged, receiver.counts["paused"]

    sent, acknowledged, paused = with_receiver(store, talk, queue_most=50, largest_batch=20)
    assert sent == acknowledged
    assert paused > 0


def test_a_load_of_plants_is_acknowledged_whole_and_stored_whole(store):
    load = Load(plants=150, rate=300, seconds=2.0)

    async def talk(_receiver, port):
        return await simulate(load, host="127.0.0.1", port=port, clock=lambda: NOW, cns=("2011", "2061", "2021"))

    result = with_receiver(store, talk)
    assert (600, 600, 0) == (result.sent, result.acknowledged, result.lost_connections)
    assert 150 == len(store.last_heard())


def test_endless_garbage_closes_the_connection_and_others_go_on(store):
    async def talk(receiver, port):
        _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(40):
            writer.write(b"x" * 4096)
            await asyncio.sleep(0)
        good = await say(port, encode(packet_of(3, NOW, load=LOAD)))
        await asyncio.sleep(0.1)
        return len(good), receiver.connected

    assert (1, 0) == with_receiver(store, talk)


def test_a_taken_port_is_one_clear_sentence(store):
    async def talk(_receiver, port):
        with pytest.raises(DataError, match="cannot listen"):
            await Receiver(store).start("127.0.0.1", port)

    with_receiver(store, talk)


def test_a_simulated_plant_without_a_receiver_says_so():
    with pytest.raises(DataError, match="No receiver answers"):
        asyncio.run(simulate(LOAD, host="127.0.0.1", port=9))


def test_more_plants_than_the_usual_limit_of_open_files_are_taken(tmp_path):
    """`lantian hj212 serve` raises its own soft limit: begun with 64 files it takes 300 connections."""
    import subprocess
    import sys

    words = ["hj212", "serve", "--port", "0", "--to", str(tmp_path / "a.db"), "--seconds", "60"]
    few = ["sh", "-c", 'ulimit -S -n 64; exec "$@"', "sh", sys.executable, "-c", "from console.cli import main; main()"]
    receiver = subprocess.Popen([*few, *words], stdout=subprocess.PIPE, text=True)
    try:
        port = int(receiver.stdout.readline().rsplit(":", 1)[1])
        result = asyncio.run(simulate(Load(300, 300, 1.0), host="127.0.0.1", port=port))
    finally:
        receiver.terminate()
        receiver.communicate(timeout=300)

    assert 300 == result.acknowledged == result.sent
