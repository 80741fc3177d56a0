"""AQI: the standard's own numbers, an exact oracle over every concentration, and what the country published."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.air import POLLUTANTS
from forecast.aqi import NA, calculate, of_daily, of_hourly, primary_names
from forecast.aqi_tables import ELSEWHERE, iaqi_table, scheme
from forecast.daily import daily_statistics
from forecast.readers import city_hourly, cnemc_snapshot, prsa
from plans.errors import DataError, RuleError
from plans.rulebook import load

# Table 1 of HJ 633-2012 and table 3 of HJ 633-2026, typed once more from domain 1.1 and 1.2: not read from plans/.
LADDER = (0, 50, 100, 150, 200, 300, 400, 500)
TABLES_2012 = {
    "so2_24h": (0, 50, 150, 475, 800, 1600, 2100, 2620),
    "so2_1h": (0, 150, 500, 650, 800),
    "no2_24h": (0, 40, 80, 180, 280, 565, 750, 940),
    "no2_1h": (0, 100, 200, 700, 1200, 2340, 3090, 3840),
    "pm10_24h": (0, 50, 150, 250, 350, 420, 500, 600),
    "co_24h": (0, 2, 4, 14, 24, 36, 48, 60),
    "co_1h": (0, 5, 10, 35, 60, 90, 120, 150),
    "o3_1h": (0, 160, 200, 300, 400, 800, 1000, 1200),
    "o3_8h": (0, 100, 160, 215, 265, 800),
    "pm25_24h": (0, 35, 75, 115, 150, 250, 350, 500),
}
TABLES_2026 = TABLES_2012 | {
    "pm10_24h": (0, 50, 120, 250, 350, 420, 500, 600),
    "pm25_24h": (0, 35, 60, 115, 150, 250, 350, 500),
}
ORACLE = {"hj633-2012": TABLES_2012, "hj633-2026": TABLES_2026}
BEYOND = {
    ("hj633-2012", "so2_1h"): ELSEWHERE,
    ("hj633-2012", "o3_8h"): ELSEWHERE,
    ("hj633-2026", "so2_1h"): 200,
    ("hj633-2026", "o3_8h"): 300,
}

# Domain 1.3: input, 2012, 2026.
VECTORS = [
    ("pm25", (35, 36), (50, 52), (50, 52)),
    ("pm25", (60, 61), (82, 83), (100, 101)),
    ("pm25", (75, 76), (100, 102), (114, 115)),
    ("pm25", (100, 115, 116), (132, 150, 152), (137, 150, 152)),
    ("pm25", (150, 151, 250, 251, 350, 500), (200, 201, 300, 301, 400, 500), (200, 201, 300, 301, 400, 500)),
    ("pm10", (120, 121), (85, 86), (100, 101)),
    ("pm10", (150, 151), (100, 101), (112, 112)),
    ("pm10", (250, 350, 420, 421, 600), (150, 200, 300, 302, 500), (150, 200, 300, 302, 500)),
    ("so2", (50, 51, 150, 151, 475, 800), (50, 51, 100, 101, 150, 200), (50, 51, 100, 101, 150, 200)),
    (
        "o3_8h",
        (100, 101, 160, 161, 215, 265, 800),
        (50, 51, 100, 101, 150, 200, 300),
        (50, 51, 100, 101, 150, 200, 300),
    ),
    ("co", (2.0, 2.1, 4.0, 4.1, 14), (50, 53, 100, 101, 150), (50, 53, 100, 101, 150)),
    ("no2", (40, 41, 80, 81, 180), (50, 52, 100, 101, 150), (50, 52, 100, 101, 150)),
]
EDITIONS = ("hj633-2012", "hj633-2026")
DAILY = ("pm25", "pm10", "so2", "no2", "co", "o3_8h")
HOURLY = ("pm25", "pm10", "so2", "no2", "co", "o3")


def one(mode="daily", **values):
    """Arrays of one place: the given values, everything else missing."""
    keys = DAILY if mode == "daily" else HOURLY
    return {key: np.array([float(values.get(key, np.nan))]) for key in dict.fromkeys((*keys, *values))}


def exact(edition, table, concentration):
    """The IAQI of a rounded concentration by fractions, rounded up; what stands above the table's end."""
    points = ORACLE[edition][table]
    if concentration > points[-1]:
        return BEYOND.get((edition, table), 500)
    for (low, start), (high, end) in pairwise(zip(LADDER, points, strict=False)):
        if concentration <= end:
            return ceil(Fraction(high - low) * (Fraction(concentration) - start) / (end - start) + low)
    raise AssertionError


