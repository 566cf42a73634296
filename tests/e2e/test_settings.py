"""Keys, the way in by SSH, and how one is called: set on the pages, kept by the services."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, expect

from aether.testkit.page import PASSWORD, create_project, sign_up
from aether.testkit.stack import Stack

VALUE = "sk-ant-api03-canary-0123456789-x7Qa"


@pytest.mark.timeout(180)
async def test_a_key_is_kept_replaced_and_deleted_and_its_value_never_comes_back(
    context: BrowserContext, email: str
) -> None:
    page = await context.new_page()
    await sign_up(page, email)
    await page.goto("/settings/keys")
    await page.get_by_role("button", name="Add key").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Value").fill(VALUE)
    async with page.expect_response("**/api/keys/*") as kept:
        await dialog.get_by_role("button", name="Add key").click()
    assert "canary" not in await (await kept.value).text()
    await expect(page.get_by_text("…x7Qa")).to_be_visible()
    await page.get_by_role("button", name="Replace the value of ANTHROPIC_API_KEY").click()
    await dialog.get_by_label("Value").fill(f"{VALUE}-9fTz")
    await dialog.get_by_role("button", name="Replace value").click()
    await expect(page.get_by_text("…9fTz")).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("…9fTz")).to_be_visible()
    assert "canary" not in await page.content()
    assert "canary" not in await (await page.request.get("/api/keys")).text()
    await page.get_by_role("button", name="Menu of ANTHROPIC_API_KEY").click()
    await page.get_by_role("menuitem", name="Delete key").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Delete key").click()
    await expect(page.get_by_text("No keys yet.")).to_be_visible()


@pytest.mark.timeout(180)
async def test_a_key_that_is_added_again_replaces_the_one_there_is_for_those_who_have_it(
    context: BrowserContext, email: str
) -> None:
    page = await context.new_page()
    await sign_up(page, email)
    await create_project(page, "harbour")
    await create_project_beside(page, "lighthouse")
    await page.goto("/settings/keys")
    await page.get_by_role("button", name="Add key").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Value").fill(VALUE)
    await dialog.get_by_label("In the machines").check()
    await dialog.get_by_label("Only these").check()
    await dialog.get_by_label("harbour").check()
    await dialog.get_by_role("button", name="Add key").click()
    await expect(page.get_by_text("in machines · harbour")).to_be_visible()
    await page.get_by_role("button", name="Add key").click()
    await expect(dialog.get_by_role("status")).to_have_text("Replaces the one ending in …x7Qa")
    await dialog.get_by_label("Value").fill(f"{VALUE}-9fTz")
    await dialog.get_by_role("button", name="Replace key").click()
    await expect(page.get_by_text("…9fTz")).to_be_visible()
    await expect(page.get_by_text("in machines · harbour")).to_be_visible()


async def create_project_beside(page: Page, name: str) -> None:
    await page.goto("/projects")
    await create_project(page, name)


async def test_who_has_a_key_is_not_changed_before_the_projects_are_known(
    context: BrowserContext, email: str, stack: Stack
) -> None:
    page = await context.new_page()
    await sign_up(page, email)
    await create_project(page, "harbour")
    key = {"value": VALUE, "mode": "injected", "projects": []}
    kept = await page.request.put("/api/keys/DEPLOY_KEY", data=key, headers={"Origin": stack.url})
    assert kept.ok
    known = asyncio.Event()

    async def wait(route: Route) -> None:
        await known.wait()
        await route.continue_()

    await page.route("**/api/projects", wait)
    await page.goto("/settings/keys")
    await page.get_by_role("button", name="Menu of DEPLOY_KEY").click()
    await page.get_by_role("menuitem", name="Change who has it").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    await expect(dialog.get_by_text("There is no project yet.")).to_have_count(0)
    known.set()
    await dialog.get_by_label("harbour").check()
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("in machines · harbour")).to_be_visible()


@pytest.mark.timeout(180)
async def test_a_pair_is_made_its_private_key_taken_once_and_let_in_no_more(
    context: BrowserContext, email: str, tmp_path: Path
) -> None:
    page = await context.new_page()
    await sign_up(page, email)
    project = await create_project(page, "harbour")
    await page.goto(f"/projects/{project}/ssh")
    await page.get_by_role("button", name="Let a key in").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("laptop")
    await dialog.get_by_role("button", name="Make key pair").click()
    await dialog.get_by_role("button", name="Done").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("neither downloaded nor copied")
    async with page.expect_download() as started:
        await dialog.get_by_role("button", name="Download aether").click()
    file = tmp_path / "aether"
    await (await started.value).save_as(file)
    assert file.read_text(encoding="ascii").startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    await page.keyboard.press("Escape")
    await expect(page.get_by_text("never used")).to_be_visible()
    assert "PRIVATE KEY" not in await page.content()
    await page.get_by_role("button", name="Revoke laptop").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Revoke key").click()
    await expect(page.get_by_text("Nobody may enter by SSH yet.")).to_be_visible()


@pytest.mark.timeout(180)
async def test_how_one_is_called_is_kept_and_a_press_on_a_notification_leads_there(
    context: BrowserContext, email: str
) -> None:
    await context.grant_permissions(["notifications"])
    page = await context.new_page()
    await sign_up(page, email)
    await page.goto("/settings/notifications")
    await page.get_by_label("Sound").uncheck()
    await page.get_by_label("An agent has finished its turn").uncheck()
    await page.get_by_label("From").fill("23:15")
    await page.get_by_label("From").press("Enter")
    await expect(page.get_by_role("button", name="Have none")).to_be_visible()
    await expect(page.get_by_label("From")).to_be_focused()
    await page.reload()
    await expect(page.get_by_label("Sound")).not_to_be_checked()
    await expect(page.get_by_label("An agent has finished its turn")).not_to_be_checked()
    await expect(page.get_by_label("From")).to_have_value("23:15")
    await page.get_by_role("button", name="Turn on here").click()
    await page.get_by_role("button", name="Try it").click()
    await page.goto("/projects")
    await expect(page.get_by_role("button", name=re.compile("notice|notification", re.IGNORECASE))).to_be_visible()
    await press_shown_notification(page)
    await page.wait_for_url("**/settings/notifications")


async def press_shown_notification(page: Page) -> None:
    """What the browser does when a person presses the notification: no test reaches the desk it stands on."""
    await page.wait_for_function(
        "async () => (await (await navigator.serviceWorker.ready).getNotifications()).length === 1"
    )
    worker = page.context.service_workers[0]
    await worker.evaluate(
        """async () => {
            const [notification] = await self.registration.getNotifications();
            const event = new Event("notificationclick");
            self.dispatchEvent(Object.assign(event, { notification, waitUntil: () => undefined }));
        }"""
    )


async def test_who_is_signed_out_from_elsewhere_is_called_in_that_browser_no_more(
    context: BrowserContext, email: str, browser: Browser, stack: Stack
) -> None:
    await context.grant_permissions(["notifications"])
    page = await context.new_page()
    await sign_up(page, email)
    await page.goto("/settings/notifications")
    await page.get_by_role("button", name="Turn on here").click()
    await expect(page.get_by_role("button", name="Turn off here")).to_be_visible()
    elsewhere = await browser.new_context(base_url=stack.url, extra_http_headers={"Origin": stack.url})
    await elsewhere.request.post("/api/auth/login", data={"email": email, "password": PASSWORD})
    sessions = (await (await elsewhere.request.get("/api/sessions")).json())["items"]
    other = next(session["id"] for session in sessions if not session["current"])
    await elsewhere.request.delete(f"/api/sessions/{other}")
    await page.wait_for_url("**/login?next=*")
    await page.wait_for_function("() => !JSON.parse(localStorage.getItem('aether.attention')).on")
    await elsewhere.close()


@pytest.mark.timeout(180)
async def test_signed_out_a_page_goes_to_the_sign_in_and_back(context: BrowserContext, email: str) -> None:
    page = await context.new_page()
    await sign_up(page, email)
    await page.goto("/settings/keys")  # so that the sign-in's own code is not there yet
    await page.get_by_role("button", name="Account").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await page.wait_for_url("**/login?next=*")
    await page.get_by_label("Email").fill(email)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url("**/settings/keys")
