"""Nothing secret in anything that is said, wherever it stands."""

from __future__ import annotations

import logging

import pytest

from storage import AuditStore, StorageError
from storage.secrets import NoSecrets, without_secrets
from storage.urls import parse_url, shown

SECRET = "S3CRET-pw/1"


@pytest.mark.parametrize(
    "text",
    [
        f"postgresql://u:{SECRET}@host/db",
        "postgresql://u:S3CRET%2Dpw%2F1@host/db",
        f"s3://key:{SECRET}@bucket/folder",
        f"postgresql://host/db?user=u&password={SECRET}",
        "postgresql://host/db?sslpassword=S3CRET-pw%2F1",
        f"https://account.blob/x?sv=1&sig={SECRET}",
        f"connection failed: user=u password='{SECRET}' host=h",
        f"{{'aws_secret_access_key': '{SECRET}'}}",
        f'{{"token": "{SECRET}"}}',
        f"Authorization: Bearer {SECRET}",
        "401 for hf_S3CRETpw1234567890",
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    said = without_secrets(text)
    assert "S3CRET" not in said
    assert "***" in said


@pytest.mark.parametrize(
    "text",
    [
        "special token: <|im_end|>, eos_token='<|im_end|>', pad_token=None",
        "max_tokens=256, num_tokens: 12",
        "postgresql+psycopg://user@host:5432/db cannot be used",
        "key: layer is not allowed; allowed: slots",
        "sqlite:////data/talan.db",
    ],
)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert without_secrets(text) == text


def test_what_this_process_was_given_is_masked_in_any_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TALAN_API_TOKEN", "tok/en+of us")
    monkeypatch.setenv("TALAN_STORAGE", "postgresql://u:of%2Fdatabase@h/d")
    for form in ("tok/en+of us", "tok%2Fen%2Bof%20us", "tok%2Fen%2Bof+us"):
        assert without_secrets(f"got {form}!") == "got ***!"
    assert without_secrets("of/database of%2Fdatabase") == "*** ***"


def test_a_log_holds_none_not_even_in_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("talan.test_secrets")
    logger.addFilter(NoSecrets())
    try:
        raise ValueError(f"password={SECRET}")
    except ValueError:
        logger.exception("failed with %s", f"postgresql://u:{SECRET}@h/d")
    assert "failed with postgresql://u:***@h/d" in caplog.text
    assert "ValueError: password=***" in caplog.text
    assert "S3CRET" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{SECRET.replace('/', '%2F')}@127.0.0.1:1/d",
        "postgresql://127.0.0.1:1/d?user=u&password=S3CRETpw",
        "postgresql://127.0.0.1:1/d?user=u&password=S3CRET%2Fpw",
        "postgresql://u@127.0.0.1:1/d?passwort=S3CRETpw",
        "postgresql://u:p@S3CRET/pw@127.0.0.1:1/d",
        "postgresql://u:S3CRET/pw@127.0.0.1:1/d@e",
        "postgresql://u:S3CRETpw@127.0.0.1:port/d",
    ],
)
def test_no_sentence_about_a_database_holds_its_password(url: str) -> None:
    with pytest.raises(StorageError) as caught:
        AuditStore.open(url)
    error: BaseException | None = caught.value
    assert "S3CRET" not in str(error)


def test_a_url_is_shown_with_what_is_harmless() -> None:
    url = parse_url("postgresql://u:p@h:5432/d?sslmode=require&password=x&new=y")
    assert shown(url) == "postgresql+psycopg://u:***@h:5432/d?new=***&password=***&sslmode=require"
