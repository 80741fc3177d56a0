"""`oidc.yaml`: what it may say, and what is refused before anybody logs in by it."""

import pytest

from console.oidc import read
from plans.errors import DataError

GOOD = """\
issuer: https://sso.example/realms/city
client_id: lantian
client_secret_file: oidc.secret
console: https://office.example
account_claim: sub
"""


def written(folder, text, *, mode=0o600):
    (folder / "oidc.yaml").write_text(text, encoding="utf-8")
    (folder / "oidc.secret").write_text("a-secret-nobody-prints\n", encoding="utf-8")
    (folder / "oidc.secret").chmod(mode)
    return folder


def test_the_file_says_it_all_and_the_secret_lies_beside_it_or_in_the_environment(tmp_path, monkeypatch):
    assert read(tmp_path) is None
    found = read(written(tmp_path, GOOD))
    assert "a-secret-nobody-prints" == found.client_secret and "nobody-prints" not in repr(found)

    monkeypatch.setenv("CITY_SSO", "from-the-environment")
    found = read(written(tmp_path, GOOD.replace("client_secret_file: oidc.secret", "client_secret_env: CITY_SSO")))
    assert "from-the-environment" == found.client_secret


@pytest.mark.parametrize(
    "old, new",
    [
        ("issuer: https://", "issuer: http://"),
        ("console: https://", "console: http://"),
        ("client_secret_file: oidc.secret", "client_secret: in-the-file-itself"),
        ("client_secret_file: oidc.secret", "client_secret_env: NOT_SET_ANYWHERE"),
        ("client_secret_file: oidc.secret", "client_secret_file: elsewhere"),
        ("account_claim: sub", ""),
        ("account_claim: sub", "account_claim: sub\nrole_claim: groups"),
        ("issuer: https://sso", "issuer: https://user:word@sso"),
        ("client_id: lantian", "client_id: [lantian"),
    ],
)
def test_a_file_that_is_not_safe_is_refused_in_a_sentence_without_the_secret(tmp_path, old, new):
    written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(DataError) as told:
        read(tmp_path)
    assert "nobody-prints" not in str(told.value) and "in-the-file-itself" not in str(told.value)


def test_a_secret_that_others_can_read_is_refused(tmp_path):
    with pytest.raises(DataError, match="read by others"):
        read(written(tmp_path, GOOD, mode=0o644))
