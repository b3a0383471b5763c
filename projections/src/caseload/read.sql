-- $1 tenant, $2 worker or null, $3 the date asked about, $4 the last case of the page before or
-- null, $5 limit. One statement, so that totals and page are of one moment. An empty page is one
-- row, of totals alone.
WITH totals AS (
    SELECT count(*) AS open,
           count(*) FILTER (WHERE dormant_from <= $3) AS dormant,
           count(*) FILTER (WHERE risk_level = 'high') AS high_risk,
           count(*) FILTER (WHERE review_due < $3) AS reviews_overdue
    FROM {caseload_2}
    WHERE tenant_no = $1
      AND status = 'open'
      AND ($2 IS NULL OR worker = $2)
),
page AS (
    SELECT case_id, programme, role, area, status, episode, opened_at, worker, team, risk_level,
           risk_assessed_at, risk_rule, attempts, reached, last_attempt_at, last_reached_at,
           dormant_from, review_due, open_information_requests
    FROM {caseload_2}
    WHERE tenant_no = $1
      AND status = 'open'
      AND ($2 IS NULL OR worker = $2)
      AND ($4 IS NULL OR case_id > $4)
    ORDER BY case_id
    LIMIT $5
)
SELECT open, dormant, high_risk, reviews_overdue,
       case_id, programme, role, area, status, episode, opened_at, worker, team, risk_level,
       risk_assessed_at, risk_rule, attempts, reached, last_attempt_at, last_reached_at,
       dormant_from, review_due, open_information_requests
FROM totals LEFT JOIN page ON true
ORDER BY case_id
