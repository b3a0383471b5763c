-- $1 tenant, $2 projection, $3 version, $4 stream, $5 the event that cannot be taken, $6 why.
INSERT INTO projection_parked (tenant_no, projection, version, stream_id, position, error_class)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (tenant_no, projection, version, build, stream_id) DO NOTHING
