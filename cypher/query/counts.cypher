// How many of everything are there?
//
// Columns:
//   kind: node or relationship
//   name: the label or the type
//   count: how many
UNWIND [
  {kind: 'node', name: 'Product', count: COUNT { (:Product) }},
  {kind: 'node', name: 'Intention', count: COUNT { (:Intention) }},
  {kind: 'node', name: 'CoBuy', count: COUNT { (:CoBuy) }},
  {kind: 'node', name: 'IntentionCluster', count: COUNT { (:IntentionCluster) }},
  {kind: 'node', name: 'Generator', count: COUNT { (:Generator) }},
  {kind: 'relationship', name: 'OF', count: COUNT { ()-[:OF]->() }},
  {kind: 'relationship', name: 'HAS_INTENTION', count: COUNT { ()-[:HAS_INTENTION]->() }},
  {kind: 'relationship', name: 'BOUGHT_FOR', count: COUNT { ()-[:BOUGHT_FOR]->() }},
  {kind: 'relationship', name: 'CO_BOUGHT', count: COUNT { ()-[:CO_BOUGHT]->() }},
  {kind: 'relationship', name: 'IN_CLUSTER', count: COUNT { ()-[:IN_CLUSTER]->() }},
  {kind: 'relationship', name: 'PART_OF', count: COUNT { ()-[:PART_OF]->() }},
  {kind: 'relationship', name: 'SERVES', count: COUNT { ()-[:SERVES]->() }}
] AS row
RETURN row.kind AS kind, row.name AS name, row.count AS count
ORDER BY kind, name
