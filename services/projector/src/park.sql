-- $1 tenant, $2 projection, $3 stream, $4 the event that cannot be taken, $5 why.
INSERT INTO projection_parked (tenant_no, projection, stream_id, position, error_class)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_no, projection, stream_id) DO NOTHING
