"""Where the command remembers which aether it is signed in to, and the token that proves it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

DEFAULT_URL = "http://localhost:8080"


@dataclass(frozen=True)
class Keychain:
    """A folder: `config.json` with the address, and `token`, which nobody else can read."""

    folder: Path

    @classmethod
    def of_this_person(cls) -> "Keychain":
        """In XDG_CONFIG_HOME, or ~/.config."""
        base = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
        return cls(Path(base).expanduser() / "aether")

    def url(self) -> str:
        """AETHER_URL, else where the last login was, else this computer."""
        return (os.environ.get("AETHER_URL") or self._config().get("url") or DEFAULT_URL).rstrip("/")

    def token(self) -> str | None:
        """AETHER_TOKEN, else what the last login left."""
        path = self.folder / "token"
        kept = path.read_text(encoding="utf-8").strip() if path.exists() else None
        return os.environ.get("AETHER_TOKEN") or kept

    def remember(self, url: str, token: str) -> None:
        """Keep both, each file readable by this person alone from its first moment."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write("config.json", json.dumps({"url": url}) + "\n")
        self._write("token", token + "\n")

    def forget(self) -> None:
        """The token goes, the address stays."""
        (self.folder / "token").unlink(missing_ok=True)

    def _config(self) -> dict[str, str]:
        path = self.folder / "config.json"
        try:
            found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def _write(self, name: str, text: str) -> None:
        fresh = self.folder / f"{name}.new"
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        fresh.replace(self.folder / name)
