"""`lantian archive`: a file becomes rows once, and the archive says what it holds."""

import pytest
from typer.testing import CliRunner

from console.commands.archive import app
from forecast import sources
from plans.errors import DataError

PRSA = (
    "No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station\n"
    "1,2015,12,1,0,464,470,35,132,7200,26,1.5,1015.2,-3,0,NNW,1.1,Dongsi\n"
    "2,2015,12,1,1,470,450,35,132,7100,25,1.4,1015.1,-3,0,NA,1.0,Dongsi\n"
)


@pytest.fixture
def file(tmp_path):
    if "prsa" not in sources.names():
        pytest.skip("the project is not installed in this environment (./run installs it)")
    path = tmp_path / "PRSA_Data_Dongsi.csv"
    path.write_text(PRSA)
    return path


def run(*words):
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_file_is_loaded_once(file, tmp_path):
    archive = tmp_path / "archive.db"

    assert "新写入 4 行" in run("load", "prsa", file, "--to", archive)
    assert "新写入 0 行" in run("load", "prsa", file, "--to", archive)

    lines = run("status", "--of", archive).splitlines()
    assert lines[0] == "observation  prsa  2 行  1 站  2015-12-01 00:00 至 2015-12-01 01:00  最后收到 2015-12-01 02:00"
    assert len(lines) == 2


def test_the_archive_is_where_the_environment_says(file, tmp_path, monkeypatch):
    monkeypatch.setenv("LANTIAN_HOME", str(tmp_path / "home"))

    run("load", "prsa", file, "--received-at", "2016-01-01T12:00+08:00")

    assert "最后收到 2016-01-01 12:00" in run("status")
    assert (tmp_path / "home" / "archive.db").exists()


def test_a_bad_file_leaves_the_archive_as_it_was(file, tmp_path):
    archive = tmp_path / "archive.db"
    run("load", "prsa", file, "--to", archive)
    before = run("status", "--of", archive)
    file.write_text(PRSA.replace("470", "4x0"))

    with pytest.raises(DataError, match=r"PM2.5 is not a number .*row 3"):
        run("load", "prsa", file, "--to", archive)

    assert run("status", "--of", archive) == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["load", "fax", "x.csv"], r"format is not known: expected .*city-hourly \| .*prsa, found fax"),
        (["load", "prsa", "none.csv"], "The file is not there"),
        (["status", "--of", "none.db"], "There is no archive"),
        (["load", "prsa", "x", "--received-at", "2016-01-01"], "no time zone"),
        (["load", "prsa", "x", "--received-at", "noon"], "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words, says, tmp_path, monkeypatch, file):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(DataError, match=says):
        run(*words)
