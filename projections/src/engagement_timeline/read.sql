-- $1 tenant, $2 case, $3 and $4 the time and position of the last entry of the page before or null,
-- $5 limit; $6 the types that periods are laid out from, $7 the most of them. One statement, so that
-- page and periods are of one moment.
SELECT is_page, position, event_id, type, schema_version, occurred_at, precision, recorded_at,
       data, corrected_by, retracted_by
FROM (
    (
        SELECT true AS is_page, position, event_id, type, schema_version, occurred_at, precision,
               recorded_at, data, corrected_by, retracted_by
        FROM {engagement_timeline}
        WHERE tenant_no = $1
          AND case_id = $2
          AND ($3 IS NULL OR (occurred_at, position) > ($3, $4))
        ORDER BY occurred_at, position
        LIMIT $5
    )
    UNION ALL
    (
        SELECT false, position, event_id, type, schema_version, occurred_at, precision,
               recorded_at, data, corrected_by, retracted_by
        FROM {engagement_timeline}
        WHERE tenant_no = $1
          AND case_id = $2
          AND type = ANY($6)
          AND retracted_by IS NULL
        ORDER BY occurred_at, position
        LIMIT $7
    )
) AS entry
ORDER BY is_page, occurred_at, position
