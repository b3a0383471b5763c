-- $1 tenant; then one array per column. A row never goes back to an earlier position.
INSERT INTO caseload AS present (
    tenant_no, case_id, position, programme, role, area, status, episode, opened_at, worker, team,
    risk_level, risk_assessed_at, attempts, reached, last_attempt_at, last_reached_at, dormant_from,
    review_due, open_information_requests
)
SELECT $1, given.*
FROM unnest(
    $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[],
    $9::timestamptz[], $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::int[],
    $15::int[], $16::timestamptz[], $17::timestamptz[], $18::timestamptz[], $19::timestamptz[],
    $20::int[]
) AS given
ON CONFLICT (tenant_no, case_id) DO UPDATE
SET position = excluded.position,
    programme = excluded.programme,
    role = excluded.role,
    area = excluded.area,
    status = excluded.status,
    episode = excluded.episode,
    opened_at = excluded.opened_at,
    worker = excluded.worker,
    team = excluded.team,
    risk_level = excluded.risk_level,
    risk_assessed_at = excluded.risk_assessed_at,
    attempts = excluded.attempts,
    reached = excluded.reached,
    last_attempt_at = excluded.last_attempt_at,
    last_reached_at = excluded.last_reached_at,
    dormant_from = excluded.dormant_from,
    review_due = excluded.review_due,
    open_information_requests = excluded.open_information_requests
WHERE present.position < excluded.position
