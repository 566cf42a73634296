"""What a person may call a project, its branch and its variables. Each check raises Invalid with its field."""

import re
import unicodedata
from collections.abc import Mapping

from aether.machines.errors import Invalid

NAME_LENGTH = 64
SLUG_LENGTH = 40
BRANCH_LENGTH = 244  # git keeps a branch as a file name under refs/heads, with .lock while it writes
VARIABLES = 100
VALUE_LENGTH = 8192
ENV_LENGTH = 65536
JOINERS = "\u200c\u200d"  # emoji and several scripts are written with them

# These change what a shell, a loader or the service's own commands do before the person's first keystroke.
FORBIDDEN_VARIABLES = re.compile(
    r"LD_.*|DYLD_.*|BASH_ENV|BASH_FUNC_.*|BASHOPTS|SHELLOPTS|ENV|IFS|PS4|PROMPT_COMMAND"
    r"|PATH|HOME|USER|LOGNAME|SHELL|GIT_ASKPASS|GIT_SSH|GIT_SSH_COMMAND|GIT_CONFIG.*|SSH_.*|TMUX.*|AETHER_.*"
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_BRANCH_FORBIDDEN = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")


def has_controls(text: str) -> bool:
    """Whether any character steers a terminal or cannot be shown (categories Cc, Cf, Cs, Zl, Zp)."""
    return any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in text if c not in JOINERS)


def checked_name(name: str) -> str:
    """The name without blanks around it, 1 to 64 characters."""
    kept = unicodedata.normalize("NFC", name).strip()
    if not kept:
        raise Invalid.field("name", "A project needs a name.")
    if len(kept) > NAME_LENGTH:
        raise Invalid.field("name", f"A name has at most {NAME_LENGTH} characters.")
    if has_controls(kept):
        raise Invalid.field("name", "A name cannot have control or invisible characters.")
    return kept


def slug_of(name: str) -> str:
    """Lower-case letters, digits and hyphens, for addresses and host names; never empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_LENGTH].strip("-")
    return slug or "project"


def checked_branch(branch: str, repo_url: str) -> str:
    """A branch by the rules of git check-ref-format, or nothing for the repository's own default."""
    kept = branch.strip()
    if not kept:
        return ""
    if not repo_url:
        raise Invalid.field("branch", "A branch needs a repository to be in.")
    if not _is_branch(kept):
        raise Invalid.field("branch", "That is not a name git allows for a branch.")
    return kept


def _is_branch(name: str) -> bool:
    parts = name.split("/")
    return not (
        len(name) > BRANCH_LENGTH
        or _BRANCH_FORBIDDEN.search(name)
        or has_controls(name)
        or name.startswith(("-", "/"))
        or name.endswith(("/", "."))
        or name in ("@", "HEAD")
        or any(part.startswith(".") or part.endswith(".lock") for part in parts)
    )


def checked_env(env: Mapping[str, str]) -> dict[str, str]:
    """Variables for the machine's shells: at most 100, no loader's and no shell's own, one line each."""
    if len(env) > VARIABLES:
        raise Invalid.field("env", f"A project has at most {VARIABLES} variables.")
    for name, value in env.items():
        _check_variable(name, value)
    if sum(len(name) + len(value) for name, value in env.items()) > ENV_LENGTH:
        raise Invalid.field("env", f"All variables together have at most {ENV_LENGTH} characters.")
    return dict(env)


def _check_variable(name: str, value: str) -> None:
    if not _VARIABLE.fullmatch(name):
        raise Invalid.field("env", "A variable's name has letters, digits and _, and no digit first.")
    if FORBIDDEN_VARIABLES.fullmatch(name.upper()):
        raise Invalid.field("env", f"{name} cannot be set: it changes how programs are loaded or shells start.")
    if len(value) > VALUE_LENGTH:
        raise Invalid.field("env", f"The value of {name} is longer than {VALUE_LENGTH} characters.")
    if any(c in value for c in "\0\r\n"):
        raise Invalid.field("env", f"The value of {name} has a line break, which a variable here cannot have.")
    if any(unicodedata.category(c) == "Cs" for c in value):
        raise Invalid.field("env", f"The value of {name} is not valid text.")