@pytest.mark.parametrize("place", [0, 1], ids=EDITIONS)
@pytest.mark.parametrize(("key", "concentrations", "expected_2012", "expected_2026"), VECTORS)
def test_the_vectors_of_the_domain_file(key, concentrations, expected_2012, expected_2026, place):
    values = {name: np.full(len(concentrations), np.nan) for name in DAILY} | {key: np.array(concentrations, float)}

    found = calculate(values, edition=EDITIONS[place], gaps="available")

    expected = (expected_2012, expected_2026)[place]
    assert list(expected) == found.iaqi[key.split("_")[0]].tolist()


def test_so2_over_800_in_the_hour_is_read_from_24_h_in_2012_and_is_200_in_2026():
    assert calculate(one("hourly", so2=801), edition="hj633-2012", mode="hourly").iaqi["so2"][0] == NA

    with_24h = calculate(one("hourly", so2=801, so2_24h=475), edition="hj633-2012", mode="hourly")
    assert with_24h.iaqi["so2"][0] == 150

    in_range = calculate(one("hourly", so2=800, so2_24h=2620), edition="hj633-2012", mode="hourly")
    assert in_range.iaqi["so2"][0] == 200, "the 24-h mean is asked only above 800"

    assert calculate(one("hourly", so2=801), edition="hj633-2026", mode="hourly").iaqi["so2"][0] == 200


def test_a_missing_so2_hour_is_not_filled_from_the_24_h_mean():
    assert calculate(one("hourly", so2_24h=475), edition="hj633-2012", mode="hourly").iaqi["so2"][0] == NA


def test_o3_over_800_in_8_h_is_read_from_1_h_in_2012_and_is_300_in_2026():
    assert calculate(one(o3_8h=801), edition="hj633-2012").iaqi["o3"][0] == NA
    assert calculate(one(o3_8h=801, o3_1h=1000), edition="hj633-2012").iaqi["o3"][0] == 400
    assert calculate(one(o3_8h=801), edition="hj633-2026", gaps="available").iaqi["o3"][0] == 300


def test_the_2012_day_takes_the_worse_of_the_two_ozone_statistics():
    assert calculate(one(o3_8h=100, o3_1h=300), edition="hj633-2012").iaqi["o3"][0] == 150
    assert calculate(one(o3_8h=215, o3_1h=160), edition="hj633-2012").iaqi["o3"][0] == 150


def test_the_2012_hour_reads_pm_from_the_sliding_24_h_and_not_from_the_hour():
    hour = calculate(one("hourly", pm25=500, pm25_24h=75, o3=10, o3_8h=160), edition="hj633-2012", mode="hourly")

    assert hour.iaqi["pm25"][0] == 100
    assert hour.iaqi["o3"][0] == 100
    assert primary_names(hour.primary[0]) == ("pm25", "o3")


def test_the_2026_hour_reads_all_six_from_the_hour():
    hour = calculate(
        one("hourly", pm25=61, pm10=10, so2=10, no2=10, co=0.5, o3=10), edition="hj633-2026", mode="hourly"
    )

    assert (hour.aqi[0], hour.level[0]) == (101, 3)


@pytest.mark.parametrize("edition", EDITIONS)
@pytest.mark.parametrize("table", sorted(TABLES_2012))
def test_every_entry_of_every_table_is_the_exact_rational_value(edition, table):
    """Independent oracle: the tables typed above, fractions, ceil; also the rulebook's own slow reading."""
    step = 10 if table.startswith("co") else 1
    top = ORACLE[edition][table][-1] * step
    grid = [Fraction(c, step) for c in range(top + 4)]
    entries = iaqi_table(load().aqi(edition), table)

    expected = [exact(edition, table, c) for c in grid]

    assert entries[0] == NA
    assert expected == entries[np.minimum(np.arange(top + 4) + 1, len(entries) - 1)].tolist()
    slow = [load().aqi(edition).iaqi_of(table, Decimal(c.numerator) / Decimal(c.denominator)) for c in grid]
    assert expected == [ELSEWHERE if value is None else value for value in slow]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("edition", "mode"), [("hj633-2012", "daily"), ("hj633-2026", "daily"), ("hj633-2026", "hourly")]
)
def test_every_concentration_of_every_indicator_end_to_end(edition, mode, dtype):
    """The whole grid through the calculator itself, in both float types: the oracle again."""
    for lookup in scheme(edition, mode).lookups:
        table = {"daily": "24h", "hourly": "1h"}[mode]
        table = (
            lookup.key if "_" in lookup.key else f"{lookup.key}_{'24h' if lookup.key in ('pm25', 'pm10') else table}"
        )
        step = 10 if lookup.pollutant == "co" else 1
        whole = np.arange(ORACLE[edition][table][-1] * step + 4)
        values = {name: np.full(len(whole), np.nan, dtype) for name in (DAILY if mode == "daily" else HOURLY)}
        values[lookup.key] = (whole / step).astype(dtype)

        found = calculate(values, edition=edition, mode=mode, gaps="available").iaqi[lookup.pollutant]

        expected = [exact(edition, table, Fraction(int(c), step)) for c in whole]
        assert [NA if value == ELSEWHERE else value for value in expected] == found.tolist()


