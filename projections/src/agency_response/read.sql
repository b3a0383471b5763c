-- $1 tenant, $2 programme or null, $3 agency or null, $4 made from or null, $5 made before or null,
-- $6 limit. The order is of no matter: all are counted, or none.
SELECT case_id, request_id, programme, worker, agency, what, requested_at, due_at, chases,
       last_chased_at, escalations, outcome, ended_at
FROM {agency_request}
WHERE tenant_no = $1
  AND ($2 IS NULL OR programme = $2)
  AND ($3 IS NULL OR agency = $3)
  AND ($4 IS NULL OR requested_at >= $4)
  AND ($5 IS NULL OR requested_at < $5)
LIMIT $6
