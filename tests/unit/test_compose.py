"""docker-compose.yml is what it says, told without an engine."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

import pytest
import yaml

from tests.needs import ROOT
from tests.servers import GENERATIONS


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services by name."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    return found


def test_neo4j_is_the_pinned_release_that_is_tested(services: dict[str, Any]):
    """The long-term release, community edition, and no floating tag anywhere."""
    assert services["neo4j"]["image"] == GENERATIONS["5"].image
    assert all(re.search(r":v?\d+\.\d+\.\d+", service["image"]) for service in services.values())


def test_healthy_means_that_bolt_answers(services: dict[str, Any]):
    """A statement is asked over Bolt with the password of the environment, which compose leaves alone."""
    _, command = services["neo4j"]["healthcheck"]["test"]
    assert "cypher-shell -a bolt://" in command
    assert "RETURN 1" in command
    assert "$${NEO4J_AUTH#*/}" in command


def test_the_password_stands_in_a_file_that_is_not_committed(services: dict[str, Any]):
    """The example names user and password; the real file is ignored by git; nothing else holds one."""
    assert services["neo4j"]["env_file"] == "neo4j.env"
    assert re.search(r"^NEO4J_AUTH=neo4j/\S{8,}$", (ROOT / "neo4j.env.example").read_text(), re.M)
    assert "neo4j.env" in (ROOT / ".gitignore").read_text().split()
    assert "NEO4J_AUTH=" not in (ROOT / "docker-compose.yml").read_text()


def test_ports_are_on_loopback_and_memory_and_import_folder_are_set(services: dict[str, Any]):
    """Nobody else on the network reaches the servers."""
    assert all(port.startswith("127.0.0.1:") for s in services.values() for port in s["ports"])
    assert "./neo4j-import:/import" in services["neo4j"]["volumes"]
    names = services["neo4j"]["environment"]
    assert {name for name in names if "memory" in name} == {
        "NEO4J_server_memory_heap_initial__size",
        "NEO4J_server_memory_heap_max__size",
        "NEO4J_server_memory_pagecache_size",
    }


def test_the_model_server_waits_for_its_profile(services: dict[str, Any]):
    """Without `--profile gpu` only Neo4j starts; with it a card is asked for and two pictures may come."""
    assert services["vllm"]["profiles"] == ["gpu"]
    assert "profiles" not in services["neo4j"]
    assert '{"image": 2}' in services["vllm"]["command"]


def test_named_volumes_are_declared():
    """What a service mounts by name is listed below."""
    whole = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    mounted = {v.split(":")[0] for s in whole["services"].values() for v in s["volumes"]}
    assert {name for name in mounted if not name.startswith(".")} == set(whole["volumes"])


def test_compose_itself_finds_nothing_wrong(tmp_path):
    """Where the client has compose, it reads the file; else the checks above must do."""
    asked = shutil.which("docker") and subprocess.run(
        ["docker", "compose", "version"], capture_output=True, check=False
    )
    if not asked or asked.returncode:
        pytest.skip("docker: the client has no compose")
    for name in ("docker-compose.yml", "neo4j.env.example"):
        (tmp_path / name.removesuffix(".example")).write_text((ROOT / name).read_text())
    done = subprocess.run(
        ["docker", "compose", "--profile", "gpu", "config", "-q"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
