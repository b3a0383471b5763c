-- Without a pointer, readers are answered from build 0 in the tables that tenants share. Once another
-- build was switched to, build 0 may be dropped, and its rows are then deleted little by little: they
-- must never be read as live again. So nobody takes a pointer away.
REVOKE DELETE ON projection_live FROM throughline_service;