@pytest.mark.parametrize("decimals", [2, 3])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_co_ties_round_to_even_as_decimals_do(decimals, dtype):
    """0.25, 0.35, 0.45 and every other CO of two or three decimals up to the end of the table, against Decimal."""
    grid = np.arange(151 * 10**decimals)
    values = {name: np.full(len(grid), np.nan) for name in HOURLY} | {"co": (grid / 10**decimals).astype(dtype)}

    found = calculate(values, edition="hj633-2026", mode="hourly", gaps="available").iaqi["co"]

    table = [exact("hj633-2026", "co_1h", Fraction(tenths, 10)) for tenths in range(1512)]
    tenths = [int(Decimal(int(c)).scaleb(1 - decimals).quantize(Decimal(1), ROUND_HALF_EVEN)) for c in grid]
    assert [table[value] for value in tenths] == found.tolist()


def test_a_co_mean_that_float_summing_pushed_off_the_tie_is_still_the_tie():
    """Twelve hours of 0.3 and twelve of 0.4 are 0.35 exactly; summed as floats they are not."""
    mean = sum([0.3] * 12 + [0.4] * 12) / 24
    assert mean != 0.35

    assert calculate(one(co=mean), edition="hj633-2012").iaqi["co"][0] == exact("hj633-2012", "co_24h", Fraction(4, 10))


@pytest.mark.parametrize("value", [34.5, 35.5, 75.5, 0.5, 1.5, 499.5])
def test_a_half_rounds_to_the_even_whole_number(value):
    even = int(Decimal(str(value)).quantize(Decimal(1), ROUND_HALF_EVEN))

    assert calculate(one(pm25=value), edition="hj633-2012").iaqi["pm25"][0] == exact("hj633-2012", "pm25_24h", even)


@pytest.mark.parametrize("tiny", [np.nextafter(0.5, 1), np.nextafter(2.5, 3), np.nextafter(34.5, 35)])
def test_just_above_a_half_rounds_up(tiny):
    assert calculate(one(pm25=tiny), edition="hj633-2012").iaqi["pm25"][0] == exact(
        "hj633-2012", "pm25_24h", int(tiny + 0.5)
    )


def test_a_negative_not_a_number_is_missing_too():
    """0/0 gives a NaN with its sign bit set on common processors."""
    values = one(pm25=10) | {"pm25": np.array([-np.nan]), "so2": np.copysign(np.array([np.nan]), -1.0)}

    found = calculate(values, edition="hj633-2012")

    assert (found.iaqi["pm25"][0], found.iaqi["so2"][0], found.aqi[0]) == (NA, NA, NA)


def test_missing_data_in_2026_the_rest_is_published_only_above_100():
    """HJ 633-2026 5.3.1; IAQI are always published."""
    some = {"pm10": 10, "so2": 10, "no2": 10, "co": 0.5, "o3_8h": 10}
    low = calculate(one(**some), edition="hj633-2026")
    assert (low.aqi[0], low.level[0], low.primary[0], low.complete[0]) == (NA, 0, 0, False)
    assert low.iaqi["pm10"][0] == 10

    hundred = calculate(one(**some | {"pm10": 120}), edition="hj633-2026")
    assert hundred.aqi[0] == NA

    above = calculate(one(**some | {"pm10": 121}), edition="hj633-2026")
    assert (above.aqi[0], above.level[0], primary_names(above.primary[0])) == (101, 3, ("pm10",))


def test_missing_data_in_2012_leaves_the_aqi_of_the_rest():
    """5.1.5 marks the missing item NA; the national feed of 2017 publishes the AQI of the rest."""
    found = calculate(one(pm10=50), edition="hj633-2012")

    assert (found.aqi[0], found.complete[0]) == (50, False)
    assert calculate(one(pm10=50), edition="hj633-2012", gaps="strict").aqi[0] == NA


def test_a_pollutant_outside_the_monitoring_scheme_does_not_block_publishing():
    """HJ 633-2026 5.3.2."""
    five = one(pm25=10, pm10=10, so2=10, no2=10, o3_8h=10)
    without = [name for name in POLLUTANTS if name != "co"]

    assert calculate(five, edition="hj633-2026").aqi[0] == NA
    assert calculate(five, edition="hj633-2026", monitored=without).aqi[0] == 15


