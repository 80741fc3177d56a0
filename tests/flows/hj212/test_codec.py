"""HJ 212 on the wire: the standard's example first, then identity, an independent oracle, and fuzz."""

import random
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.hj212.codec import (
    Broken,
    Framer,
    Malformed,
    Packet,
    answer,
    checksum,
    cp_text,
    decode,
    encode,
    join,
    split,
)
from flows.hj212.meaning import moment_of, said
from flows.hj212.noise import mutated
from flows.hj212.simulator import Load, packet_of

STANDARD = (
    b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;"
    b"CP=&&RtdInterval=30&&1C80\r\n"
)
"""HJ 212-2017 appendix A."""
MN = "010000A8900016F000169DC0"
NOW = datetime(2016, 8, 1, 1, tzinfo=UTC)


def plain_crc(data):
    """The appendix's own steps, bit by bit, independent of the table."""
    register = 0xFFFF
    for byte in data:
        register = (register >> 8) ^ byte
        for _ in range(8):
            out = register & 1
            register >>= 1
            if out:
                register ^= 0xA001
    return f"{register:04X}"


def frames(*chunks):
    framer = Framer()
    return [item for chunk in chunks for item in framer.feed(chunk)]


def data_packet(cn="2011", **more):
    fields = {
        "qn": "20160801085857223",
        "st": "31",
        "cn": cn,
        "pw": "123456",
        "mn": "010000A8900016F000169DC0",
        "flag": 5,
    }
    groups = ((("DataTime", "20160801080000"),), (("a21026-Rtd", "1.1"), ("a21026-Flag", "N")))
    return Packet(**(fields | {"cp": groups} | more))


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,7}(-(Rtd|Avg|Max|Flag|RS))?", fullmatch=True)
VALUES = st.text(alphabet="0123456789.-abcNFD 中文//", max_size=12)
PACKETS = st.builds(
    Packet,
    qn=st.datetimes(timezones=st.just(UTC)).filter(lambda t: t.year > 1999).map(lambda t: f"{t:%Y%m%d%H%M%S}123"),
    st=st.sampled_from(["22", "31", "39", "51", "91"]),
    cn=st.from_regex(r"[0-9]{4}", fullmatch=True),
    pw=st.from_regex(r"[0-9A-Za-z]{0,9}", fullmatch=True),
    mn=st.from_regex(r"[0-9A-F]{24}", fullmatch=True),
    flag=st.sampled_from([0, 1, 4, 5, 8, 9]),
    cp=st.lists(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=4).map(tuple), max_size=8).map(tuple),
)  # fmt: skip


def test_the_standards_own_example_is_read_and_written_byte_for_byte():
    (data,) = frames(STANDARD)
    packet = decode(data)

    assert ("1062", 5, "2017", "30") == (packet.cn, packet.flag, packet.version, packet.value("RtdInterval"))
    assert packet.wants_answer
    assert STANDARD == encode(packet)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_the_checksum_is_the_one_the_appendix_describes(data):
    assert plain_crc(data) == checksum(data)


def test_the_checksum_has_256_values_so_grammar_and_length_must_help():
    chooser = random.Random(1)

    assert len({checksum(chooser.randbytes(20)) for _ in range(20_000)}) == 256


def test_one_changed_byte_is_always_seen():
    data = STANDARD[6:-6]
    changed = [data[:at] + bytes([value]) + data[at + 1 :] for at in range(len(data)) for value in range(256)]

    assert {data} == {other for other in changed if checksum(other) == checksum(data)}


@given(PACKETS)
@settings(max_examples=300, deadline=None)
def test_a_packet_comes_back_as_it_was(packet):
    if len(cp_text(packet.cp).encode("gb18030")) > 900:
        return
    (data,) = frames(encode(packet))

    assert packet == decode(data)


