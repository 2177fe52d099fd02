// Which intentions stand for the most wordings?
//
// Parameters:
//   limit (integer, default 20): rows at most
// Columns:
//   intention: the wording that was kept
//   merged: how many others were merged into it
//   wordings: those others
//   intention_id: the intention, for `mindgraph explain`
MATCH (i:Intention)
WHERE size(i.variants) > 0
RETURN i.text AS intention, size(i.variants) AS merged, i.variants AS wordings, i.id AS intention_id
ORDER BY merged DESC, intention_id
LIMIT $limit
