-- $1 tenant, $2 case.
SELECT case_id, programme, role, area, status, episode, opened_at, worker, team, risk_level,
       risk_assessed_at, risk_rule, attempts, reached, last_attempt_at, last_reached_at,
       dormant_from, review_due, open_information_requests
FROM {caseload_2}
WHERE tenant_no = $1
  AND case_id = $2
