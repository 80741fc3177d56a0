"""`lantian aqi`: rows kept byte for byte, results at their end, and one sentence for everything that is wrong."""

import numpy as np
import pytest
from typer.testing import CliRunner

from console.commands.aqi import app
from forecast.aqi import calculate
from forecast.aqi_csv import ROWS, annotate
from plans.errors import DataError, LantianError

HEADER = "pm25,pm10,so2,no2,co,o3_8h"
RESULTS = "iaqi_pm25,iaqi_pm10,iaqi_so2,iaqi_no2,iaqi_co,iaqi_o3,aqi,level,category,primary"


def run(tmp_path, text, *, edition="hj633-2026", mode="daily", encoding="utf-8", more=()):
    """The lines of the output, as the command writes it."""
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    result = CliRunner().invoke(
        app, [str(source), "--edition", edition, "--mode", mode, "--out", str(out), *more], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return out.read_bytes().decode(encoding)


def test_a_day_under_both_editions(tmp_path):
    """Domain 1.3: PM2.5 76 is 102 in 2012 and 115 in 2026; O3 161 is 101."""
    row = "76,121,8,40,0.85,161"

    new = run(tmp_path, f"{HEADER}\n{row}\n", edition="hj633-2026")
    old = run(tmp_path, f"{HEADER}\n{row}\n", edition="hj633-2012")

    assert new == f"{HEADER},{RESULTS}\n{row},115,101,8,50,20,101,115,3,轻度污染,pm25\n"
    assert old == f"{HEADER},{RESULTS}\n{row},102,86,8,50,20,101,102,3,轻度污染,pm25\n"


def test_what_came_in_goes_out_byte_for_byte(tmp_path):
    """Quotes, commas and line breaks inside them, spaces, Windows line ends, a byte order mark, no end of line."""
    head = '\ufeff"site, name",pm25,  pm10,so2,no2,co,o3_8h,note'
    rows = ['"A ""1"", north", 35 ,50,50,40,2.0,100,"two\r\nlines"', "B,NA,—,nan,,-,N/A,"]

    text = run(tmp_path, "\r\n".join([head, *rows]))

    assert text == "\r\n".join(
        [
            f"{head},{RESULTS}",
            f"{rows[0]},50,50,50,50,50,50,50,1,优,",
            f"{rows[1]},NA,NA,NA,NA,NA,NA,NA,NA,NA,NA",
        ]
    )


def test_columns_may_stand_in_any_order_among_others(tmp_path):
    text = run(tmp_path, "code,o3_8h,co,x,no2,so2,pm10,pm25\n1A,160,1,?,10,10,10,10\n")

    assert text.splitlines()[1] == "1A,160,1,?,10,10,10,10,15,10,10,13,25,100,100,2,良,o3"


def test_ties_are_joined_by_a_semicolon(tmp_path):
    assert run(tmp_path, f"{HEADER}\n60,120,1,1,1,160\n").endswith(",100,2,良,pm25;pm10;o3\n")


def test_gb18030_files_stay_gb18030(tmp_path):
    text = run(tmp_path, f"站点,{HEADER}\n奥体中心,10,10,10,10,1,10\n", encoding="gb18030")

    assert text.splitlines()[1] == "奥体中心,10,10,10,10,1,10,15,10,10,13,25,5,25,1,优,"


def test_missing_data_follow_the_edition_or_the_asked_rule(tmp_path):
    text = f"{HEADER}\n,10,10,10,1,10\n,121,10,10,1,10\n"

    assert [line.split(",")[12] for line in run(tmp_path, text).splitlines()[1:]] == ["NA", "101"]
    asked = [line.split(",")[12] for line in run(tmp_path, text, more=["--gaps", "available"]).splitlines()[1:]]
    assert asked == ["25", "101"]
    old = [line.split(",")[12] for line in run(tmp_path, text, edition="hj633-2012").splitlines()[1:]]
    assert old == ["25", "86"]


def test_a_pollutant_outside_the_scheme_may_have_no_column(tmp_path):
    text = run(tmp_path, "pm25,pm10,so2,no2,o3_8h\n10,10,10,10,10\n", more=["--not-monitored", "co"])

    assert text.splitlines()[1] == "10,10,10,10,10,15,10,10,13,NA,5,15,1,优,"


def test_the_hourly_reports(tmp_path):
    head, row = "pm25,pm10,so2,no2,co,o3", "150,1,1,1,1,1"
    of_2012 = "pm25_24h,pm10_24h,o3_8h,so2_24h"

    assert run(tmp_path, f"{head}\n{row}\n", mode="hourly").endswith(",200,4,中度污染,pm25\n")
    published = run(tmp_path, f"{head}\n{row}\n", mode="hourly-published", edition="hj633-2012")
    assert published.endswith(",200,4,中度污染,pm25\n")
    old = run(tmp_path, f"{head},{of_2012}\n{row},35,,,\n", mode="hourly", edition="hj633-2012")
    assert old.splitlines()[1] == f"{row},35,,,,50,NA,1,1,10,1,50,1,优,"
    so2 = run(tmp_path, f"{head},{of_2012}\n1,1,801,1,1,1,,,,475\n", mode="hourly", edition="hj633-2012")
    assert ",150,3,轻度污染,so2\n" in so2


def test_an_empty_table_gives_an_empty_table(tmp_path):
    assert run(tmp_path, f"{HEADER}\n") == f"{HEADER},{RESULTS}\n"
    assert run(tmp_path, HEADER) == f"{HEADER},{RESULTS}\n"


def test_empty_lines_at_the_end_are_no_rows(tmp_path):
    assert len(run(tmp_path, f"{HEADER}\n1,1,1,1,1,1\n\n\n").splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "The file is empty"),
        ("pm25,pm10,so2,no2,co,o3\n", r"column is missing \(in.csv row 1\): expected o3_8h, found pm25, pm10"),
        (f"{HEADER},pm25\n", "twice in the header .*row 1.*found pm25"),
        (f"{HEADER},aqi\n", "result column is already there .*found aqi"),
        (f"{HEADER}\n1,1,1,1,1,1\n1,1,1\n", r"row is cut or too long \(in.csv row 3\): expected 6 fields, found 3"),
        (f"{HEADER}\n1,1,1,1,1,1\n\n1,1,1,1,1,1\n", r"row is empty \(in.csv row 3\)"),
        (f"{HEADER}\n1,1,-2,1,1,1\n", r"so2 is impossible \(in.csv row 2\): expected 0..20000 ug/m3, found -2"),
        (f"{HEADER}\n1,1,1,1,1,1\n1,1,1,high,1,1\n", r"no2 is not a number \(in.csv row 3\): expected a number .*high"),
        (f"{HEADER}\ninf,1,1,1,1,1\n", "pm25 is not a number .*found inf"),
        (f"{HEADER}\n1e999,1,1,1,1,1\n", "pm25 is not a number .*found 1e999"),
        (f"{HEADER}\n1_0,1,1,1,1,1\n", "pm25 is not a number .*found 1_0"),
        (f"{HEADER}\n１２,1,1,1,1,1\n", "pm25 is .*found １２"),
        (f"{HEADER}\n1,1,1,1,850,1\n", r"co is impossible .*expected 0..500 mg/m3, found 850. Check the unit"),
        (f'{HEADER}\n"1,1,1,1,1,1\n', r"quoted field does not end \(in.csv row 2\)"),
        (b"PK\x03\x04 xlsx", "not text .*packed file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not text .*binary data"),
        (b"\xff\xff\xff\xff\n", "not text"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_nothing_is_written(tmp_path, text, says):
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(text if isinstance(text, bytes) else text.encode())
    out.write_text("before")

    with pytest.raises(DataError, match=says) as caught:
        annotate(source, out, edition="hj633-2026", mode="daily")

    assert "\n" not in str(caught.value)
    assert out.read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]


def test_files_that_cannot_be_read_or_written_are_named(tmp_path):
    source = tmp_path / "in.csv"
    with pytest.raises(DataError, match="not there"):
        annotate(source, tmp_path / "out.csv", edition="hj633-2026", mode="daily")
    source.write_text(f"{HEADER}\n")
    with pytest.raises(DataError, match="folder of the output is not there"):
        annotate(source, tmp_path / "no" / "out.csv", edition="hj633-2026", mode="daily")
    with pytest.raises(DataError, match="cannot be opened"):
        annotate(tmp_path, tmp_path / "out.csv", edition="hj633-2026", mode="daily")


def test_the_input_may_be_its_own_output(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text(f"{HEADER}\n1,1,1,1,1,1\n")

    annotate(source, source, edition="hj633-2026", mode="daily")

    assert source.read_text().startswith(f"{HEADER},{RESULTS}\n1,1,1,1,1,1,2,1,")


def test_a_decimal_longer_than_a_float_is_rounded_as_a_decimal(tmp_path):
    """35.5000000000000001 is above the tie and becomes 36; as a float it would be the tie and become 36 as well, but
    34.5000000000000001 becomes 35, where the float's tie becomes 34."""
    text = run(
        tmp_path, f"{HEADER}\n34.5000000000000001,,,,0.2500000000000000001,\n34.5,,,,0.25,\n", edition="hj633-2012"
    )

    assert [line.split(",")[6:11:4] for line in text.splitlines()[1:]] == [["50", "8"], ["49", "5"]]


def test_a_long_file_gives_what_the_arrays_give(tmp_path):
    """Two blocks and a part of a third."""
    random = np.random.default_rng(5)
    size = 2 * ROWS + 1234
    values = {name: random.integers(0, 400, size).astype(float) for name in ("pm25", "pm10", "so2", "no2", "o3_8h")}
    values["co"] = random.integers(0, 900, size) / 100
    names = HEADER.split(",")
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    rows = zip(*(values[name].tolist() for name in names), strict=True)
    source.write_text(f"{HEADER}\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows))

    summary = annotate(source, out, edition="hj633-2026", mode="daily")

    assert summary.rows == size
    written = [line.split(",")[12] for line in out.read_text().splitlines()[1:]]
    expected = calculate(values, edition="hj633-2026").aqi
    assert written == [str(value) for value in expected]


def test_the_note_about_pm_in_the_2012_hour(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("pm25,pm10,so2,no2,co,o3\n1,1,1,1,1,1\n")

    result = CliRunner().invoke(
        app, [str(source), "--edition", "hj633-2012", "--mode", "hourly", "--out", str(tmp_path / "o.csv")]
    )

    assert result.exit_code == 0
    assert "pm25、pm10" in result.stderr


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"edition": "hj633-1999"}, "hj633-2012, hj633-2026"),
        ({"mode": "weekly"}, r"mode is not known: expected daily \| hourly \| hourly-published, found weekly"),
        ({"gaps": "none"}, r"expected edition \| available \| strict, found none"),
        ({"not_monitored": ["pm1"]}, "pollutant is not known"),
        ({"mode": "hourly-published"}, "habit under the 2012 edition"),
    ],
)
def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path, change, says):
    source = tmp_path / "in.csv"
    source.write_text(f"{HEADER}\n")

    with pytest.raises(LantianError, match=says):
        annotate(source, tmp_path / "out.csv", **{"edition": "hj633-2026", "mode": "daily"} | change)

    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]
