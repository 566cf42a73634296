"""Files, editor and previews in a real Chromium: what a person does in a project beside the terminal."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
from playwright.async_api import BrowserContext, Page, expect

from aether.cli.embedded.ports import any_free_port
from aether.testkit.eventually import eventually
from aether.testkit.host import require_host
from aether.testkit.page import create_project, sign_up, start, type_line, until_text
from aether.testkit.stack import Stack

from .vite import SERVE, packed

MIB = 1024 * 1024


@pytest.mark.timeout(180)
async def test_what_is_saved_is_in_the_terminal_and_what_changed_meanwhile_is_merged(
    context: BrowserContext, email: str
) -> None:
    page, _ = await at_work(context, email, "harbour")
    await type_line(page, "printf 'one\\ntwo\\nthree\\n' > boats.txt")
    await row(page, "boats.txt").dblclick()
    await text_at_end(page, "four\n")
    await expect(tab(page, "boats.txt")).to_have_accessible_name("boats.txt, not saved")
    await save(page)
    await expect(tab(page, "boats.txt")).to_have_accessible_name("boats.txt")
    await type_line(page, "tail -n 1 boats.txt | tr a-z A-Z")
    await until_text(page, "FOUR")

    await text_at_end(page, "mine\n")
    await type_line(page, "sed -i s/one/theirs/ boats.txt")
    band = page.get_by_text("Changed in the machine while you edited.", exact=True)
    await expect(band).to_be_visible(timeout=5_000)
    theirs, mine = await merge_sides(page)
    assert theirs == "theirs\ntwo\nthree\nfour\n"
    assert mine == "one\ntwo\nthree\nfour\nmine\n"
    await page.get_by_role("button", name="Take theirs").first.click()
    await page.get_by_role("button", name="Save merged").click()
    await expect(band).to_have_count(0)
    await type_line(page, "clear; cat boats.txt | tr a-z A-Z")
    await until_text(page, "THEIRS\nTWO\nTHREE\nFOUR\nMINE")


@pytest.mark.timeout(180)
async def test_a_dropped_folder_of_200_files_arrives_whole(
    context: BrowserContext, email: str, tmp_path: Path
) -> None:
    fleet = tmp_path / "fleet"
    for number in range(200):
        file = fleet / f"dock-{number % 10}" / f"boat-{number:03}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"boat {number}\n" * (number + 1))
    page, _ = await at_work(context, email, "regatta")
    await drop(page, fleet)
    await expect(row(page, "fleet")).to_be_visible(timeout=15_000)
    command = "find fleet -type f | wc -l; cat fleet/*/* | sha256sum | cut -c 1-16"
    wanted = await printed(f"cd {tmp_path}; {command}")

    async def is_whole() -> bool:
        await type_line(page, f"clear; {command}")
        await page.wait_for_timeout(500)
        return wanted in await page.evaluate("() => window.__aether.terminalText()")

    await eventually(is_whole, within=60, every=0.5)


@pytest.mark.timeout(240)
async def test_a_file_of_a_gigabyte_is_downloaded_while_the_services_stay_small(
    context: BrowserContext, stack: Stack, email: str
) -> None:
    page, _ = await at_work(context, email, "freight")
    await type_line(page, "truncate -s 1G hold.bin")
    await row(page, "hold.bin").click(button="right")
    parts = ("files", "gateway")
    before = {part: resident(stack, part) for part in parts}
    async with page.expect_download(timeout=30_000) as started:
        await page.get_by_role("menuitem", name="Download").click()
    download = await started.value
    done = asyncio.create_task(path_of(download.path))
    peak = dict(before)
    while not done.done():
        for part in parts:
            peak[part] = max(peak[part], resident(stack, part))
        await asyncio.wait({done}, timeout=0.05)
    saved = await done
    assert saved.stat().st_size == 1024 * MIB
    await download.delete()
    for part in parts:
        assert peak[part] - before[part] < 48 * MIB, f"{part} grew by {(peak[part] - before[part]) // MIB} MiB"


@pytest.mark.timeout(240)
async def test_a_preview_of_vite_shows_an_edit_without_being_loaded_again(
    context: BrowserContext, email: str
) -> None:
    require_host("node")
    page, project = await at_work(context, email, "morning")
    await put(page, project, "/app.tar", packed())
    port = any_free_port()
    await type_line(page, f"tar xf app.tar && rm app.tar && {SERVE.format(port=port)}")
    await page.get_by_role("toolbar", name="Panels").get_by_role("button", name=re.compile("^Ports")).click()
    opens = page.get_by_role("link", name="Open node in a new tab")
    await expect(opens).to_be_visible(timeout=30_000)
    async with context.expect_page() as opened:
        await opens.click()
    preview = await opened.value
    await expect(preview.get_by_role("heading", name="Good morning")).to_be_visible(timeout=20_000)
    assert preview.url.startswith(f"http://{port}--morning")
    await preview.evaluate("() => { window.loadedOnce = true; }")

    await row(page, "greeting.js").dblclick()
    editor = text_of_editor(page)
    await expect(editor).to_contain_text("Good morning")
    await editor.click()
    await page.keyboard.press("Control+A")
    await page.keyboard.type('export const greeting = "Good evening";')
    await save(page)
    await expect(preview.get_by_role("heading", name="Good evening")).to_be_visible(timeout=10_000)
    assert await preview.evaluate("() => window.loadedOnce === true"), "it was replaced in place"


async def at_work(context: BrowserContext, email: str, name: str) -> tuple[Page, str]:
    """A running project's page with its files shown; the project's id."""
    page = await context.new_page()
    await sign_up(page, email)
    project = await create_project(page, name)
    await start(page, name)
    await expect(page.get_by_role("region", name="No files")).to_be_visible(timeout=20_000)
    return page, project


def row(page: Page, name: str):  # type: ignore[no-untyped-def] # Locator, which only the async API names
    return page.get_by_role("treeitem", name=name)


def tab(page: Page, name: str):  # type: ignore[no-untyped-def] # as above
    return page.get_by_role("tablist", name="Open files").get_by_role("tab", name=name)


def text_of_editor(page: Page):  # type: ignore[no-untyped-def] # as above
    return page.locator(".cm-content").last


async def text_at_end(page: Page, text: str) -> None:
    await text_of_editor(page).click()
    await page.keyboard.press("Control+End")
    await page.keyboard.type(text)


async def save(page: Page) -> None:
    await page.keyboard.press("Control+S")


async def merge_sides(page: Page) -> tuple[str, str]:
    """The two texts that stand beside one another: the machine's and one's own."""
    sides = page.locator(".cm-mergeView .cm-content")
    await expect(sides).to_have_count(2)
    texts: list[str] = await sides.evaluate_all(
        """views => views.map((view) =>
            [...view.querySelectorAll('.cm-line')].map((line) => line.textContent).join('\\n'))"""
    )
    return texts[0], texts[1]


async def drop(page: Page, folder: Path) -> None:
    """Drop a folder from the desktop on the files, as the browser itself would report it."""
    box = await page.get_by_role("region", name="Files panel").bounding_box()
    assert box is not None
    session = await page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        await session.send(
            "Input.dispatchDragEvent", {"type": kind, "x": box["x"] + 60, "y": box["y"] + 200, "data": data}
        )


async def put(page: Page, project: str, path: str, content: bytes) -> None:
    origin = "/".join(page.url.split("/")[:3])
    answer = await page.request.put(
        f"/api/projects/{project}/files?path={quote(path)}", data=content, headers={"origin": origin}
    )
    assert answer.status == 201, await answer.text()


async def printed(command: str) -> str:
    process = await asyncio.create_subprocess_shell(command, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    return out.decode().strip()


async def path_of(path: Callable[[], Awaitable[Path | os.PathLike[str]]]) -> Path:
    return Path(await path())


def resident(stack: Stack, part: str) -> int:
    return int(psutil.Process(stack.pids()[part]).memory_info().rss)
