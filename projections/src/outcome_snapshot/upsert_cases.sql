-- $1 tenant; then one array per column.
INSERT INTO outcome_case AS present (tenant_no, case_id, programme, role, area, is_accepted)
SELECT $1, given.*
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[]) AS given
ON CONFLICT (tenant_no, case_id) DO UPDATE
SET programme = excluded.programme,
    role = excluded.role,
    area = excluded.area,
    is_accepted = excluded.is_accepted
WHERE (present.programme, present.role, present.area, present.is_accepted)
    IS DISTINCT FROM (excluded.programme, excluded.role, excluded.area, excluded.is_accepted)
