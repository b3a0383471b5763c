-- $1 tenant; then one array per column.
INSERT INTO engagement_timeline AS present (
    tenant_no, case_id, position, event_id, type, schema_version, occurred_at, precision,
    recorded_at, data, corrected_by, retracted_by
)
SELECT $1, given.*
FROM unnest(
    $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::smallint[], $7::timestamptz[],
    $8::text[], $9::timestamptz[], $10::text[], $11::uuid[], $12::uuid[]
) AS given
ON CONFLICT (tenant_no, case_id, position) DO UPDATE
SET schema_version = excluded.schema_version,
    occurred_at = excluded.occurred_at,
    precision = excluded.precision,
    data = excluded.data,
    corrected_by = excluded.corrected_by,
    retracted_by = excluded.retracted_by
