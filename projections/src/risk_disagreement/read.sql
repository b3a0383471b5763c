-- $1 tenant, $2 programme or null, $3 role or null, $4 area or null, $5 status or null. The rows of a
-- case come one after another.
SELECT compared.case_id, programme, role, area, status, assessor_role, source_organisation, level,
       own_view, assessed_at, instrument, event_id, assessments
FROM {risk_disagreement} AS compared
JOIN {risk_view} AS view ON view.tenant_no = compared.tenant_no AND view.case_id = compared.case_id
WHERE compared.tenant_no = $1
  AND ($2 IS NULL OR programme = $2)
  AND ($3 IS NULL OR role = $3)
  AND ($4 IS NULL OR area = $4)
  AND ($5 IS NULL OR status = $5)
ORDER BY compared.case_id, place