def test_nothing_at_all_is_not_an_aqi_of_zero():
    for edition in EDITIONS:
        assert calculate(one(), edition=edition, gaps="available").aqi[0] == NA


def test_no_primary_pollutant_up_to_50_and_ties_are_listed_together():
    """HJ 633-2012 4.4.2, 2026 4.3.1."""
    assert calculate(one(pm25=35), edition="hj633-2012").primary[0] == 0
    tie = calculate(one(pm25=75, pm10=150, o3_8h=160), edition="hj633-2012")

    assert primary_names(tie.primary[0]) == ("pm25", "pm10", "o3")


@pytest.mark.parametrize(("aqi", "level"), [(50, 1), (100, 2), (150, 3), (200, 4), (300, 5), (301, 6), (500, 6)])
def test_levels_end_where_the_table_says(aqi, level):
    pm25 = {50: 35, 100: 75, 150: 115, 200: 150, 300: 250, 301: 251, 500: 900}[aqi]

    found = calculate(one(pm25=pm25), edition="hj633-2012")

    assert (aqi, level) == (found.aqi[0], found.level[0])


@pytest.mark.data
def test_all_1462_published_values_of_the_national_feed(shared_data):
    """AQI, category and primary pollutants of 2017-07-07 16:00 as published: recorded number."""
    feed = cnemc_snapshot.read(shared_data / "official_station_snapshot" / "cnemc_stations_2017-07-07T16.csv")
    published = feed["published_aqi"].values[:, 0]
    there = ~np.isnan(published)
    assert there.sum() == 1462

    found = calculate({name: feed[name].values[:, 0] for name in HOURLY}, edition="hj633-2012", mode="hourly-published")

    assert (found.aqi == published)[there].all()
    names = [";".join(sorted(primary_names(mask))) for mask in found.primary[there]]
    theirs = [";".join(sorted(filter(None, text.split(";")))) for text in feed["published_primary"].values[there, 0]]
    assert theirs == names
    chinese = ["", "优", "良", "轻度污染", "中度污染", "重度污染", "严重污染"]
    assert feed["published_quality"].values[there, 0].tolist() == [chinese[level] for level in found.level[there]]


@pytest.mark.data
def test_the_text_of_2012_does_not_reproduce_the_feed(shared_data):
    """The named variant is needed: sliding 24-h PM and 8-h O3, as table 4 says, agree with 203 of 1 462 (recorded)."""
    feed = cnemc_snapshot.read(shared_data / "official_station_snapshot" / "cnemc_stations_2017-07-07T16.csv")
    values = {name: feed[name].values[:, 0] for name in HOURLY}
    values |= {key: feed[f"published_{key}"].values[:, 0] for key in ("pm25_24h", "pm10_24h", "o3_8h")}

    found = calculate(values, edition="hj633-2012", mode="hourly")

    assert (found.aqi == feed["published_aqi"].values[:, 0]).sum() == 203


@pytest.mark.data
def test_the_city_archive_of_2018_rounds_half_up(shared_data):
    """Recorded: 195 408 city-hours, all of them with IAQI rounded half up, 87 % with IAQI rounded up."""
    feed = city_hourly.read(shared_data / "china_city_hourly_2018_2019" / "city_hourly_20181201-20190630.csv.gz")
    published = feed["published_aqi"].values
    there = ~np.isnan(published)
    values = {name: feed[name].values for name in HOURLY}

    half_up = calculate(values, edition="hj633-2012", mode="hourly-published", iaqi_rounding="half_up").aqi
    up = calculate(values, edition="hj633-2012", mode="hourly-published").aqi

    assert (there.sum(), (half_up == published)[there].sum()) == (195_408, 195_408)
    assert (up == published)[there].mean() == pytest.approx(0.8665, abs=0.0005)
    assert set(np.unique((up - published)[there])) == {0.0, 1.0}


CONCENTRATION = st.one_of(st.none(), st.floats(0, 4000, allow_nan=False))


@settings(max_examples=200, deadline=None)
@given(
    edition=st.sampled_from(EDITIONS), values=st.lists(CONCENTRATION, min_size=6, max_size=6), more=st.floats(0, 500)
)
def test_more_of_a_pollutant_never_lowers_its_iaqi_and_all_is_bounded(edition, values, more):
    """Ozone in 2012 excepted above 800, where the text changes tables."""
    less = one(**{key: value for key, value in zip(DAILY, values, strict=True) if value is not None})
    found = calculate(less, edition=edition, gaps="available")
    worse = calculate({key: value + more for key, value in less.items()}, edition=edition, gaps="available")

    for key, value in less.items():
        name = key.split("_")[0]
        if name == "o3" and edition == "hj633-2012" and not value[0] + more <= 800.5:
            continue
        assert NA <= found.iaqi[name][0] <= worse.iaqi[name][0] <= 500
    assert found.aqi[0] == max(values[0] for values in found.iaqi.values())


