"""Every page, at a desk's and a phone's width, in light and dark: nothing for axe to find, nothing cut off.

With SCREENSHOTS=docs/screenshots the pictures are kept there (`make screenshots`): every page in dark, and of the
light ones those that differ most.
"""

import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page

from aether.cli.embedded.ports import any_free_port
from aether.testkit.git import GitServer
from aether.testkit.page import create_project, sign_up, start, start_agent, terminal_text, type_line, until_text
from aether.testkit.stack import Stack

SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
THEMES = ("dark", "light")
KEPT_IN_LIGHT = tuple(
    f"{name}-"
    for name in ("landing", "projects", "workspace", "editor", "changes", "merge", "ports", "board", "agents")
)
LIGHTHOUSE = {
    "README.md": "# Lighthouse\n",
    "lamp.py": "def is_lit(hour):\n    return hour >= 20 or hour < 6\n",
    "test_lamp.py": (
        "from unittest import TestCase\n\nfrom lamp import is_lit\n\n\nclass Lamp(TestCase):\n"
        "    def test_is_lit_at_night(self):\n        self.assertTrue(is_lit(23))\n\n"
        "    def test_rests_by_day(self):\n        self.assertFalse(is_lit(12))\n"
    ),
}
SIGNED_OUT = {
    "landing": "/",
    "signup": "/signup",
    "login": "/login",
    "forgot": "/forgot",
    "reset": "/reset?token=x",
}
# Whatever is being loaded says so to a screen reader, by a status with a name.
STANDS_STILL = """() => document.fonts.status === "loaded"
    && !document.querySelector('[aria-busy=true], [role=status][aria-label]')"""
SIGNED_IN = {
    "projects": "/projects",
    "create": "/projects?new=true",
    "profile": "/settings/profile",
    "keys": "/settings/keys",
    "github": "/settings/github",
    "notifications": "/settings/notifications",
    "sessions": "/settings/sessions",
    "tokens": "/settings/tokens",
    "missing": "/no/such/page",
}


@pytest.fixture(scope="session")
def lighthouse(repositories: GitServer) -> str:
    """The address of a repository that looks like somebody's."""
    return repositories.create("harbour/lighthouse", LIGHTHOUSE)


@pytest.mark.timeout(360)
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", SIZES)
async def test_every_page_is_whole_and_accessible(
    browser: Browser, stack: Stack, lighthouse: str, email: str, size: str, theme: str
) -> None:
    width, height = SIZES[size]
    context = await browser.new_context(
        base_url=stack.url,
        viewport={"width": width, "height": height},
        reduced_motion="reduce",  # a picture of something half faded in shows less contrast than there is
        has_touch=size == "phone",
        is_mobile=size == "phone",
    )
    await context.add_init_script(f"localStorage.setItem('aether.theme', '{theme}')")
    try:
        await look_at_all(context, lighthouse, f"ada-{email}", f"{size}-{theme}")
    finally:
        await context.close()


async def look_at_all(context: BrowserContext, url: str, email: str, suffix: str) -> None:
    page = await context.new_page()
    for name, path in SIGNED_OUT.items():
        await page.goto(path)
        await look(page, f"{name}-{suffix}")
    await sign_up(page, email)
    await look(page, f"projects-empty-{suffix}")
    project = await create_project(page, "lighthouse", url)
    await look(page, f"workspace-stopped-{suffix}")
    await start(page, "lighthouse")
    await work(page)
    await look(page, f"workspace-{suffix}")
    await look_at_panels(page, suffix)
    await create_another(page, "playground")
    await look_at_agents(page, project, suffix)
    await furnish(page, project)
    for name, path in {**SIGNED_IN, "ssh": f"/projects/{project}/ssh"}.items():
        await page.goto(path)
        await page.wait_for_load_state("networkidle" if name == "missing" else "load")
        await look(page, f"{name}-{suffix}")
    await replay(page, project, suffix)


async def work(page: Page) -> None:
    """Something worth looking at: a listing in colour, a log, a prompt."""
    for _ in range(20):
        await type_line(page, "clear; ls --color")
        await page.wait_for_timeout(300)
        if "lamp.py" in await terminal_text(page):
            break
    await type_line(page, "git log --oneline --decorate --color | cat")
    await until_text(page, "Begin")
    await type_line(page, "python3 -m unittest -v")
    await until_text(page, "OK\n")


async def look_at_panels(page: Page, suffix: str) -> None:
    """Files, editor, changes and ports: beside one another at a desk, one at a time on a phone."""
    await type_line(page, "sed -i 's/20/21/' lamp.py; echo '# Notes' > notes.md")
    await type_line(page, f"python3 -m http.server {any_free_port()} --bind 127.0.0.1 > served.log 2>&1 &")
    await panel(page, "Files")
    await page.get_by_title("/lamp.py", exact=True).click()
    await page.get_by_text("def is_lit(hour):").first.wait_for()
    await look(page, f"editor-{suffix}")
    await panel(page, "Changes")
    await page.get_by_role("region", name="Changes panel").get_by_text("notes.md").first.wait_for()
    await look(page, f"changes-{suffix}")
    await panel(page, "Ports")
    await page.get_by_role("link", name="Open python3 in a new tab").wait_for()
    await look(page, f"ports-{suffix}")
    await panel(page, "Editor")
    await page.locator(".cm-content").last.click()
    await page.keyboard.type("# Tended by hand.\n")
    await change(page, "/lamp.py", "def is_lit(hour):\n    return hour > 18\n")
    await page.get_by_role("button", name="Save merged").wait_for()
    await look(page, f"merge-{suffix}")
    await page.get_by_role("button", name="Take the machine’s", exact=True).click()
    await page.get_by_role("button", name="Save merged").wait_for(state="detached")
    await panel(page, "Terminal")


