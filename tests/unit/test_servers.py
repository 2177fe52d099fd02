"""The tests' own Neo4j is a real one, of both generations."""

from __future__ import annotations

from tests.servers import GENERATIONS, Server


def test_the_server_is_of_the_generation_that_was_asked_for(neo4j_server: Server):
    """Bolt answers, and the server names its version: 5.26 or a calendar version."""
    with neo4j_server.driver() as driver:
        agent = driver.get_server_info().agent
    assert agent.startswith(("Neo4j/5.26.", "Neo4j/2026."))


def test_a_test_begins_with_an_empty_database(neo4j_server: Server, neo4j_empty: Server):
    """Nodes, constraints and indexes of the test before are gone."""
    with neo4j_empty.driver() as driver:
        driver.execute_query("CREATE CONSTRAINT one FOR (n:Thing) REQUIRE n.id IS UNIQUE")
        nodes = driver.execute_query("MATCH (n) RETURN count(n) AS nodes").records[0]["nodes"]
    assert nodes == 0


def test_both_generations_are_named():
    """The floor is the long-term release 5.26, the ceiling a calendar version."""
    assert [g.version.split(".")[0] for g in GENERATIONS.values()] == ["5", "2026"]
