"""Projects, terminals and everything else that is asked and answered."""

import json
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aether.testkit.gateway import Stand, standing_gateway


async def test_a_project_is_made_once_for_one_key(stand: Stand) -> None:
    person = await stand.person()
    headers = {"Idempotency-Key": "k"}
    ids = {
        (await person.post("/api/projects", json={"name": "a"}, headers=headers)).json()["id"] for _ in range(3)
    }
    assert len(ids) == 1


async def test_projects_come_in_pages(stand: Stand) -> None:
    person = await stand.person()
    made = [(await person.post("/api/projects", json={"name": f"p{n}"})).json()["id"] for n in range(5)]
    found: list[str] = []
    cursor: str | None = None
    while True:
        params = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await person.get("/api/projects", params=params)).json()
        found += [project["id"] for project in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == made[::-1]


async def test_a_project_lives_through_its_verbs(stand: Stand) -> None:
    person = await stand.person()
    project = (await person.post("/api/projects", json={"name": "demo"})).json()
    assert project["created_at"].endswith("Z")
    assert "account_id" not in project
    path = f"/api/projects/{project['id']}"
    assert (await person.post(f"{path}/terminals", json={})).json()["type"] == "not-running"
    started = await person.post(f"{path}/start")
    assert (started.status_code, started.json()["status"]) == (202, "running")
    assert (await person.patch(path, json={"name": "renamed"})).json()["name"] == "renamed"
    assert (await person.put(f"{path}/holds/build", json={"expires_in": 60})).status_code == 200
    assert (await person.put(f"{path}/holds/build", json={"expires_in": 3601})).status_code == 422
    assert (await person.delete(f"{path}/holds/build")).status_code == 200
    assert (await person.post(f"{path}/restart")).status_code == 202
    assert (await person.post(f"{path}/stop")).json()["status"] == "stopped"
    assert (await person.delete(path)).status_code == 204
    assert (await person.get(path)).status_code == 404


async def test_a_terminal_lives_through_its_verbs(stand: Stand) -> None:
    person = await stand.person()
    terminal = await stand.terminal(person)
    path = f"/api/terminals/{terminal['id']}"
    assert (await person.patch(path, json={"name": "logs"})).json()["name"] == "logs"
    listed = (await person.get(f"/api/projects/{terminal['project_id']}/terminals")).json()
    assert [t["name"] for t in listed["items"]] == ["logs"]
    assert (await person.delete(path)).status_code == 204
    assert (await person.get(path)).json()["state"] == "closed"
    recorded = (await person.get(f"/api/projects/{terminal['project_id']}/recordings")).json()
    assert [t["id"] for t in recorded["items"]] == [terminal["id"]]


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/api/nothing", 404, "not-found"),
        ("GET", "/stream/nothing", 404, "not-found"),
        ("GET", "/api", 404, "not-found"),
        ("PUT", "/api/projects", 405, "method-not-allowed"),
        ("POST", "/api/config", 405, "method-not-allowed"),
        ("GET", "/api/projects/not-an-id", 404, "not-found"),
        ("GET", "/api/projects?limit=0", 422, "invalid"),
        ("GET", "/assets/gone.js", 404, "not-found"),
    ],
)
async def test_every_error_is_a_problem(stand: Stand, method: str, path: str, status: int, kind: str) -> None:
    person = await stand.person()
    answer = await person.request(method, path)
    assert (answer.status_code, answer.json()["type"]) == (status, kind)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["trace_id"] == answer.headers["x-trace-id"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff\xfe", b'{"name": "\\ud800"}', b'{"name": NaN}'])
async def test_a_body_that_is_no_form_is_told_and_breaks_nothing(stand: Stand, body: bytes) -> None:
    person = await stand.person()
    answer = await person.post("/api/projects", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_body_is_bounded_whether_or_not_it_says_how_long_it_is(stand: Stand) -> None:
    person = await stand.person()
    big = json.dumps({"name": "x" * 2_000_000}).encode()

    async def pieces() -> object:
        for start in range(0, len(big), 65536):
            yield big[start : start + 65536]

    for content in (big, pieces()):
        answer = await person.post(
            "/api/projects",
            content=content,  # type: ignore[arg-type]
            headers={"Content-Type": "application/json"},
        )
        assert (answer.status_code, answer.json()["type"]) == (413, "too-large")


async def test_a_fault_of_ours_is_told_without_detail(stand: Stand) -> None:
    person = await stand.person()

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret inside")

    stand.gateway.bus.request = broken  # type: ignore[method-assign,assignment]
    with capture_logs() as entries:
        answer = await person.get("/api/projects")
    assert (answer.status_code, answer.json()["type"]) == (500, "internal")
    assert [entry["event"] for entry in entries] == ["http.failed"]
    assert "secret" not in answer.text


async def test_every_answer_carries_the_headers_that_bind_browsers(stand: Stand) -> None:
    client = stand.client()
    for path in ("/", "/api/config", "/api/nothing", "/health"):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        for part in ("default-src 'self'", "script-src 'self'", "frame-ancestors 'none'", "object-src 'none'"):
            assert part in policy
        assert stand.sockets in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" not in headers
        assert len(headers["x-trace-id"]) == 32
    assert (await client.get("/api/config")).headers["cache-control"] == "no-store"


async def test_a_trace_begun_elsewhere_is_continued(stand: Stand) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = await stand.client(traceparent=f"00-{trace}-b7ad6b7169203331-01").get("/api/config")
    assert answer.headers["x-trace-id"] == trace


async def test_on_https_the_cookie_is_bound_and_the_browser_told_to_stay(
    gateway_database: str, nats_url: str, tmp_path: Path
) -> None:
    async with standing_gateway(
        gateway_database, nats_url, tmp_path, public_url="https://aether.example"
    ) as stand:
        client = stand.client(Origin="https://aether.example")
        answer = await client.post(
            "/api/auth/signup", json={"email": "a@example.com", "password": "correct horse battery"}
        )
        assert answer.headers["set-cookie"].startswith("__Host-aether=")
        assert "Secure" in answer.headers["set-cookie"]
        assert "Path=/" in answer.headers["set-cookie"]
        assert "Domain" not in answer.headers["set-cookie"]
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        refused = await client.post("/api/auth/login", json={}, headers={"Origin": stand.url})
        assert refused.json()["type"] == "origin-refused"


async def test_readiness_names_every_part_and_who_is_away(stand: Stand) -> None:
    client = stand.client()
    good = await client.get("/ready")
    parts = {"postgres": "ok", "nats": "ok", "machines": "ok", "terminal": "ok", "files": "ok"}
    assert (good.status_code, good.json()) == (200, {"ready": True, "parts": parts})
    assert stand.said is not None
    await stand.said.stop_answering()
    away = await client.get("/ready")
    assert (away.status_code, away.json()["parts"]) == (503, {**parts, "machines": "away"})
    assert (await client.get("/health")).json() == {"status": "ok"}
    answer = await (await stand.person()).get("/api/projects")
    assert (answer.status_code, answer.json()["type"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"


async def test_figures_are_for_this_computer_only(stand: Stand) -> None:
    client = stand.client()
    await client.get("/api/config")
    figures = await client.get("/metrics")
    assert 'aether_http_requests_total{method="GET",route="/api/config",status="200"} 1.0' in figures.text
    proxied = await stand.client(**{"X-Forwarded-For": "127.0.0.1"}).get("/metrics")
    assert (proxied.status_code, proxied.json()["type"]) == (403, "operator-needed")


async def test_config_says_what_is_on(stand: Stand) -> None:
    config = (await stand.client().get("/api/config")).json()
    assert config["public_url"] == stand.url
    off = {"smtp": False, "github": False, "external": False, "push": False}
    assert config["features"] == {**off, "previews": True}
    assert config["preview_domain"] == f"localhost:{stand.url.rpartition(':')[2]}"
    document = (await stand.client().get("/api/openapi.json")).json()
    assert document["paths"]["/api/projects"]["get"]["operationId"] == "list_projects"


async def test_without_a_web_app_the_page_says_so(stand: Stand) -> None:
    page = await stand.client().get("/projects/some-page")
    assert page.status_code == 200
    assert "not built" in page.text


async def test_the_web_app_is_served_packed_and_cached_by_name(
    gateway_database: str, nats_url: str, tmp_path: Path
) -> None:
    web = tmp_path / "dist"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html><title>aether</title>")
    (web / "assets" / "app-1a2b.js").write_text("export const x = 1;\n" * 500)
    async with standing_gateway(gateway_database, nats_url, tmp_path, web_dir=web) as stand:
        client = stand.client()
        script = await client.get("/assets/app-1a2b.js")
        assert script.headers["content-encoding"] == "gzip"
        assert "immutable" in script.headers["cache-control"]
        assert script.text.startswith("export const")
        again = await client.get("/assets/app-1a2b.js", headers={"If-None-Match": script.headers["etag"]})
        assert again.status_code == 304
        for path in ("/", "/projects/demo", "/reset"):
            page = await client.get(path)
            assert "<title>aether</title>" in page.text
            assert page.headers["cache-control"] == "no-cache"
        for outside in ("/../grant.jwk", "/%2e%2e/grant.jwk", "/assets/../../grant.jwk", "/assets/gone.js"):
            assert (await client.get(outside)).status_code == 404
        assert (await client.head("/")).status_code == 200
