"""A person's keys: whose they are by their name, what a value may be, and which projects may have it."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from aether.contracts.agents import KeyMode, KeyView, PutKey
from aether.contracts.ids import AccountId, PersonId, ProjectId
from aether.contracts.problem import Invalid

# Whose key it is, by the name under which every program of that vendor looks for it.
VENDOR_OF = {
    "ANTHROPIC_API_KEY": "anthropic",
    "OPENAI_API_KEY": "openai",
    "GEMINI_API_KEY": "google",
    "OPENROUTER_API_KEY": "openrouter",
}
KEY_OF = {vendor: name for name, vendor in VENDOR_OF.items()}
PROJECTS = 200
# Four characters of a shorter value would be too much of it.
SHOWN_FROM = 16

# An injected key is a variable of every session: none may change how programs are loaded or shells start.
_FORBIDDEN = re.compile(
    r"LD_.*|DYLD_.*|BASH_.*|BASHOPTS|SHELLOPTS|ENV|IFS|PS[0-4]|PROMPT_COMMAND|PATH|CDPATH|HOME|USER|LOGNAME|SHELL"
    r"|TERM|LANG|LC_.*|TMPDIR|PWD|OLDPWD|PYTHON.*|NODE_OPTIONS|PERL5.*|RUBY.*|GIT_.*|SSH_.*|TMUX.*|AETHER_.*"
)
_HEADER = re.compile(r"[\x21-\x7e]+")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True)
class Key:
    """A key without its value. `version` counts its values: each is sealed for itself."""

    account_id: AccountId
    person_id: PersonId
    name: str
    mode: KeyMode
    projects: tuple[ProjectId, ...] | None
    last4: str
    version: int
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None = None
    refused_at: datetime | None = None

    @property
    def vendor(self) -> str:
        return VENDOR_OF.get(self.name, "")

    def is_for(self, project_id: ProjectId) -> bool:
        return self.projects is None or project_id in self.projects

    def put(self, command: PutKey, now: datetime) -> "Key":
        """The key with what the command gives. Raises Invalid, with the field."""
        key = replace(self, updated_at=now)
        if command.mode is not None:
            key = replace(key, mode=_checked_mode(command.name, command.mode))
        if command.every_project:
            key = replace(key, projects=None)
        elif command.projects is not None:
            key = replace(key, projects=tuple(command.projects))
        if command.value is not None:
            # A vendor's refusal was of the value before.
            key = replace(key, last4=last4(command.value), version=self.version + 1, refused_at=None)
        return key

    def view(self) -> KeyView:
        return KeyView(
            name=self.name,
            account_id=self.account_id,
            vendor=self.vendor,
            mode=self.mode,
            last4=self.last4,
            projects=None if self.projects is None else list(self.projects),
            version=self.version,
            created_at=self.created_at,
            updated_at=self.updated_at,
            last_used_at=self.last_used_at,
            refused_at=self.refused_at,
        )


def checked(command: PutKey) -> PutKey:
    """With the value and the projects as they are kept. Raises Invalid, with the field."""
    value = None if command.value is None else _checked_value(command.name, command.value)
    projects = None if command.projects is None else _checked_projects(command.projects)
    return command.model_copy(update={"value": value, "projects": projects})


def new_key(command: PutKey, now: datetime) -> Key:
    """A key with its first value: brokered where that can be, for every project unless the command says which."""
    if command.value is None:
        raise Invalid.field("value", "A new key needs a value.")
    empty = Key(
        account_id=command.account_id,
        person_id=command.person_id,
        name=_checked_name(command.name),
        mode="brokered" if command.name in VENDOR_OF else "injected",
        projects=None,
        last4="",
        version=0,
        created_at=now,
        updated_at=now,
    )
    return empty.put(command, now)


def _checked_name(name: str) -> str:
    if _FORBIDDEN.fullmatch(name.upper()):
        raise Invalid.field("name", f"{name} cannot be a key's name: it changes how programs or shells start.")
    return name


def _checked_value(name: str, value: str) -> str:
    """The value as it is kept. Blanks around a vendor's key are a slip of the clipboard and fall away."""
    if name in VENDOR_OF:
        value = value.strip()
        if not _HEADER.fullmatch(value):
            raise Invalid.field("value", "A vendor's key has visible ASCII characters only, and no blanks.")
    elif _CONTROL.search(value):
        raise Invalid.field("value", "A key cannot have control characters other than tabs and line ends.")
    return value


def _checked_mode(name: str, mode: KeyMode) -> KeyMode:
    if mode == "brokered" and name not in VENDOR_OF:
        known = ", ".join(VENDOR_OF)
        raise Invalid.field("mode", f"Only a vendor's key can be brokered: {known}.")
    return mode


def _checked_projects(projects: list[ProjectId]) -> list[ProjectId]:
    kept = list(dict.fromkeys(projects))
    if len(kept) > PROJECTS:
        raise Invalid.field("projects", f"At most {PROJECTS} projects can be named. Allow every project instead.")
    return kept


def last4(value: str) -> str:
    shown = value.strip()
    return shown[-4:] if len(shown) >= SHOWN_FROM and shown[-4:].isprintable() else ""
