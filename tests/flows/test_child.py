"""The log of a part goes on where it was, and never grows for good."""

from flows import child


def test_a_log_goes_on_until_it_is_too_large_and_is_then_put_aside(tmp_path):
    path = tmp_path / "part.log"
    for words in (b"one ", b"two ", b"three "):
        with child.log(path, most=6) as opened:
            opened.write(words)

    assert b"three " == path.read_bytes()
    assert b"one two " == (tmp_path / "part.log.1").read_bytes()


def test_only_one_older_log_is_kept(tmp_path):
    path = tmp_path / "part.log"
    for words in (b"first", b"second", b"third"):
        with child.log(path, most=3) as opened:
            opened.write(words)

    assert {"part.log": b"third", "part.log.1": b"second"} == {one.name: one.read_bytes() for one in tmp_path.iterdir()}
