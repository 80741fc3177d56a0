"""What models said on past days: laid out as it was at hand at each day's end, and never what only later runs knew."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from typer.testing import CliRunner

from flows.commands.sources import app
from flows.sources import open_meteo_past
from flows.sources.live import Asker
from flows.sources.open_meteo_past import COLUMNS, PreviousRuns, at_hand, known_days
from forecast import air
from forecast.guidance import Guidance
from forecast.weather_runs import RUN_DELAY, daily_ahead
from plans.errors import DataError, SourceError

from .conftest import plain, policy

NOW = datetime(2024, 6, 1, 1, tzinfo=UTC)
EPOCH = datetime(2024, 1, 1, tzinfo=air.BEIJING)
FIRST, LAST = date(2024, 2, 10), date(2024, 2, 14)
HOUR = timedelta(hours=1)
PLACES = {"1A": (28.2, 112.9)}
UNITS = {theirs: unit for theirs, unit, _factor in COLUMNS.values()}


def issued(hour, lag):
    """When the newest run behind a value can have been issued, in hours since the epoch."""
    return (hour - EPOCH) / HOUR - 24 * lag


def value(theirs, hour, lag):
    """The height of the mixing layer tells when its run was issued; a value of lag 0 would be 9999."""
    if theirs == "boundary_layer_height":
        return 9999 if lag == 0 else issued(hour, lag)
    return {"surface_pressure": 1000.0, "cloud_cover": 40}.get(theirs, 3.0) + lag / 10


def service(*, say=value, **over):
    """Answers as the service does, with the plain names besides, which nobody asked for."""

    def reply(handler):
        asked = {name: found[0] for name, found in parse_qs(urlsplit(handler.path).query).items()}
        first, last = (date.fromisoformat(asked[name]) for name in ("start_date", "end_date"))
        begin = datetime(first.year, first.month, first.day, tzinfo=air.BEIJING)
        hours = [begin + n * HOUR for n in range(24 * ((last - first).days + 1))]
        series, units = {}, {"time": "iso8601"}
        for name in [*asked["hourly"].split(","), *UNITS]:
            theirs, _, lag = name.partition("_previous_day")
            series[name] = [say(theirs, hour, int(lag or 0)) for hour in hours]
            units[name] = "undefined" if set(series[name]) == {None} else UNITS[theirs]
        times = [f"{hour:%Y-%m-%dT%H:%M}" for hour in hours]
        answer = {"utc_offset_seconds": 28800, "hourly_units": units, "hourly": {"time": times, **series}}
        plain(answer | over)(handler)

    return reply


@pytest.fixture
def guidance(tmp_path):
    return Guidance.open(tmp_path / "a.db")


def take(server, guidance, *, first=FIRST, last=LAST):
    runs = PreviousRuns(base=server.url + "/p", policy=policy())
    asker = Asker("openmeteo", runs.policy, clock=lambda: NOW)
    return runs.take(asker, guidance, places=PLACES, first=first, last=last, now=NOW)


def said_of(guidance, day):
    start, end = air.day_bounds(day)[1], air.day_bounds(day)[1] + timedelta(days=7)
    (one,) = (
        one
        for one in guidance.said(source="openmeteo", start=start, end=end, as_of=NOW)
        if one.received_at == air.day_bounds(day)[1]
    )
    return one


def test_no_value_comes_from_a_run_that_was_not_at_hand_at_the_end_of_its_day(server, guidance):
    server.says("/p", service())
    list(take(server, guidance))

    for day in (FIRST, LAST):
        one = said_of(guidance, day)
        hours = one.first_hour + np.arange(one.values.shape[1]) * np.timedelta64(1, "h")
        told = one.values[one.variables.index("boundary_layer_height")]
        known = ~np.isnan(told)
        at = np.array([EPOCH + float(hour) * HOUR for hour in told[known]])
        assert 168 - 6 == known.sum()
        assert (at <= one.received_at - RUN_DELAY).all() and max(at) == one.received_at - RUN_DELAY == one.issued_at
        assert min(at) > one.received_at - timedelta(hours=30), "nor from an older run than it must be"
        assert air.utc(air.day_bounds(day)[1]) + np.timedelta64(1, "h") == hours[0]
    for asked in server.asked:
        (names,) = parse_qs(urlsplit(asked[1]).query)["hourly"]
        assert all("_previous_day" in name and not name.endswith("_previous_day0") for name in names.split(","))
        assert "850hPa" not in names


def test_each_day_has_daily_weather_for_all_seven_days(server, guidance):
    server.says("/p", service())
    list(take(server, guidance))
    made = daily_ahead(guidance, source="openmeteo", first=FIRST, last=LAST, as_of=NOW)

    assert not np.isnan(made["temperature_mean"].values).any()
    assert not np.isnan(made["boundary_layer_height_mean"].values).any()
    assert (1, 5, 7) == made["shortwave_mean"].shape


def test_killed_anywhere_and_called_again_the_rest_is_fetched_and_then_nothing_is_asked(server, guidance, monkeypatch):
    monkeypatch.setattr(open_meteo_past, "CHUNK", 2)
    server.says("/p", service())
    going = take(server, guidance)
    first = next(going)
    going.close()
    rest = list(take(server, guidance))
    asked = len(server.asked)

    assert (date(2024, 2, 10), date(2024, 2, 11), 2) == (first.first, first.last, first.days)
    assert [(date(2024, 2, 12), 2), (date(2024, 2, 14), 1)] == [(one.first, one.days) for one in rest]
    assert [] == list(take(server, guidance))
    assert 3 == asked == len(server.asked)


def test_a_day_of_which_nothing_was_said_is_skipped_and_told(server, guidance):
    server.says("/p", service(say=lambda *_: None))
    (part,) = take(server, guidance)

    assert (0, 0, ("nothing was said of these days",)) == (part.days, part.values, part.notes)
    assert () == guidance.places("openmeteo")


def test_a_variable_a_model_does_not_keep_and_a_value_that_cannot_be_are_left_out(server, guidance):
    def say(theirs, hour, lag):
        if theirs == "boundary_layer_height":
            return None
        return 400 if (theirs, lag, hour.hour) == ("cloud_cover", 1, 9) else value(theirs, hour, lag)

    server.says("/p", service(say=say))
    (part,) = take(server, guidance)
    one = said_of(guidance, FIRST)

    assert "boundary_layer_height" not in one.variables
    assert np.isnan(one.values[one.variables.index("cloud"), 8])
    assert ("12 values of cloud are impossible and were left out",) == part.notes


def test_a_lag_that_repeats_the_younger_one_is_not_believed(server, guidance):
    server.says("/p", service(say=lambda theirs, hour, lag: value(theirs, hour, min(lag, 5))))
    (part,) = take(server, guidance)
    temperature = said_of(guidance, FIRST).values[0]

    assert [f"previous_day{n} only repeats the day before and was left out" for n in (6, 7)] == list(part.notes)
    assert 4 * 24 + 18 == (~np.isnan(temperature)).sum()


@pytest.mark.parametrize(
    ("over", "sentence"),
    [({"error": True, "reason": "no such variable"}, "service refuses"), ({"utc_offset_seconds": 0}, "another zone")],
)
def test_a_refusal_ends_it_with_a_sentence(server, guidance, over, sentence):
    server.says("/p", service(**over))

    with pytest.raises(SourceError, match=sentence):
        list(take(server, guidance))


def test_days_before_the_service_began_and_days_that_may_still_change_are_not_known():
    assert (date(2024, 1, 1), date(2024, 5, 30)) == known_days(date(2023, 5, 1), date(2024, 7, 1), now=NOW)
    assert (FIRST, LAST) == known_days(FIRST, LAST, now=NOW)
    assert at_hand(FIRST)[1] - at_hand(FIRST)[0] == RUN_DELAY


# the command ----------------------------------------------------------------------------------------------------------


def lantian(*words):
    done = CliRunner().invoke(app, list(words))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_the_command_tells_each_part_and_ends_with_a_sum(server, tmp_path, monkeypatch):
    monkeypatch.setenv("LANTIAN_HOME", str(tmp_path))
    server.says("/p", service())
    here = {"base": server.url + "/p", "policy": policy()}
    monkeypatch.setattr(open_meteo_past, "PreviousRuns", lambda: PreviousRuns(**here))
    (tmp_path / "sources.yaml").write_text("sources: {openmeteo: {places: {甲: [28.2, 112.9], 乙: [28.3, 113.0]}}}")
    said = lantian("past", "openmeteo", "--from", "2023-12-30", "--to", "2024-01-02", "--places", "甲").splitlines()

    assert "注意：2024年01月以前没有存档，从 2024-01-01 起取。" == said[0]
    assert "甲 2024-01-01 至 2024-01-02：2 个发布日" in said[1]
    assert said[-1].startswith("1 个地点，新写入 2 个发布日、") and said[-1].endswith(" 个模式值。")
    again = lantian("past", "openmeteo", "--from", "2024-01-01", "--to", "2024-01-02", "--places", "甲")
    assert "1 个地点，新写入 0 个发布日、0 个模式值。\n" == again


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("cnemc", "--from", "2024-02-01", "--to", "2024-02-02"), "keeps no past runs"),
        (("openmeteo", "--from", "2024-02-03", "--to", "2024-02-02"), "end before they begin"),
        (("openmeteo", "--from", "soon", "--to", "2024-02-02"), "date cannot be read"),
        (("openmeteo", "--from", "2024-02-01", "--to", "2024-02-02", "--places", "丙"), "place is not known.*甲"),
    ],
)
def test_bad_words_are_answered_in_one_sentence(tmp_path, monkeypatch, words, sentence):
    monkeypatch.setenv("LANTIAN_HOME", str(tmp_path))
    (tmp_path / "sources.yaml").write_text("sources: {openmeteo: {places: {甲: [28.2, 112.9]}}}")

    with pytest.raises(DataError, match=sentence):
        lantian("past", *words)
