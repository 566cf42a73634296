"""What is learnt from vendors' answers: what they cost, and when they are given again."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from aether.agents.domain.limits import Limit, limit, refuses_key
from aether.agents.domain.merge import merged
from aether.agents.domain.usage import LONGEST, UsageReader
from aether.agents.domain.vendors import VENDORS, address, back, onward, shown_secret

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

ANTHROPIC = [
    {
        "type": "message_start",
        "message": {"usage": {"input_tokens": 3, "cache_read_input_tokens": 7, "output_tokens": 1}},
    },
    {"type": "content_block_delta", "delta": {"text": '"usage": {"input_tokens": 999}'}},
    {"type": "message_delta", "usage": {"output_tokens": 25}},
]
RESPONSES = [
    {"type": "response.created", "response": {"usage": None}},
    {"type": "response.completed", "response": {"usage": {"input_tokens": 10, "output_tokens": 25}}},
]
CHAT = [
    {"choices": [{"delta": {"content": "x"}}]},
    {"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 25}},
]
GEMINI = [
    {"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 1}},
    {"usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 20, "thoughtsTokenCount": 5}},
]


@pytest.mark.parametrize("events", [ANTHROPIC, RESPONSES, CHAT, GEMINI])
@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_tokens_of_a_stream_are_counted_however_it_is_cut(
    events: list[dict[str, object]], size: int, newline: str
) -> None:
    stream = "".join(f"event: x{newline}data: {json.dumps(event)}{newline}{newline}" for event in events)
    stream += f"data: [DONE]{newline}{newline}"
    reader = UsageReader("text/event-stream; charset=utf-8")
    for start in range(0, len(stream), size):
        reader.feed(stream[start : start + size].encode())
    assert reader.end() == (10, 25)


@pytest.mark.parametrize("said", [CHAT[1], RESPONSES[1]["response"], GEMINI[1], GEMINI])
def test_tokens_of_one_answer_are_counted(said: object) -> None:
    reader = UsageReader("application/json")
    reader.feed(json.dumps(said, indent=2).encode())
    assert reader.end() == (10, 25)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[" * 100_000 + b'"usage"',
        b'{"usage": 7}',
        b'{"usage": {"input_tokens": "many", "output_tokens": true, "prompt_tokens": -5}}',
        b'{"usage": {"input_tokens": 1e400}}',
        b'["usage", null, {"message": [1]}]',
        b'\xff"usage"',
    ],
)
def test_what_is_no_usage_counts_nothing(said: bytes) -> None:
    for kind, text in (("application/json", said), ("text/event-stream", b"data: " + said + b"\n")):
        reader = UsageReader(kind)
        reader.feed(text)
        assert reader.end() == (0, 0)


def test_a_line_without_end_is_not_kept() -> None:
    reader = UsageReader("text/event-stream")
    for _ in range(20):
        reader.feed(b"x" * 1_000_000)
    assert len(reader._waiting) <= LONGEST
    reader.feed(b"\n" + f"data: {json.dumps(CHAT[1])}\n".encode())
    assert reader.end() == (10, 25)


@pytest.mark.parametrize(
    ("headers", "body", "until"),
    [
        ({"retry-after": "3600"}, b"", NOW + HOUR),
        ({"retry-after": "Sun, 22 Nov 2026 13:00:00 GMT"}, b"", NOW + HOUR),
        ({"retry-after": "3600", "anthropic-ratelimit-requests-reset": "2026-11-22T20:00:00Z"}, b"", NOW + HOUR),
        (
            {
                "anthropic-ratelimit-requests-reset": "2026-11-22T18:00:00Z",
                "anthropic-ratelimit-requests-remaining": "49",
                "anthropic-ratelimit-tokens-reset": "2026-11-22T13:00:00Z",
                "anthropic-ratelimit-tokens-remaining": "0",
            },
            b"",
            NOW + HOUR,
        ),
        ({"anthropic-ratelimit-unified-reset": str(int((NOW + HOUR).timestamp()))}, b"", NOW + HOUR),
        (
            {
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-remaining-requests": "9",
                "x-ratelimit-reset-tokens": "1h0m0s",
                "x-ratelimit-remaining-tokens": "0",
            },
            b"",
            NOW + HOUR,
        ),
        ({"x-ratelimit-reset": str(int((NOW + HOUR).timestamp() * 1000))}, b"", NOW + HOUR),
        ({}, b'{"error": {"type": "usage_limit_reached", "resets_in_seconds": 3600}}', NOW + HOUR),
        ({}, f'{{"error": {{"resets_at": {int((NOW + HOUR).timestamp())}}}}}'.encode(), NOW + HOUR),
        ({}, b'{"error": {"details": [{"@type": "RetryInfo", "retryDelay": "3600s"}]}}', NOW + HOUR),
        ({}, b'{"error": {"code": "insufficient_quota"}}', None),
    ],
)
def test_a_far_reset_is_a_limit(headers: dict[str, str], body: bytes, until: datetime | None) -> None:
    assert limit(429, headers, body, NOW) == Limit(until)


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (429, {}, b""),
        (429, {"retry-after": "60"}, b""),
        (429, {"retry-after": "soon"}, b""),
        (429, {"retry-after": "99999999999999"}, b""),
        (429, {"retry-after": "5", "anthropic-ratelimit-tokens-reset": "2026-11-22T20:00:00Z"}, b""),
        (429, {"x-ratelimit-reset-tokens": "6ms", "x-ratelimit-remaining-tokens": "0"}, b""),
        (429, {"anthropic-ratelimit-tokens-reset": "2020-01-01T00:00:00Z"}, b""),
        (429, {"anthropic-ratelimit-tokens-reset": "never"}, b"[" * 100_000),
        (429, {}, b'{"retryDelay": "34.074824224s"}'),
        (529, {"retry-after": "3600"}, b""),
        (200, {"x-ratelimit-reset-tokens": "6h"}, b""),
    ],
)
def test_a_near_reset_or_none_is_no_limit(status: int, headers: dict[str, str], body: bytes) -> None:
    assert limit(status, headers, body, NOW) is None


def test_what_has_to_be_paid_for_is_a_limit_without_end() -> None:
    unpaid = b'{"error": {"message": "Your credit balance is too low to access the API."}}'
    found = limit(402, {}, b"", NOW)
    assert found == limit(400, {}, unpaid, NOW) == Limit(None)
    assert limit(400, {}, b"{}", NOW) is None
    assert found.sentence(NOW) == "The vendor's quota is used up."


GOOGLE_UNKNOWN = (
    b'[{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.", "status":'
    b' "INVALID_ARGUMENT", "details": [{"@type": "ErrorInfo", "reason": "API_KEY_INVALID"}]}}]'
)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, b""),
        (401, b'{"error": {"type": "authentication_error"}}'),
        (400, GOOGLE_UNKNOWN),
        (403, b'{"error": {"code": 403, "message": "Your API key was reported as leaked."}}'),
        (403, b'{"error": {"message": "Consumer \'api_key:x\' has been suspended."}}'),
        (403, b'{"error": {"message": "It is blocked.", "details": [{"reason": "API_KEY_SERVICE_BLOCKED"}]}}'),
    ],
)
def test_a_key_is_refused_where_the_answer_is_about_the_key(status: int, body: bytes) -> None:
    assert refuses_key(status, body)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, b""),
        (403, b"[" * 100_000),
        (403, b'{"error": {"message": "Country, region, or territory not supported"}}'),
        (403, b'{"error": {"message": "Project p does not have access to model m"}}'),
        (403, b'{"error": {"message": "Your API key does not have permission to use the specified resource."}}'),
        (403, b'{"error": {"message": "It was flagged", "metadata": {"flagged_input": "my API key"}}}'),
        (400, b'{"error": {"message": "max_tokens: API key"}}'),
        (400, b'{"error": {"message": "Name the API_KEY_INVALID case"}}'),
        (404, GOOGLE_UNKNOWN),
        (429, b"{}"),
        (200, b""),
    ],
)
def test_anything_else_that_is_refused_is_not_the_keys_fault(status: int, body: bytes) -> None:
    assert not refuses_key(status, body)


def test_a_limit_names_the_day_where_the_hour_is_not_clear() -> None:
    assert Limit(NOW + timedelta(hours=15)).sentence(NOW) == "Limited until 03:00 UTC."
    assert Limit(NOW + timedelta(days=2, hours=1)).sentence(NOW) == "Limited until 24 November, 13:00 UTC."


def test_a_secret_is_found_wherever_a_client_shows_a_key() -> None:
    for headers, query in (
        ({"x-api-key": "s"}, ""),
        ({"x-goog-api-key": "s"}, ""),
        ({"api-key": "s"}, ""),
        ({"authorization": "bearer s"}, ""),
        ({"authorization": "Basic x"}, "alt=sse&key=s"),
    ):
        assert shown_secret(headers, query) == "s"
    assert shown_secret({"authorization": "Basic s"}, "") == ""


def test_headers_of_one_connection_stay_on_it() -> None:
    sent = [(b"connection", b"close, X-Own"), (b"x-own", b"1"), (b"te", b"trailers"), (b"accept", b"*/*")]
    assert onward(sent) == [(b"accept", b"*/*"), (b"accept-encoding", b"identity")]
    came = [(b"Connection", b"x-own"), (b"X-Own", b"1"), (b"Set-Cookie", b"a"), (b"Retry-After", b"5")]
    assert back(came) == [(b"retry-after", b"5")]


@pytest.mark.parametrize("path", ["..", "a/../b", "%2e%2e/a", "a/%2E%2e%2Fb", "a\\..\\b", "a/./b"])
def test_no_path_climbs(path: str) -> None:
    assert address(VENDORS["openrouter"], path, "") is None


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("v1/models", "https://openrouter.ai/api/v1/models"),
        ("//evil.example/x", "https://openrouter.ai/api/evil.example/x"),
        ("@evil.example/x", "https://openrouter.ai/api/@evil.example/x"),
        ("", "https://openrouter.ai/api/"),
    ],
)
def test_every_path_stays_with_its_vendor(path: str, url: str) -> None:
    assert address(VENDORS["openrouter"], path, "") == url


def test_our_settings_go_into_anothers_file() -> None:
    ours = json.dumps({"a": {"b": 1}, "list": [1, {"x": 2}], "new": True})
    assert json.loads(merged('{"a": {"b": 0, "c": 2}, "list": [{"x": 2}], "z": 9}', ours)) == {
        "a": {"b": 1, "c": 2},
        "list": [{"x": 2}, 1],
        "z": 9,
        "new": True,
    }
    assert json.loads(merged("", ours)) == json.loads(ours)
    assert merged(merged("", ours), ours) == merged("", ours)
    for other in ("[]", "// a comment\n{}", "[" * 100_000):
        assert merged(other, ours) == other