@given(st.lists(PACKETS, min_size=1, max_size=5), st.lists(st.integers(1, 60), min_size=1, max_size=40))
@settings(max_examples=100, deadline=None)
def test_packets_come_out_whole_wherever_the_network_cut_or_glued_them(packets, cuts):
    short = [packet for packet in packets if len(cp_text(packet.cp).encode("gb18030")) <= 900]
    stream, pieces, number = b"".join(map(encode, short)), [], 0
    while stream:
        size = cuts[number % len(cuts)]
        pieces.append(stream[:size])
        stream, number = stream[size:], number + 1

    assert short == [decode(data) for data in frames(*pieces)]


@pytest.mark.parametrize(
    "noise",
    [b"garbage", b"#", b"###", b"##0009", b"##00", b"##9999QN=1;\r\n", STANDARD[:-2],
     STANDARD.replace(b"0101", b"9101"), STANDARD.replace(b"0101", b"0001"), STANDARD.replace(b"30&&", b"31&&"),
     b"\r\n\r\n", b"##abcd"],
)  # fmt: skip
def test_what_is_broken_never_takes_the_next_packet_with_it(noise):
    found = [item for item in frames(noise, STANDARD, STANDARD) if not isinstance(item, Broken)]

    assert [STANDARD[6:-6]] * 2 == found


def test_a_lower_case_checksum_is_the_same_checksum():
    assert [STANDARD[6:-6]] == frames(STANDARD.replace(b"1C80", b"1c80"))


def test_the_buffer_never_holds_more_than_one_longest_packet():
    framer = Framer()
    for _ in range(500):
        list(framer.feed(b"##9999" + b"A" * 300))

    assert framer.waiting <= 9999 + 12


def test_a_long_message_is_split_at_groups_and_joined_again():
    groups = tuple(((f"a{number:05d}-Rtd", "12.345"), (f"a{number:05d}-Flag", "N")) for number in range(100))
    packet = data_packet(cp=((("DataTime", "20160801080000"),), *groups))
    parts = split(packet)

    assert len(parts) > 2
    assert all(len(cp_text(part.cp)) <= 950 and part.flag == 7 for part in parts)
    assert packet == join(reversed([decode(frames(encode(part))[0]) for part in parts]))
    with pytest.raises(Malformed, match="not complete"):
        join(parts[1:])


@pytest.mark.parametrize(
    ("old", "new"),
    [(";Flag=5", ""), ("Flag=5", "Flag=7"), ("Flag=5", "Flag=13"), ("QN=20160801", "QN=20161301"), ("ST=32", "ST=3"),
     ("CP=&&", "CP=&"), ("RtdInterval=30", "RtdInterval"), ("=30", "=3#0"), ("PW=100000", "PW=1;PW=2"),
     ("Flag=5;", "Flag=7;PNUM=2;PNO=3;"), ("MN=010000A8900016F000169DC0", "MN=x")],
)  # fmt: skip
def test_a_packet_against_the_grammar_is_refused(old, new):
    text = STANDARD[6:-6].decode()
    assert old in text

    with pytest.raises(Malformed):
        decode(text.replace(old, new).encode())


def test_the_answer_repeats_the_request_number_and_asks_for_none():
    reply = decode(frames(answer(data_packet(), cn="9014"))[0])

    assert ("20160801085857223", "91", "9014", 4, ()) == (reply.qn, reply.st, reply.cn, reply.flag, reply.cp)
    assert 8 == decode(frames(answer(data_packet(flag=9), cn="9014"))[0]).flag


def test_hour_data_are_kept_under_the_start_of_their_hour_in_utc():
    packet = data_packet("2061", cp=((("DataTime", "20160801080000"),), (("a21026-Avg", "3.5"), ("a21026-ZsAvg", "4"))))
    (row,) = said(packet, received_at=NOW).emissions

    assert ("hour", datetime(2016, 8, 1, 0, tzinfo=UTC), 3.5, 4.0) == (row.kind, row.data_time, row.avg, row.zs_avg)


