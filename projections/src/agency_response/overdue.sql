-- $1 tenant, $2 programme or null, $3 agency or null, $4 worker or null, $5 the date asked about,
-- $6, $7 and $8 the last request of the page before (when it was due, its case, itself) or nulls,
-- $9 limit.
SELECT case_id, request_id, programme, worker, agency, what, requested_at, due_at, chases,
       last_chased_at, escalations, outcome, ended_at
FROM {agency_request}
WHERE tenant_no = $1
  AND outcome = 'open'
  AND due_at < $5
  AND ($2 IS NULL OR programme = $2)
  AND ($3 IS NULL OR agency = $3)
  AND ($4 IS NULL OR worker = $4)
  AND ($6 IS NULL OR (due_at, case_id, request_id) > ($6, $7, $8))
ORDER BY due_at, case_id, request_id
LIMIT $9
