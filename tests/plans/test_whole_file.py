"""A file is there whole or not at all."""

import os
import stat

import pytest

from plans.whole_file import whole_file, write_whole


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "清单.csv"
    path.write_text("old")

    with pytest.raises(RuntimeError), whole_file(path) as part:
        part.write_text("half")
        raise RuntimeError

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_until_the_end_of_the_write_the_old_file_is_read(tmp_path):
    path = write_whole(tmp_path / "feed.atom", b"old")

    with whole_file(path) as part:
        part.write_bytes(b"new")
        assert path.read_bytes() == b"old"

    assert path.read_bytes() == b"new"


def test_two_writers_at_once_do_not_mix_their_words(tmp_path):
    path = tmp_path / "report.json"

    with whole_file(path) as first, whole_file(path) as second:
        first.write_text("first")
        second.write_text("second")
        assert first != second

    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_may_be_read_by_whom_any_new_file_may_be_read_by(tmp_path):
    mask = os.umask(0o027)
    try:
        path = write_whole(tmp_path / "outlook.nc", b"")
    finally:
        os.umask(mask)

    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_no_folder_is_said_before_anything_is_made(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "not" / "there.csv", b"")
