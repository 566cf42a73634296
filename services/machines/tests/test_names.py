"""What a person may write into the form for a project, and what they are told if they may not."""

import pytest

from aether.machines.domain.names import checked_branch, checked_env, checked_name, slug_of
from aether.machines.domain.repository import checked_repo_url
from aether.machines.domain.sizes import checked_idle_minutes, checked_size
from aether.machines.errors import Invalid


@pytest.mark.parametrize("name", ["", "   ", "a" * 65, "tab\there", "null\0", "right-to-left \u202e", "\ud800"])
def test_a_name_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_name(name)
    assert refused.value.errors[0].field == "name"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("My Project", "my-project"),
        ("Ärger & Söhne", "arger-sohne"),
        ("日本語", "project"),
        ("--a--", "a"),
        ("👩‍💻", "project"),
        ("x" * 60, "x" * 40),
    ],
)
def test_a_slug_is_made_of_any_name(name: str, slug: str) -> None:
    assert slug_of(checked_name(name)) == slug


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/owner/repository.git",
        "http://127.0.0.1:8000/r.git",
        "https://[::1]:8000/r.git",
        "git://example.com/r.git",
        "ssh://git@example.com:22/owner/r.git",
        "git@github.com:owner/repository.git",
        "git@example.com:/absolute/r.git",
        "file:///srv/repository",
    ],
)
def test_a_repository_may_be_at(url: str) -> None:
    assert checked_repo_url(f" {url} ", files_allowed=True) == url


@pytest.mark.parametrize(
    "url",
    [
        "-uevil",
        "--upload-pack=touch /tmp/x",
        "ext::sh -c touch",
        "ext::sh",
        "fd::17",
        "https://user:password@example.com/r.git",
        "https://token@example.com/r.git",
        "ssh://git:password@example.com/r.git",
        "ssh://-oProxyCommand=x@example.com/r",
        "ssh://-oProxyCommand=x/r",
        "git@-oProxyCommand=x:r",
        "-git@example.com:r",
        "git@example.com:-r",
        "https://example.com",
        "https://example.com/",
        "https:///r.git",
        "https://example.com:99999/r.git",
        "https://exa mple.com/r",
        "https://example.com/r\nx",
        "https://example.com/r\x00",
        "https://example.com/\u202er",
        "https://[::1/r",
        "ftp://example.com/r.git",
        "javascript://example.com/r",
        "/etc/passwd",
        "../repository",
        "example.com/owner/r",
        "file://host/path",
        "file:///",
        "just words",
        "https://example.com/" + "a" * 2048,
    ],
)
def test_a_repository_cannot_be_at(url: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_repo_url(url, files_allowed=True)
    assert refused.value.errors[0].field == "repo_url"
    assert refused.value.errors[0].message.endswith(".")
    assert "password@" not in refused.value.detail


def test_a_file_is_no_repository_where_machines_run_elsewhere() -> None:
    with pytest.raises(Invalid, match="on this computer"):
        checked_repo_url("file:///srv/repository", files_allowed=False)


@pytest.mark.parametrize("branch", ["main", "feature/one", "v1.2.3", "ümlaut", "a-b_c", "release-1.x"])
def test_a_branch_may_be_called(branch: str) -> None:
    assert checked_branch(branch, "https://example.com/r") == branch


@pytest.mark.parametrize(
    "branch",
    [
        "-x", "--upload-pack=x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "/a", "a/", "a//b",
        ".a", "a/.b", "a.lock", "a.lock/b", "a.", "@", "a@{1}", "HEAD", "a\x7f", "a\nb", "x" * 245, "\u202e",
    ],
)  # fmt: skip
def test_a_branch_cannot_be_called(branch: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_branch(branch, "https://example.com/r")
    assert refused.value.errors[0].field == "branch"


def test_a_branch_needs_a_repository() -> None:
    with pytest.raises(Invalid, match="needs a repository"):
        checked_branch("main", "")


def test_variables_may_be_set() -> None:
    env = {"NODE_ENV": "test", "_x1": "", "KEY": "wörter mit = und 'quotes'"}
    assert checked_env(env) == env


@pytest.mark.parametrize(
    "name",
    ["LD_PRELOAD", "ld_preload", "LD_", "BASH_ENV", "ENV", "IFS", "PATH", "GIT_SSH_COMMAND", "BASH_FUNC_x",
     "PROMPT_COMMAND", "HOME", "AETHER_X", "1A", "A-B", "", "A B", "A=B", "Ä", "A\n", "BASH_FUNC_ls%%"],
)  # fmt: skip
def test_a_variable_cannot_be_called(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_env({name: "x"})
    assert refused.value.errors[0].field == "env"


@pytest.mark.parametrize("value", ["two\nlines", "a\rb", "nul\0", "x" * 8193, "\ud800"])
def test_a_variable_cannot_be(value: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_env({"A": value})
    assert value not in refused.value.detail


def test_variables_are_bounded_in_number_and_together() -> None:
    with pytest.raises(Invalid, match="at most 100"):
        checked_env({f"A{n}": "" for n in range(101)})
    with pytest.raises(Invalid, match="together"):
        checked_env({f"A{n}": "x" * 8000 for n in range(9)})


@pytest.mark.parametrize("minutes", [0, 4, 1441, -1])
def test_idle_minutes_are_from_5_to_1440(minutes: int) -> None:
    with pytest.raises(Invalid):
        checked_idle_minutes(minutes)


def test_there_is_no_other_size() -> None:
    with pytest.raises(Invalid, match="small, medium, large"):
        checked_size("huge")
