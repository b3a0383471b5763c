-- $1 tenant, $2 the first moment asked about, $3 the last, $4 programme or null, $5 team or null,
-- $6 worker or null. The order is of no matter.
SELECT case_id, from_at, until_at, programme, worker, team, is_high_risk, dormant_from
FROM {workload_stretch}
WHERE tenant_no = $1
  AND (until_at IS NULL OR until_at > $2)
  AND from_at <= $3
  AND ($4 IS NULL OR programme = $4)
  AND ($5 IS NULL OR team = $5)
  AND ($6 IS NULL OR worker = $6)
