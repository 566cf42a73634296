"""The gateway's environment, prefix GATEWAY_."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from aether.gateway.domain.rates import Rate
from aether.kit.settings import Settings


class GatewaySettings(Settings):
    """Rates are written as "burst/seconds"; lists are separated by commas."""

    model_config = SettingsConfigDict(env_prefix="GATEWAY_", extra="ignore", populate_by_name=True)

    port: int = 8080
    web_dir: Path | None = None
    streams: dict[str, str] = {}  # service → host:port, as JSON
    tunnel: str | None = None  # host:port of the way to machines' ports; without it there are no previews
    preview_domain: str | None = Field(None, validation_alias="AETHER_PREVIEW_DOMAIN")
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = ()
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()  # whose X-Forwarded-For is believed
    metrics_token: SecretStr | None = None
    rate_per_ip: Annotated[Rate, NoDecode] = Rate(120, 60)
    rate_per_email: Annotated[Rate, NoDecode] = Rate(20, 300)
    rate_of_mails: Annotated[Rate, NoDecode] = Rate(5, 900)
    grant_key_file: Path | None = Field(None, validation_alias="AETHER_GRANT_KEY_FILE")
    smtp_url: SecretStr | None = Field(None, validation_alias="SMTP_URL")
    mail_from: str = Field("aether@localhost", validation_alias="MAIL_FROM")

    @field_validator("allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("rate_per_ip", "rate_per_email", "rate_of_mails", mode="before")
    @classmethod
    def _rate(cls, value: object) -> object:
        return Rate.parse(value) if isinstance(value, str) else value
