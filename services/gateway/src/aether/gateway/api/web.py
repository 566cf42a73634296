"""The web app: files from a folder, held in memory, and index.html for every path that is the app's own."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

COMPRESSIBLE = ("text/", "application/javascript", "application/json", "application/manifest", "image/svg")
FOREVER = "public, max-age=31536000, immutable"
NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>aether</title>
<body style="font: 16px/1.6 system-ui; max-width: 36rem; margin: 20vh auto; padding: 0 1rem">
<h1>aether is running</h1>
<p>The web app is not built. Build it with <code>npm ci &amp;&amp; npm run build</code> in <code>web/</code>
and start aether again. The API is at <a href="/api/openapi.json">/api/openapi.json</a>.</p>"""


@dataclass(frozen=True)
class File:
    """One file of the web app, ready to be sent."""

    plain: bytes
    packed: bytes | None
    media_type: str
    etag: str
    cache: str

    @classmethod
    def read(cls, path: Path, name: str) -> "File":
        plain = path.read_bytes()
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        packed = None
        if media_type.startswith(COMPRESSIBLE) and len(plain) > 1024:
            beside = path.with_name(f"{path.name}.gz")
            packed = beside.read_bytes() if beside.exists() else gzip.compress(plain, 6, mtime=0)
        etag = f'"{hashlib.sha256(plain).hexdigest()[:20]}"'
        # The build puts a hash of the content into the name of everything under assets/.
        return cls(plain, packed, media_type, etag, FOREVER if name.startswith("assets/") else "no-cache")

    def answer(self, request: Request) -> Response:
        headers = {"ETag": self.etag, "Cache-Control": self.cache, "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == self.etag:
            return Response(status_code=304, headers=headers)
        packed = self.packed if "gzip" in request.headers.get("accept-encoding", "") else None
        if packed is not None:
            headers["Content-Encoding"] = "gzip"
        return Response(packed or self.plain, media_type=self.media_type, headers=headers)


class WebApp:
    """All files, read once at start."""

    def __init__(self, folder: Path | None) -> None:
        self._files: dict[str, File] = {}
        if folder is not None and (folder / "index.html").is_file():
            for path in sorted(folder.rglob("*")):
                name = path.relative_to(folder).as_posix()
                if path.is_file() and not name.endswith(".gz"):
                    self._files[name] = File.read(path, name)

    async def serve(self, request: Request) -> Response:
        """A file, or the app for a path that may be one of its pages. Raises HTTPException 404."""
        name = request.path_params["path"]
        if name.split("/", 1)[0] in ("api", "stream"):
            raise HTTPException(404)
        found = self._files.get(name)
        if found is None and "." in name.rsplit("/", 1)[-1]:
            raise HTTPException(404)
        page = found or self._files.get("index.html")
        return page.answer(request) if page else HTMLResponse(NOT_BUILT)
