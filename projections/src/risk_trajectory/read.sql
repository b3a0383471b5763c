-- $1 tenant, $2 programme or null, $3 role or null, $4 area or null, $5 the date asked about. The
-- order is of no matter.
SELECT case_id, place, programme, role, area, from_at, until_at, since, level, event_id,
       is_assessment, level_before, is_first, is_first_at_level
FROM {risk_stretch}
WHERE tenant_no = $1
  AND ($2 IS NULL OR programme = $2)
  AND ($3 IS NULL OR role = $3)
  AND ($4 IS NULL OR area = $4)
  AND from_at <= $5
