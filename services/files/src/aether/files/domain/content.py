"""What a browser is told of a file's content: its type by its name, and under which name it is kept."""

from urllib.parse import quote

UNKNOWN = "application/octet-stream"
TEXT = "text/plain; charset=utf-8"

# Python's own table calls TypeScript a video; what is not here is text or unknown.
TYPES = {
    "apng": "image/apng",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "gif": "image/gif",
    "ico": "image/x-icon",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "webp": "image/webp",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "wav": "audio/wav",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp4": "video/mp4",
    "ogv": "video/ogg",
    "webm": "video/webm",
    "otf": "font/otf",
    "ttf": "font/ttf",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "gz": "application/gzip",
    "pdf": "application/pdf",
    "tar": "application/x-tar",
    "tgz": "application/gzip",
    "wasm": "application/wasm",
    "zip": "application/zip",
    "htm": "text/html; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "json": "application/json",
    "xml": "application/xml",
}
BINARY = {
    *("7z", "a", "bin", "bz2", "class", "com", "dat", "db", "dll", "dmg", "doc", "docx", "dylib", "eot", "exe"),
    *("img", "iso", "jar", "lib", "o", "obj", "odt", "parquet", "pickle", "pkl", "ppt", "pptx", "psd", "pyc"),
    *("pyd", "rar", "rlib", "so", "sqlite", "sqlite3", "tbz2", "xls", "xlsx", "xz", "zst"),
}

# A file is data and never a page of ours, whatever is in it: nothing in it runs, and no other site embeds it.
SAFETY = {
    "Content-Security-Policy": "sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


def content_type(name: str) -> str:
    """By the name alone. What has no known ending is most often text, and harmless if it is not."""
    stem, dot, ending = name.rpartition(".")
    ending = ending.lower() if dot and stem else ""
    if ending in BINARY:
        return UNKNOWN
    return TYPES.get(ending, TEXT)


def disposition(name: str, *, download: bool) -> str:
    """Content-Disposition after RFC 6266: a plain name for old programs, the true one encoded."""
    kind = "attachment" if download else "inline"
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
