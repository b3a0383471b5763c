-- $1 tenant, $2 programme, $3 role or null, $4 area or null, $5 source or null, $6 received from or
-- null, $7 received before or null, $8 limit. The order is of no matter: all are counted, or none.
SELECT case_id, programme, programme_version, criteria_version, role, area, source, received_at,
       latest_incident_at, decision, decline_reason, decided_at, first_attempt_at, first_reached_at
FROM {referral_pipeline_2}
WHERE tenant_no = $1
  AND programme = $2
  AND ($3 IS NULL OR role = $3)
  AND ($4 IS NULL OR area = $4)
  AND ($5 IS NULL OR source = $5)
  AND ($6 IS NULL OR received_at >= $6)
  AND ($7 IS NULL OR received_at < $7)
LIMIT $8
