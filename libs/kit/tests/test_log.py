"""A secret does not reach the log, by whatever name and however deep it lies."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from aether.kit import log as logs

CANARY = "canary-5f1e9c"
TOKEN = f"aet_{CANARY}"
RUN = f"aer_{CANARY}"
WEBHOOK = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La/+aSw=="
JWT = "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJhIn0.c2lnbmF0dXJl"


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Logging is the process's; put it back for the other tests."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], _ = before
    root.setLevel(before[1])
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "secret",
        "token",
        "Authorization",
        "cookie",
        "private_key",
        "seed",
        "api_key",
        "grant",
    ],
)
def test_what_is_named_like_a_secret_is_blank(capsys: pytest.CaptureFixture[str], name: str) -> None:
    logs.configure("gateway")
    for value in (CANARY, CANARY.encode(), {"inner": CANARY}, [CANARY], (CANARY,)):
        structlog.get_logger().info("said", **{name: value})
    assert CANARY not in capsys.readouterr().err


@pytest.mark.parametrize("secret", [TOKEN, RUN, WEBHOOK, JWT, f"aether.grant.{JWT}"])
def test_what_looks_like_a_secret_is_blank_wherever_it_stands(
    capsys: pytest.CaptureFixture[str], secret: str
) -> None:
    logs.configure("gateway")
    log = structlog.get_logger()
    log.info("opened with " + secret)  # noqa: G003 - so careless is what is tested
    log.info("said", path=f"/stream?t={secret}", parts=[secret], request={"headers": {"x-note": (secret,)}})
    logging.getLogger("somebody.else").warning("they say %s", secret)
    try:
        raise ValueError(f"cannot read {secret}")
    except ValueError:
        log.exception("failed")
    written = capsys.readouterr().err
    assert secret not in written
    assert CANARY not in written
    assert "they say" in written


def test_a_password_in_an_address_is_blank(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("gateway")
    structlog.get_logger().info("connecting", url=f"postgresql://aether:{CANARY}@127.0.0.1/aether")
    [line] = lines(capsys)
    assert CANARY not in str(line)
    assert "127.0.0.1/aether" in str(line["url"])


def test_a_line_is_json_with_its_service_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("gateway")
    structlog.get_logger().info("started", port=8080)
    [line] = lines(capsys)
    assert (line["event"], line["service"], line["port"], line["level"]) == ("started", "gateway", 8080, "info")
    assert str(line["timestamp"]).endswith("Z")


def test_the_console_form_hides_secrets_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("gateway", form="console")
    structlog.get_logger().info("said", token=CANARY, note=TOKEN)
    assert CANARY not in capsys.readouterr().err
