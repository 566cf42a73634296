"""The scripted model, as clients of each interface see it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from aether.testkit.models import ASIDE, Ask, Fail, Held, Models, Run, Say, Write

KEY = "sk-of-the-test"
BOAT = "Make the boat"


@pytest_asyncio.fixture
async def models() -> AsyncIterator[Models]:
    scripted = Models(KEY)
    scripted.script(BOAT, Write("boat.txt", "a boat\n"), Run("cat boat.txt"), Say("It is made."))
    async with scripted.serving():
        yield scripted


@pytest_asyncio.fixture
async def client(models: Models) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=models.url, headers={"x-api-key": KEY}, trust_env=False) as client:
        yield client


def events(answer: httpx2.Response) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]


# Anthropic's


def messages(*more: Any, **body: Any) -> dict[str, Any]:
    tools = [{"name": "Write"}, {"name": "Bash"}, {"name": "AskUserQuestion"}]
    return {"model": "m", "tools": tools, "messages": [{"role": "user", "content": BOAT}, *more], **body}


USED = {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "Write", "input": {}}]}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1", "content": "done"}]}


async def test_each_turn_follows_from_what_was_done(client: httpx2.AsyncClient) -> None:
    first = (await client.post("/anthropic/v1/messages", json=messages())).json()
    assert first["stop_reason"] == "tool_use"
    assert first["content"][-1]["input"] == {"file_path": "boat.txt", "content": "a boat\n"}
    second = (await client.post("/anthropic/v1/messages", json=messages(USED, RESULT))).json()
    assert second["content"][-1]["name"] == "Bash"
    again = (await client.post("/anthropic/v1/messages", json=messages(USED, RESULT))).json()
    assert again["content"][-1]["input"] == second["content"][-1]["input"]
    third = (await client.post("/anthropic/v1/messages", json=messages(USED, RESULT, USED, RESULT))).json()
    assert (third["content"][0]["text"], third["stop_reason"]) == ("It is made.", "end_turn")


async def test_a_stream_says_the_same_in_pieces(client: httpx2.AsyncClient) -> None:
    answer = await client.post("/anthropic/v1/messages", json=messages(stream=True))
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = events(answer)
    assert [found[0]["type"], found[-1]["type"]] == ["message_start", "message_stop"]
    pieces = [event["delta"]["partial_json"] for event in found if "partial_json" in event.get("delta", {})]
    assert json.loads("".join(pieces)) == {"file_path": "boat.txt", "content": "a boat\n"}


async def test_what_the_user_says_after_a_tool_counts(models: Models, client: httpx2.AsyncClient) -> None:
    models.script("Paint it", Say("It is blue."))
    both = {"role": "user", "content": [*RESULT["content"], {"type": "text", "text": "Paint it"}]}
    answer = (await client.post("/anthropic/v1/messages", json=messages(USED, both))).json()
    assert answer["content"][0]["text"] == "It is blue."


async def test_of_two_messages_in_one_the_later_counts(models: Models, client: httpx2.AsyncClient) -> None:
    models.script("Paint it", Say("It is blue."))
    said = [{"role": "user", "content": f"Paint it\n{BOAT}\nPaint it after all"}]
    answer = (await client.post("/anthropic/v1/messages", json=messages(messages=said))).json()
    assert answer["content"][0]["text"] == "It is blue."


async def test_wishes_beside_the_script_are_granted(models: Models, client: httpx2.AsyncClient) -> None:
    answer = (await client.post("/anthropic/v1/messages", json=messages(tools=[]))).json()
    assert answer["content"][0]["text"] == ASIDE
    counted = await client.post("/anthropic/v1/messages/count_tokens", json=messages())
    assert counted.json() == {"input_tokens": 1000}
    assert models.turns == []


# OpenAI's

EXEC = {"type": "namespace", "name": "functions", "tools": [{"type": "custom", "name": "exec"}]}


def responses(*more: Any, **body: Any) -> dict[str, Any]:
    offered = {"type": "additional_tools", "role": "developer", "tools": [EXEC]}
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": BOAT}]}
    return {"model": "m", "stream": True, "input": [offered, said, *more], **body}


async def test_codex_has_its_script_of_tools(models: Models, client: httpx2.AsyncClient) -> None:
    first = events(await client.post("/openai/v1/responses", json=responses()))[-1]["response"]["output"][-1]
    assert (first["type"], first["name"], first["namespace"]) == ("custom_tool_call", "exec", "functions")
    assert "+a boat" in first["input"]
    done = {"type": "custom_tool_call_output", "call_id": "1", "output": "ok"}
    second = events(await client.post("/openai/v1/responses", json=responses(first, done)))[-1]["response"]
    assert "require_escalated" in second["output"][-1]["input"]
    assert second["usage"]["input_tokens"] == 1000


async def test_a_title_is_no_turn_though_it_quotes_the_prompt(models: Models, client: httpx2.AsyncClient) -> None:
    wish = "Generate a concise, single-line task title of at most 36 characters\n\nUser prompt:\n" + BOAT
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": wish}]}
    answer = await client.post("/openai/v1/responses", json=responses(said))
    assert events(answer)[-1]["response"]["output"][0]["content"][0]["text"] == ASIDE
    assert models.turns == []


async def test_a_websocket_is_not_to_be_had(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/openai/v1/responses")).status_code == 426


async def test_chat_completions_are_told_too(client: httpx2.AsyncClient) -> None:
    tools = [{"type": "function", "function": {"name": "write"}}]
    body = {"model": "m", "tools": tools, "messages": [{"role": "user", "content": BOAT}], "stream": True}
    answer = await client.post("/openrouter/v1/chat/completions", json=body)
    deltas = [event["choices"][0]["delta"] for event in events(answer) if event["choices"]]
    (call,) = next(delta["tool_calls"] for delta in deltas if "tool_calls" in delta)
    assert json.loads(call["function"]["arguments"]) == {"filePath": "boat.txt", "content": "a boat\n"}
    assert answer.text.endswith("data: [DONE]\n\n")
    assert events(answer)[-1]["usage"]["total_tokens"] == 1050


# All of them


@pytest.mark.parametrize("path", ["anthropic/v1/messages", "openai/v1/responses"])
async def test_another_key_is_refused_and_remembered(
    models: Models, client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.post(f"/{path}", json={}, headers={"x-api-key": "", "authorization": "Bearer other"})
    assert answer.status_code == 401
    assert models.strangers[0]["authorization"] == "Bearer other"
    assert models.requests == []


async def test_it_fails_so_often_and_then_goes_on(models: Models, client: httpx2.AsyncClient) -> None:
    limit = Fail(429, "rate_limit_error", "Too much", {"retry-after": "36000"}, times=2)
    models.script(BOAT, limit, Say("It is made."))
    refused = [await client.post("/anthropic/v1/messages", json=messages()) for _ in range(2)]
    assert [answer.status_code for answer in refused] == [429, 429]
    assert refused[0].headers["retry-after"] == "36000"
    assert refused[0].json()["error"] == {"type": "rate_limit_error", "message": "Too much"}
    assert (await client.post("/anthropic/v1/messages", json=messages())).json()["content"][0][
        "text"
    ] == "It is made."


async def test_a_question_is_asked_with_the_clients_tool(models: Models, client: httpx2.AsyncClient) -> None:
    models.script(BOAT, Ask("Which colour?", ("Red", "Blue")))
    call = (await client.post("/anthropic/v1/messages", json=messages())).json()["content"][-1]
    (asked,) = call["input"]["questions"]
    assert (call["name"], asked["question"]) == ("AskUserQuestion", "Which colour?")
    assert [option["label"] for option in asked["options"]] == ["Red", "Blue"]


async def test_a_held_turn_is_begun_and_not_told(models: Models, client: httpx2.AsyncClient) -> None:
    until = asyncio.Event()
    models.script(BOAT, Held(Say("It is made."), until))
    async with client.stream("POST", "/anthropic/v1/messages", json=messages(stream=True)) as answer:
        pieces = answer.aiter_text()
        begun = await anext(pieces)
        assert "message_start" in begun
        assert "It is made." not in begun
        until.set()
        assert "message_stop" in "".join([piece async for piece in pieces])
