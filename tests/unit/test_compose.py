"""docker-compose.yml is what it says, told without an engine."""

from __future__ import annotations

import re
from typing import Any

import compose_spec
import pytest
import yaml

from tests.needs import ROOT
from tests.servers import GENERATIONS

TEXT = (ROOT / "docker-compose.yml").read_text()


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services by name."""
    found: dict[str, Any] = yaml.safe_load(TEXT)["services"]
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
    assert "NEO4J_AUTH=" not in TEXT


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
    whole = yaml.safe_load(TEXT)
    mounted = {v.split(":")[0] for s in whole["services"].values() for v in s["volumes"]}
    assert {name for name in mounted if not name.startswith(".")} == set(whole["volumes"])


def test_the_file_keeps_to_the_compose_specification():
    """A reader of the specification, which refuses what it does not know, takes every line of it."""
    assert compose_spec.PyCompose.from_yaml(TEXT).service_names() == ["neo4j", "vllm"]


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("healthcheck:", "healtcheck:"),
        ("profiles: [gpu]", "profiles: gpu"),
        ("127.0.0.1:7474:7474", "127.0.0.1:http:7474"),
        ("interval: 10s", "interval: soon"),
    ],
)
def test_a_slip_in_the_file_would_be_found(right: str, wrong: str):
    """The reader names the place of a misspelt key, a wrong type, a wrong port, a wrong duration."""
    assert right in TEXT
    with pytest.raises(ValueError, match="services"):
        compose_spec.PyCompose.from_yaml(TEXT.replace(right, wrong, 1))