# As agents do: one that works, and one that asks before it goes on.
WORKS = (
    "~/.aether/bin/aether event working 'editing lamp.py';"
    " printf 'lamp.py: reading\\nlamp.py: 2 places use is_lit\\ntest_lamp.py: 2 tests pass\\n'; sleep 600"
)
ASKS = (
    "~/.aether/bin/aether event waiting 'The lamp is lit from 20 o’clock on, but the almanac says 21. Change it?';"
    " printf 'almanac.txt: sunset 20:41\\n> Change it? '; read -r answer"
)


async def look_at_agents(page: Page, project: str, suffix: str) -> None:
    """The board with agents at work, what starts one, and a project's own."""
    await page.goto("/projects")
    await page.get_by_role("heading", name="No agent is at work").wait_for()
    await look(page, f"board-quiet-{suffix}")
    await start_agent(page, WORKS, project="lighthouse", name="Light the lamp an hour later")
    await start_agent(page, ASKS, project="lighthouse", name="Compare with the almanac")
    board = page.get_by_role("main")
    await board.get_by_text("almanac says 21").wait_for(timeout=60_000)
    await board.get_by_text("editing lamp.py", exact=True).wait_for(timeout=60_000)
    await board.get_by_test_id("screen-preview").filter(has_text="2 tests pass").wait_for(timeout=20_000)
    await look(page, f"board-{suffix}")
    await page.get_by_role("button", name="Start agent").first.click()
    await page.get_by_role("dialog").get_by_role("radio").first.wait_for()
    await look(page, f"start-agent-{suffix}")
    await page.keyboard.press("Escape")
    await page.goto(f"/projects/{project}")
    await page.locator("[aria-label=Panels]:visible").wait_for()
    await panel(page, "Agents")
    await page.get_by_role("region", name="Agents panel").get_by_text("almanac says 21").wait_for()
    await look(page, f"agents-{suffix}")


async def panel(page: Page, name: str) -> None:
    """Show a panel, unless it is shown: from the bar at a desk, from the row of panels on a phone."""
    said = re.compile(rf"^{name}\b")  # a count may follow
    phone = page.get_by_role("navigation", name="Panels").get_by_role("button", name=said)
    if await phone.is_visible():
        await phone.click()
        return
    desk = page.get_by_role("toolbar", name="Panels").get_by_role("button", name=said)
    if await desk.count() and await desk.get_attribute("aria-pressed") == "false":
        await desk.click()


async def change(page: Page, path: str, text: str) -> None:
    """Write a file as something else than this page would."""
    project = page.url.split("/projects/")[1][:36]
    origin = "/".join(page.url.split("/")[:3])
    answer = await page.request.put(
        f"/api/projects/{project}/files?path={path}", data=text, headers={"origin": origin}
    )
    assert answer.ok, await answer.text()


async def create_another(page: Page, name: str) -> None:
    """A second project for the list, by the API and the page's own cookie."""
    origin = "/".join(page.url.split("/")[:3])
    answer = await page.request.post("/api/projects", data={"name": name}, headers={"origin": origin})
    assert answer.status == 201, await answer.text()


async def furnish(page: Page, project: str) -> None:
    """Keys, a key pair and a webhook for the settings to show, by the API and the page's own cookie."""
    headers = {"origin": "/".join(page.url.split("/")[:3])}
    key = await page.request.put(
        "/api/keys/ANTHROPIC_API_KEY", data={"value": "sk-ant-of-nobody-x7Qa"}, headers=headers
    )
    pair = await page.request.post(f"/api/projects/{project}/agents", data={"name": "laptop"}, headers=headers)
    hook = await page.request.post("/api/webhooks", data={"url": "https://example.com/aether"}, headers=headers)
    assert (key.status, pair.status, hook.status) == (200, 201, 201)


async def replay(page: Page, project: str, suffix: str) -> None:
    await page.goto(f"/projects/{project}/recordings")
    await page.get_by_role("main").get_by_role("link").first.wait_for()
    await look(page, f"recordings-{suffix}")
    await page.get_by_role("main").get_by_role("link").first.click()
    await page.wait_for_url("**/recordings/*")
    await page.get_by_test_id("replay").locator(".ap-overlay-start").wait_for(timeout=15_000)
    await look(page, f"replay-{suffix}")


async def look(page: Page, name: str) -> None:
    """Wait until it stands still, keep a picture, and check what a machine can check."""
    await page.locator("main").wait_for()
    await page.wait_for_function(STANDS_STILL)
    if (folder := os.environ.get("SCREENSHOTS")) and (name.endswith("dark") or name.startswith(KEPT_IN_LIGHT)):
        Path(folder).mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=Path(folder) / f"{name}.png")
    overflow = await page.evaluate("() => document.documentElement.scrollWidth - window.innerWidth")
    assert overflow <= 0, f"{name} is {overflow} px wider than its window"
    found = await Axe().run(page)
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
