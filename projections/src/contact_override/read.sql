-- $1 tenant, $2 made from or null, $3 made before or null, $4, $5 and $6 the last override of the page
-- before (when it was made, its case, itself) or nulls, $7 limit.
SELECT case_id, event_id, programme, worker, occurred_at, precision, channel, reason, objection,
       objection_id
FROM {contact_override}
WHERE tenant_no = $1
  AND ($2 IS NULL OR occurred_at >= $2)
  AND ($3 IS NULL OR occurred_at < $3)
  AND ($4 IS NULL OR (occurred_at, case_id, event_id) < ($4, $5, $6))
ORDER BY occurred_at DESC, case_id DESC, event_id DESC
LIMIT $7
