"""The terminal service's environment, prefix TERMINAL_."""

from pathlib import Path

from pydantic_settings import SettingsConfigDict

from aether.kit.settings import Settings


class TerminalSettings(Settings):
    """Ports and limits. Sizes are bytes, times are seconds."""

    model_config = SettingsConfigDict(env_prefix="TERMINAL_", extra="ignore", populate_by_name=True)

    port: int = 8083
    jump_port: int | None = None  # without one there is no jump host
    jump_host: str | None = None  # what people's ssh connects to; by default the public URL's host
    jump_public_port: int | None = None  # where something before it listens at another port than it does
    jump_key_folder: Path | None = None  # where its key is kept; by default `terminal` in AETHER_HOME
    tunnel_port: int | None = None  # where the gateway asks for ways to ports; without one there are no previews
    tunnels_per_project: int = 256
    allowed_origins: list[str] = []  # beside the public URL's own, as a JSON list
    sessions_per_project: int = 200
    use_tmux: bool = True  # where the machine has it; without, a session ends with its connection
    recording_limit: int = 50 * 1024 * 1024  # compressed, for one terminal
