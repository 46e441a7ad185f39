"""The way to the hosts, with a local shell in the place of ssh."""

from __future__ import annotations

from pathlib import Path

import pytest

from recette.errors import Inconclusive
from recette.shell import Completed, Remote, finish, first_line, whole_lines


class Local(Remote):
    """Runs here what ssh would run there."""

    def command(self, host: str, script: str) -> list[str]:
        return ["env", f"HOST={host}", "/bin/sh", "-c", script]


@pytest.fixture
def remote() -> Local:
    return Local(Path("unused"))


def test_ssh_gets_one_quoted_script() -> None:
    assert Remote(Path("/run/recette/jumeau/ssh_config")).command("dc1", "echo 'a b'; exit 3") == [
        "ssh",
        "-F",
        "/run/recette/jumeau/ssh_config",
        "dc1",
        """/bin/sh -c 'echo '"'"'a b'"'"'; exit 3'""",
    ]


def test_an_exit_code_is_an_answer(remote: Local) -> None:
    assert remote.run("dc1", "cat; echo wrong >&2; exit 3", stdin="données") == Completed(3, "données", "wrong\n")


def test_a_host_out_of_reach_is_inconclusive(remote: Local) -> None:
    with pytest.raises(Inconclusive, match=r"dc1 : injoignable .* \(no route\)"):
        remote.run("dc1", "echo trying >&2; echo no route >&2; exit 255")


def test_a_host_too_slow_is_inconclusive(remote: Local) -> None:
    with pytest.raises(Inconclusive, match=r"dc1 : pas de réponse en 0.05 s"):
        remote.run("dc1", "exec sleep 5", timeout_s=0.05)


def test_many_hosts_answer_in_their_order(remote: Local) -> None:
    answers = remote.map(["dc2", "dc1"], 'echo "$HOST $(cat)"', stdin=lambda host: host.upper())
    assert {host: done.stdout for host, done in answers.items()} == {"dc2": "dc2 DC2\n", "dc1": "dc1 DC1\n"}
    assert list(answers) == ["dc2", "dc1"]
    assert remote.map([], "true") == {}


def test_one_silent_host_makes_the_answer_inconclusive_unless_told_otherwise(remote: Local) -> None:
    script = '[ "$HOST" = dc1 ] || exit 255'
    with pytest.raises(Inconclusive, match=r"dc2 .* ; dc3 "):
        remote.map(["dc1", "dc2", "dc3"], script)
    assert list(remote.map(["dc1", "dc2", "dc3"], script, strict=False)) == ["dc1"]


def test_an_agent_gets_its_payload_and_answers_in_json(remote: Local) -> None:
    agent = "import json, sys\nprint(json.dumps([json.loads(sys.stdin.buffer.readline()), sys.stdin.read()]))"
    assert remote.python("dc1", agent, {"é": [1, None]}) == [{"é": [1, None]}, ""]
    assert remote.map_python(agent, {"dc1": 1, "dc2": 2}) == {"dc1": [1, ""], "dc2": [2, ""]}


def test_an_agent_that_fails_is_inconclusive(remote: Local) -> None:
    with pytest.raises(Inconclusive, match=r"dc1 : la sonde s'est arrêtée \(ValueError: bad\)"):
        remote.python("dc1", "raise ValueError('bad')", {})


def test_a_streaming_agent_lives_until_its_stdin_closes(remote: Local) -> None:
    agent = "import sys\nsys.stdin.buffer.readline()\nprint('ready', flush=True)\nsys.stdin.read()\nprint('ended')"
    process = remote.popen_python("dc1", agent, {})
    assert first_line(process, 5.0) == b"ready\n"
    assert process.poll() is None
    assert finish(process) == "sans message"
    assert process.returncode == 0
    assert finish(process) == "sans message"


def test_a_streaming_command_that_does_not_end_is_killed_and_says_why(remote: Local) -> None:
    process = remote.popen("dc1", "echo stuck >&2; exec sleep 60")
    assert finish(process, 0.2) == "stuck"
    assert process.returncode < 0


def test_a_silent_streaming_command_has_no_first_line(remote: Local) -> None:
    process = remote.popen("dc1", "cat")
    assert first_line(process, 0.05) == b""
    finish(process)


def test_a_line_cut_by_the_death_of_the_host_is_left_out(remote: Local) -> None:
    process = remote.popen("dc1", "printf 'whole\\ncut'")
    assert list(whole_lines(process)) == [b"whole\n"]
    finish(process)
