-- $1 tenant, $2 programme, $3 measure, $4 and $5 the stages, $6 instrument or null, $7 role or null,
-- $8 area or null, $9 limit.
WITH latest AS (
    SELECT DISTINCT ON (case_id, stage) case_id, stage, value, missing,
           -- Of no meaning without a value: left out, so that the counts do not split by it.
           CASE WHEN value IS NOT NULL THEN instrument END AS instrument
    FROM {outcome_value}
    WHERE tenant_no = $1
      AND key = $3
      AND stage IN ($4, $5)
      AND ($6 IS NULL OR instrument = $6)
    ORDER BY case_id, stage, occurred_at DESC, position DESC
)
SELECT first.value AS from_value,
       first.missing AS from_missing,
       first.instrument AS from_instrument,
       second.value AS to_value,
       second.missing AS to_missing,
       second.instrument AS to_instrument,
       count(*) AS cases
FROM {outcome_case} AS cohort
LEFT JOIN latest AS first ON first.case_id = cohort.case_id AND first.stage = $4
LEFT JOIN latest AS second ON second.case_id = cohort.case_id AND second.stage = $5
WHERE cohort.tenant_no = $1
  AND cohort.programme = $2
  AND cohort.is_accepted
  AND ($7 IS NULL OR cohort.role = $7)
  AND ($8 IS NULL OR cohort.area = $8)
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2, 3, 4, 5, 6
LIMIT $9