@settings(max_examples=200, deadline=None)
@given(
    edition=st.sampled_from(EDITIONS),
    values=st.lists(CONCENTRATION, min_size=6, max_size=6),
    key=st.sampled_from(DAILY),
    added=st.floats(0, 800),
)
def test_adding_a_pollutant_never_lowers_the_aqi(edition, values, key, added):
    some = one(**{name: value for name, value in zip(DAILY, values, strict=True) if value is not None})
    some[key] = np.array([np.nan])

    before = calculate(some, edition=edition, gaps="available").aqi[0]
    after = calculate(some | {key: np.array([added])}, edition=edition, gaps="available").aqi[0]

    assert before <= after


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(1, 70_000))
def test_blocks_and_shapes_do_not_change_the_result(seed, size):
    """A long array gives place by place what short ones give: blocks are an inner matter."""
    random = np.random.default_rng(seed)
    values = {key: random.uniform(0, 900, size) for key in DAILY}
    some = random.integers(0, size, 5)

    whole = calculate(values, edition="hj633-2026")
    picked = calculate({key: array[some] for key, array in values.items()}, edition="hj633-2026")

    assert whole.aqi[some].tolist() == picked.aqi.tolist()
    assert whole.primary[some].tolist() == picked.primary.tolist()
    folded = calculate({key: array.reshape(1, size, 1) for key, array in values.items()}, edition="hj633-2026")
    assert (folded.aqi.ravel() == whole.aqi).all()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (one(pm25=-1), "pm25 is impossible: expected 0 or more, finite; NaN where missing, found -1.0."),
        (one(pm25=np.inf), "pm25 is impossible"),
        ({key: value for key, value in one().items() if key != "co"}, "co is missing: expected .*co.*, found"),
        (one() | {"co": np.zeros(2)}, "differ in shape"),
        (one() | {"co": np.array(["1"])}, "co is not numbers"),
    ],
)
def test_what_is_no_concentration_is_refused(values, says):
    with pytest.raises(DataError, match=says):
        calculate(values, edition="hj633-2012")


def test_unknown_editions_modes_and_gap_rules_are_refused():
    with pytest.raises(RuleError, match="hj633-2012"):
        calculate(one(), edition="hj633-1999")
    with pytest.raises(DataError, match=r"daily \| hourly \| hourly-published"):
        calculate(one(), edition="hj633-2012", mode="weekly")
    with pytest.raises(DataError, match="available"):
        calculate(one(), edition="hj633-2012", gaps="none")
    with pytest.raises(DataError, match="habit under the 2012 edition"):
        calculate(one("hourly"), edition="hj633-2026", mode="hourly-published")


@pytest.mark.data
def test_the_red_alert_days_of_december_2015(shared_data):
    """Beijing's Dongsi station on 2015-12-01 and 2015-12-02 from hourly files to daily AQI: recorded numbers."""
    hourly = prsa.read(shared_data / "beijing_prsa_2013_2016" / "PRSA_Data_Dongsi_20130301-20160229.csv.gz")

    days = of_daily(daily_statistics(hourly), edition="hj633-2012").sel(
        valid_date=[np.datetime64("2015-12-01", "us"), np.datetime64("2015-12-03", "us")]
    )

    assert days["level"].values[0].tolist() == [6, 1]
    assert primary_names(days["primary"].values[0, 0]) == ("pm25",)


@pytest.mark.data
def test_the_hourly_report_makes_its_own_sliding_means(shared_data):
    hourly = prsa.read(shared_data / "beijing_prsa_2013_2016" / "PRSA_Data_Dongsi_20130301-20160229.csv.gz")
    part = hourly.isel(valid_time=slice(24 * 1000, 24 * 1010))

    report = of_hourly(part, edition="hj633-2012")

    assert (report["iaqi_pm25"].values[:, :19] == NA).all(), "no 24-h mean yet"
    mean = part["pm25"].values[0, 76:100]
    assert not np.isnan(mean).any()
    expected = exact("hj633-2012", "pm25_24h", int(Decimal(float(mean.mean())).quantize(Decimal(1), ROUND_HALF_EVEN)))
    assert expected == report["iaqi_pm25"].values[0, 99]
