-- Values that the touched cases no longer have. $1 tenant, $2 the touched cases; then the keys that
-- stay, one array per column.
DELETE FROM outcome_value AS present
WHERE present.tenant_no = $1
  AND present.case_id = ANY($2)
  AND NOT EXISTS (
      SELECT
      FROM unnest($3::uuid[], $4::text[], $5::text[], $6::text[])
          AS stays (case_id, instrument, key, stage)
      WHERE (stays.case_id, stays.instrument, stays.key, stays.stage)
          = (present.case_id, present.instrument, present.key, present.stage)
  )
