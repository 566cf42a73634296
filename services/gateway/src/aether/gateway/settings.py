"""The gateway's environment, prefix GATEWAY_."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from aether.gateway.domain.admission import LOCAL_NAMES
from aether.gateway.domain.rates import Rate
from aether.kit.settings import Settings

JWKS_PATH = "/.well-known/jwks.json"


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
    push: bool = False  # whether agents can send Web Push, for the pages to know
    github_client_id: str | None = Field(None, validation_alias="GITHUB_CLIENT_ID")
    github_client_secret: SecretStr | None = Field(None, validation_alias="GITHUB_CLIENT_SECRET")
    github_web_url: str = Field("https://github.com", validation_alias="GITHUB_WEB_URL")
    github_api_url: str = Field("https://api.github.com", validation_alias="GITHUB_API_URL")
    oidc_issuer: str | None = Field(None, validation_alias="OIDC_ISSUER")
    oidc_jwks_url: str | None = Field(None, validation_alias="OIDC_JWKS_URL")
    oidc_audience: Annotated[tuple[str, ...], NoDecode] = Field((), validation_alias="OIDC_AUDIENCE")

    @field_validator("allowed_origins", "trusted_proxies", "oidc_audience", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(part.strip() for part in value.split(",") if part.strip())

    @property
    def jwks_url(self) -> str | None:
        """Where the issuer's keys are: as given, or where Supabase, Clerk and others have them."""
        return self.oidc_jwks_url or (f"{self.oidc_issuer.rstrip('/')}{JWKS_PATH}" if self.oidc_issuer else None)

    @field_validator("github_web_url", "github_api_url", "oidc_issuer", "oidc_jwks_url")
    @classmethod
    def _safe(cls, value: str | None) -> str | None:
        """Secrets and keys come and go here, so nobody on the way may read or change them."""
        parts = urlsplit(value or "https://none")
        if parts.scheme != "https" and (parts.scheme, parts.hostname in LOCAL_NAMES) != ("http", True):
            raise ValueError("must be https://…, or http://… on this computer")
        return value

    @field_validator("github_web_url", "github_api_url")
    @classmethod
    def _bare(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("rate_per_ip", "rate_per_email", "rate_of_mails", mode="before")
    @classmethod
    def _rate(cls, value: object) -> object:
        return Rate.parse(value) if isinstance(value, str) else value
