-- $1 tenant, $2 programme or null, $3 role or null, $4 area or null, $5 status or null, $6 and $7 the
-- last case of the page before (since when it stands so, and itself) or nulls, $8 limit. The rows of a
-- case come one after another.
WITH page AS (
    SELECT case_id, programme, role, area, status, since
    FROM {risk_disagreement}
    WHERE tenant_no = $1
      AND (levels_differ OR person_disagrees)
      AND ($2 IS NULL OR programme = $2)
      AND ($3 IS NULL OR role = $3)
      AND ($4 IS NULL OR area = $4)
      AND ($5 IS NULL OR status = $5)
      AND ($6 IS NULL OR (since, case_id) > ($6, $7))
    ORDER BY since, case_id
    LIMIT $8
)
SELECT page.case_id, programme, role, area, status, assessor_role, source_organisation, level,
       own_view, assessed_at, instrument, event_id, assessments
FROM page
JOIN {risk_view} AS view ON view.tenant_no = $1 AND view.case_id = page.case_id
ORDER BY since, page.case_id, place
