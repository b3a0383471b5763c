-- $1 tenant; then one array per column.
INSERT INTO outcome_value AS present (
    tenant_no, case_id, instrument, key, stage, value, missing, occurred_at, position
)
SELECT $1, given.*
FROM unnest(
    $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::timestamptz[],
    $9::bigint[]
) AS given
ON CONFLICT (tenant_no, case_id, instrument, key, stage) DO UPDATE
SET value = excluded.value,
    missing = excluded.missing,
    occurred_at = excluded.occurred_at,
    position = excluded.position
WHERE (present.value, present.missing, present.occurred_at, present.position)
    IS DISTINCT FROM (excluded.value, excluded.missing, excluded.occurred_at, excluded.position)
