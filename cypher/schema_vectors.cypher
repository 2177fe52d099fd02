// What finds intentions and purposes by their vectors, where a Neo4j server is given them.
// One statement up to each semicolon; $dimensions is how long the vectors are.

CREATE VECTOR INDEX intention_vector IF NOT EXISTS FOR (n:Intention) ON (n.vector)
OPTIONS {indexConfig: {`vector.dimensions`: $dimensions, `vector.similarity_function`: 'cosine'}};
CREATE VECTOR INDEX purpose_vector IF NOT EXISTS FOR (n:IntentionCluster) ON (n.vector)
OPTIONS {indexConfig: {`vector.dimensions`: $dimensions, `vector.similarity_function`: 'cosine'}};
