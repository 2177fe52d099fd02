-- What finds intentions and purposes by their vectors, where the embedded graph is given them: after the rows.
-- $dimensions is how long the vectors are.

CREATE INDEX intention_vector ON Intention (vector) LSM_VECTOR METADATA {dimensions: $dimensions, similarity: 'COSINE'};
CREATE INDEX purpose_vector ON IntentionCluster (vector) LSM_VECTOR METADATA {dimensions: $dimensions, similarity: 'COSINE'};