@pytest.mark.parametrize(("text", "day"), [("20240229235900", 29), ("20231231235959", 31), ("20240301000000", 29)])
def test_beijing_times_at_the_edges_of_months_become_the_right_instant(text, day):
    assert day == moment_of(text).day


@pytest.mark.parametrize(
    "text", ["20230229000000", "20160801240000", "2016080108000", "", "2016-08-01 0800", "２０160801080000"]
)
def test_a_time_that_does_not_exist_is_refused(text):
    with pytest.raises(Malformed):
        moment_of(text)


def test_equipment_states_and_running_hours_are_read_and_impossible_ones_named():
    time = (("DataTime", "20160801000000"),)
    states = said(data_packet("2021", cp=(time, (("SB1-RS", "1"),), (("SB2-RS", "9"),))), received_at=NOW)
    hours = said(data_packet("2041", cp=(time, (("SB1-RT", "23.5"),), (("SB2-RT", "25"),))), received_at=NOW)

    assert [("SB1", 1.0)] == [(row.code, row.value) for row in states.equipment]
    assert [("SB1", 23.5)] == [(row.code, row.value) for row in hours.equipment]
    assert (("SB2=9.0",), ("SB2=25.0",)) == (states.unread, hours.unread)


def test_an_unreadable_value_does_not_take_its_neighbours_with_it():
    groups = ((("DataTime", "20160801080000"),), (("a21026-Rtd", "x1"), ("a21026-Flag", "D")), (("a34013-Rtd", "2"),))
    found = said(data_packet(cp=groups), received_at=NOW)

    assert [("a21026", None, "D"), ("a34013", 2.0, None)] == [(row.code, row.rtd, row.flag) for row in found.emissions]
    assert ("a21026-Rtd=x1",) == found.unread


def stands_in(stream, item):
    """True when the stream holds a whole valid packet with exactly these data, by the independent reading."""
    at = -1
    while (at := stream.find(b"##%04d%b" % (len(item), item), at + 1)) >= 0:
        end = at + 6 + len(item)
        if stream[end : end + 4].upper() == plain_crc(item).encode() and stream[end + 4 : end + 6] == b"\r\n":
            return True
    return False


def fuzz(count, seed=212):
    """How many mutated frames were accepted: unchanged, changed, and against the independent reading."""
    chooser = random.Random(seed)
    load = Load(1, 1, 1)
    originals = [encode(packet_of(n, NOW, load=load, cn=cn)) for n in range(40) for cn in ("2011", "2061", "2021")]
    same = changed = wrong = 0
    for _ in range(count):
        frame = chooser.choice(originals)
        sent = mutated(frame, chooser)
        for item in frames(sent):
            if isinstance(item, Broken):
                continue
            try:
                if said(decode(item), received_at=NOW).unread:
                    continue
            except Malformed:
                continue
            wrong += not stands_in(sent, item)
            same += item == frame[6:-6]
            changed += item != frame[6:-6]
    return same, changed, wrong


def test_mutated_packets_crash_nothing_and_none_is_accepted_that_is_not_valid_itself():
    same, changed, wrong = fuzz(100_000)

    assert wrong == 0
    assert same > 0, "a mutation may spare one whole packet"
    assert changed == 0, "what the checksum lets pass, 1 in 256, is caught by grammar, length and meaning"


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_no_bytes_whatever_crash_the_framer_or_the_reader(noise):
    for item in frames(b"##" + noise, noise, b"\r\n", b"##0004" + noise[:4] + checksum(noise[:4]).encode() + b"\r\n"):
        if not isinstance(item, Broken):
            with suppress(Malformed):
                said(decode(item), received_at=NOW)


def test_a_packet_that_is_too_long_must_be_split():
    long = data_packet(cp=tuple(((f"a{number:05d}-Rtd", "12.345"),) for number in range(100)))

    with pytest.raises(Malformed, match="Split it"):
        encode(long)
    with pytest.raises(Malformed, match="too long for a packet"):
        split(replace(long, cp=((("i1-Info", "x" * 990),),)))
