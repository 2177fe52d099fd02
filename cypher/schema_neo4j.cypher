// What a Neo4j server has beside the schema of every store; one statement up to each semicolon.

CREATE CONSTRAINT load_dataset IF NOT EXISTS FOR (n:MindgraphLoad) REQUIRE n.dataset IS UNIQUE;
CREATE INDEX triple_id IF NOT EXISTS FOR ()-[r:HAS_INTENTION]-() ON (r.id);
CREATE FULLTEXT INDEX intention_text IF NOT EXISTS FOR (n:Intention) ON EACH [n.text];
CREATE FULLTEXT INDEX product_title IF NOT EXISTS FOR (n:Product) ON EACH [n.title];
