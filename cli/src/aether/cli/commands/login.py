"""aether login, logout, whoami: which aether the other commands talk to, and as whom."""

import json
import platform
import sys
from typing import Annotated

import typer

from aether.cli.remote.api import Api, signed_in
from aether.cli.remote.keychain import Keychain
from aether.cli.remote.refusals import Refused, plainly

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@plainly
def login(
    url: Annotated[str | None, typer.Option(help="The aether to sign in to.", envvar="AETHER_URL")] = None,
    email: Annotated[str | None, typer.Option(help="Your e-mail address.")] = None,
    token_stdin: Annotated[bool, typer.Option("--token-stdin", help="Read a token from standard input.")] = False,
    as_json: AsJson = False,
) -> None:
    """Sign in with e-mail and password, or with a token on standard input."""
    keychain = Keychain.of_this_person()
    where = (url or keychain.url()).rstrip("/")
    if not where.startswith(("http://", "https://")):
        raise Refused(f"{where} is not an address; it must begin with http:// or https://")
    token = _token_from_stdin() if token_stdin else _token_for_password(where, email)
    api = Api(where, token)
    me = api.ask("GET", "/api/me")
    api.close()
    keychain.remember(where, token)
    print(json.dumps({"url": where, **me}) if as_json else f"Signed in to {where} as {me['email']}.")


def _token_from_stdin() -> str:
    token = sys.stdin.readline().strip()
    if not token.startswith("aet_"):
        raise Refused("What came on standard input is not a token; tokens begin with aet_.")
    return token


def _token_for_password(url: str, email: str | None) -> str:
    """Sign in as a browser would, make a token for this computer, and sign out again."""
    address = email or typer.prompt("E-mail", err=True)
    password = typer.prompt("Password", hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    api = Api(url, None)
    try:
        try:
            api.ask("POST", "/api/auth/login", {"email": address, "password": password.rstrip("\r\n")})
        except Refused as refused:
            if refused.exit_code == 3:
                raise Refused("That e-mail and password do not belong together.", 3) from refused
            raise
        secret: str = api.ask("POST", "/api/tokens", {"name": f"aether on {platform.node()}"[:64]})["secret"]
        api.ask("POST", "/api/auth/logout")
        return secret
    finally:
        api.close()


@plainly
def logout(as_json: AsJson = False) -> None:
    """Revoke this computer's token and forget it."""
    keychain = Keychain.of_this_person()
    if keychain.token() is None:
        raise Refused("You are not signed in.", 3)
    try:
        with signed_in() as api:
            api.ask("POST", "/api/auth/logout")
    except Refused as refused:
        if refused.exit_code != 3:
            raise  # the token still works, so it is kept to be revoked later
    keychain.forget()
    print(json.dumps({"signed_in": False}) if as_json else "Signed out.")


@plainly
def whoami(as_json: AsJson = False) -> None:
    """Say who is signed in, and where."""
    with signed_in() as api:
        me = api.ask("GET", "/api/me")
        print(json.dumps({"url": api.url, **me}) if as_json else f"{me['email']} at {api.url}")
