// What must be unique, and what is looked up: read by every store, one statement up to each semicolon.

CREATE CONSTRAINT product_key IF NOT EXISTS FOR (n:Product) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT intention_id IF NOT EXISTS FOR (n:Intention) REQUIRE n.id IS UNIQUE;
CREATE CONSTRAINT cobuy_key IF NOT EXISTS FOR (n:CoBuy) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT cluster_key IF NOT EXISTS FOR (n:IntentionCluster) REQUIRE n.key IS UNIQUE;
CREATE CONSTRAINT generator_id IF NOT EXISTS FOR (n:Generator) REQUIRE n.id IS UNIQUE;
CREATE INDEX product_id IF NOT EXISTS FOR (n:Product) ON (n.id);
