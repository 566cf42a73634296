"""What a person puts into their ssh configuration: one name to go to, through the jump host, with pinned keys."""

import re

from aether.contracts.machines import SshIdentity
from aether.contracts.problem import Invalid
from aether.contracts.terminal import JumpHostView

KNOWN_HOSTS = "~/.ssh/aether_known_hosts"
SSH_PORT = 22
# ssh reads a quote as the end of a word, and a line end as the end of a setting.
_PATH = re.compile(r'[^\x00-\x1f\x7f"\u2028\u2029]+')

_CONFIG = """\
# {slug}, a project in aether. Append the known_hosts lines to {known_hosts}.
Host {host}
    HostName {project}
    Port 22
    User {user}
    ProxyJump jump.{host}
    HostKeyAlias {alias}
{common}
Host jump.{host}
    HostName {jump_host}
    Port {jump_port}
    User aether
{common}"""

_COMMON = """\
    IdentityFile {identity}
    IdentitiesOnly yes
    HostKeyAlgorithms ssh-ed25519
    UserKnownHostsFile {known_hosts}
    StrictHostKeyChecking yes
    ForwardAgent no
    ServerAliveInterval 15
"""


def host_of(identity: SshIdentity) -> str:
    """The name after `ssh`."""
    return f"{identity.slug}.aether"


def alias_of(identity: SshIdentity) -> str:
    """The name under which the machine's key is known: it stays when the project is renamed."""
    return f"{identity.project_id}.aether"


def config(identity: SshIdentity, jump: JumpHostView, identity_file: str) -> str:
    """Two Host blocks: the machine, and the jump host as this machine's key sees it.

    Each machine has a key of its own, so each has a name of its own for the jump host.
    """
    common = _COMMON.format(identity=_quoted(checked_identity_file(identity_file)), known_hosts=KNOWN_HOSTS)
    return _CONFIG.format(
        slug=identity.slug,
        host=host_of(identity),
        project=identity.project_id,
        user=identity.username,
        alias=alias_of(identity),
        jump_host=jump.host,
        jump_port=jump.port,
        common=common,
        known_hosts=KNOWN_HOSTS,
    )


def known_hosts(identity: SshIdentity, jump: JumpHostView) -> str:
    """The lines of jump host and machine. Keys have no comment here."""
    name = jump.host if jump.port == SSH_PORT else f"[{jump.host}]:{jump.port}"
    return f"{name} {_bare(jump.host_key)}\n{alias_of(identity)} {_bare(identity.host_key)}\n"


def checked_identity_file(path: str) -> str:
    if not _PATH.fullmatch(path) or not path.strip():
        raise Invalid.field("identity_file", "A path cannot have quotes or control characters.")
    return path


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path


def _bare(line: str) -> str:
    return " ".join(line.split()[:2])
