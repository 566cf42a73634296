"""The few pages that the gateway itself shows: the way into a preview, and why one cannot be shown."""

import json
import secrets
from dataclasses import dataclass
from html import escape
from uuid import UUID

from starlette.responses import HTMLResponse, Response

from aether.contracts.problem import Problem

STYLE = """\
:root{color-scheme:light dark;--canvas:oklch(98.5% .003 260);--text:oklch(24% .02 260);--muted:oklch(47% .02 260);
--line:oklch(88% .008 260);--accent:oklch(48% .14 255);--on:oklch(99% 0 0)}
@media (prefers-color-scheme:dark){:root{--canvas:oklch(17% .012 260);--text:oklch(93% .008 260);
--muted:oklch(72% .014 260);--line:oklch(32% .014 260);--accent:oklch(78% .11 250);--on:oklch(17% .012 260)}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--canvas);
color:var(--text);font:14px/1.6 Inter,system-ui,sans-serif}main{width:min(28rem,100% - 32px)}
h1{margin:0 0 8px;font-size:20px;line-height:1.3;font-weight:600}p{margin:0 0 16px;color:var(--muted)}
a,button{display:inline-block;padding:8px 16px;border:0;border-radius:6px;background:var(--accent);color:var(--on);
font:inherit;font-weight:500;text-decoration:none;cursor:pointer}
:focus-visible{outline:2px solid var(--text);outline-offset:2px}"""


@dataclass(frozen=True)
class Page:
    """A title, a sentence, one thing to do. `watch` is an address that answers 2xx once it is worth a reload."""

    title: str
    sentence: str
    action: str
    href: str
    status: int
    watch: str | None = None

    def response(self) -> Response:
        nonce = secrets.token_urlsafe(16)
        body = f'<p>{escape(self.sentence)}</p><a href="{escape(self.href)}">{escape(self.action)}</a>'
        script = _reload_when_good(self.watch) if self.watch else ""
        return _document(self.title, body, script, nonce, status=self.status)


def entrance(action: str, preview: str, grant: str, path: str) -> Response:
    """The page that takes a person into a preview: it sends a grant there by itself, in a form, in no address."""
    nonce = secrets.token_urlsafe(16)
    fields = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in (("grant", grant), ("return", path))
    )
    body = (
        f"<p>{escape(preview)} opens in a moment.</p>"
        f'<form method="post" action="{escape(action)}">{fields}<button>Open the preview</button></form>'
    )
    return _document(
        "Opening the preview", body, "document.forms[0].submit()", nonce, form_action=preview, status=200
    )


def _document(
    title: str, body: str, script: str, nonce: str, *, status: int, form_action: str = "'none'"
) -> Response:
    run = f'<script nonce="{nonce}">{script}</script>' if script else ""
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{escape(title)} · aether</title><style nonce="{nonce}">{STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main>{run}</body></html>"
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
        f"form-action {form_action}; base-uri 'none'; frame-ancestors 'self'"
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        # Origin, and no more, goes with the form: the preview is asked from here and from nowhere else.
        "Referrer-Policy": "strict-origin",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(html, status_code=status, headers=headers)


def _reload_when_good(address: str) -> str:
    return (
        f"setInterval(async()=>{{try{{if((await fetch({json.dumps(address)},{{cache:'no-store'}})).ok)"
        "location.reload()}catch{}},1000)"
    )


def page_of(problem: Problem, public: str, here: str, project: UUID | None, ready: str | None) -> Page:
    """Why a preview is not shown, with a way on. `project` is the visitor's own, if it is known to be."""
    action, href = "Try again", here
    match problem.type:
        case "not-found":
            action, href = "Go to aether", public
        case "project-stopped" if project is not None:
            action, href = "Open the project", f"{public}/projects/{project}"
    watch = ready if problem.type in ("nothing-listens", "project-starting", "unavailable", "no-answer") else None
    return Page(
        title=problem.title if problem.type != "unavailable" else "The machine does not answer",
        sentence=problem.detail or "Check the address, or look for the port on its project's page.",
        action=action,
        href=href,
        status=problem.status,
        watch=watch,
    )
