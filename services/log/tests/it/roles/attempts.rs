//! What the service may do, and everything else that is tried.

use throughline_log::SERVICE_ROLE;
use tokio_postgres::{Client, Row};

/// Every table there is, and what the service may do to it. A new table, or a new privilege, is a
/// line here; `UPDATE` alone means every column.
pub(super) const PERMITTED: &[(&str, &[&str])] = &[
    ("agency_request", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("caseload", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("caseload_2", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("contact_override", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("engagement_timeline", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("event", &["INSERT", "SELECT"]),
    ("idempotency_key", &["DELETE", "INSERT", "SELECT"]),
    ("link_follower", &["INSERT", "SELECT", "UPDATE"]),
    (
        "log_head",
        &[
            "INSERT",
            "SELECT",
            "UPDATE (hash)",
            "UPDATE (position)",
            "UPDATE (recorded_at)",
            "UPDATE (streams)",
        ],
    ),
    ("operator_answer", &["DELETE", "INSERT", "SELECT"]),
    ("outcome_case", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("outcome_value", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("projection_audit", &["INSERT", "SELECT"]),
    ("projection_checkpoint", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("projection_live", &["INSERT", "SELECT", "UPDATE"]),
    ("projection_parked", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("projection_rebuild", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("projection_rebuild_slice", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("projection_table", &["SELECT"]),
    ("projection_verification", &["INSERT", "SELECT", "UPDATE"]),
    ("projector", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("referral_pipeline", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("referral_pipeline_2", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("refinery_schema_history", &["SELECT"]),
    ("risk_disagreement", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("risk_stretch", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("risk_view", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("stream", &["INSERT", "SELECT"]),
    ("stream_key", &["INSERT", "SELECT"]),
    ("tenant", &["INSERT", "SELECT", "UPDATE (state)"]),
    ("tenant_key", &["INSERT", "SELECT"]),
    ("workload_contact", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
    ("workload_stretch", &["DELETE", "INSERT", "SELECT", "UPDATE"]),
];

/// The functions with which the service does what only their owner may, such as
/// `erase(integer)`.
pub(super) const LENT: &[&str] = &[
    "log_destroy_stream_keys(integer,uuid)",
    "projection_drop_tables(text,integer,integer,integer)",
    "projection_index_tables(text,integer,integer,integer)",
    "projection_make_tables(text,integer,integer,integer)",
];

/// What is not about one table. None of it may be done.
pub(super) const NEVER: &[&str] = &[
    "CREATE TABLE mine (n int)",
    "CREATE TEMPORARY TABLE event (n int)",
    "CREATE VIEW mine AS SELECT 1 AS n",
    "CREATE SEQUENCE mine",
    "CREATE SCHEMA mine",
    "CREATE TYPE mine AS ENUM ('a')",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION mine()",
    "CREATE PUBLICATION mine",
    "CREATE OR REPLACE FUNCTION log_refuse() RETURNS trigger LANGUAGE plpgsql AS \
     'BEGIN RETURN OLD; END'",
    "CREATE OR REPLACE FUNCTION log_head_keep() RETURNS trigger LANGUAGE plpgsql AS \
     'BEGIN RETURN NEW; END'",
    "ALTER FUNCTION tenant_keep() RENAME TO gone",
    "DROP FUNCTION log_refuse() CASCADE",
    "DROP FUNCTION log_head_keep() CASCADE",
    "DROP FUNCTION tenant_keep() CASCADE",
    "DROP TRIGGER event_refuse_change ON event",
    "DROP TRIGGER log_head_keep ON log_head",
    "DROP SCHEMA public CASCADE",
    "ALTER SCHEMA public RENAME TO gone",
    "SET session_replication_role = replica",
    "ALTER SYSTEM SET fsync = off",
    "ALTER ROLE throughline_service SUPERUSER",
    "ALTER ROLE throughline_service LOGIN",
    "CREATE ROLE mine",
    "GRANT pg_write_all_data TO throughline_service",
    "GRANT pg_execute_server_program TO throughline_service",
    "SET ROLE pg_write_all_data",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/throughline-mine'",
    "SELECT pg_read_file('postgresql.conf')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_reload_conf()",
    "SELECT pg_switch_wal()",
    "UPDATE pg_trigger SET tgenabled = 'D'",
    "UPDATE pg_class SET relacl = NULL",
    "DELETE FROM pg_trigger",
    "DO $$ BEGIN EXECUTE 'DELETE FROM event'; END $$",
    "WITH gone AS (DELETE FROM event RETURNING position) SELECT count(*) FROM gone",
];

/// What PostgreSQL answers with a warning, and does not do.
pub(super) const WITHOUT_EFFECT: &[&str] = &[
    "GRANT ALL ON event TO throughline_service",
    "GRANT UPDATE, DELETE, TRUNCATE ON event, stream, stream_key TO PUBLIC",
    "REVOKE ALL ON event FROM throughline_service",
    "GRANT CREATE ON SCHEMA public TO throughline_service",
    "VACUUM FULL event",
    "VACUUM FULL log_head",
    "ANALYZE event",
];

/// A table as the catalog has it.
pub(super) struct Table {
    name: String,
    primary_key: String,
    columns: Vec<String>,
}

impl Table {
    fn may(&self, privilege: &str) -> bool {
        let (_, permitted) = PERMITTED.iter().find(|(name, _)| *name == self.name).unwrap();
        permitted.contains(&privilege)
    }

    fn may_update(&self, column: &str) -> bool {
        self.may("UPDATE") || self.may(&format!("UPDATE ({column})"))
    }

    /// Statements that change no row, each with whether it is permitted.
    pub(super) fn statements(&self) -> Vec<(String, bool)> {
        let Self { name, primary_key, columns } = self;
        let none =
            format!("INSERT INTO {name} OVERRIDING SYSTEM VALUE SELECT * FROM {name} WHERE false");
        let some_update = columns.iter().any(|column| self.may_update(column));
        let mut statements = vec![
            (format!("SELECT * FROM {name} WHERE false"), self.may("SELECT")),
            (none.clone(), self.may("INSERT")),
            (format!("DELETE FROM {name} WHERE false"), self.may("DELETE")),
            (
                format!("MERGE INTO {name} USING (SELECT 1) s ON false WHEN MATCHED THEN DELETE"),
                self.may("DELETE"),
            ),
            (format!("TRUNCATE {name}"), self.may("TRUNCATE")),
            (format!("SELECT * FROM {name} WHERE false FOR UPDATE"), some_update),
            (format!("SELECT * FROM {name} WHERE false FOR SHARE"), some_update),
            (
                format!("BEGIN; LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE; ROLLBACK"),
                self.may("UPDATE") || self.may("DELETE"),
            ),
        ];
        for column in columns {
            let may = self.may_update(column);
            let set = format!("SET {column} = DEFAULT");
            statements.push((format!("UPDATE {name} {set} WHERE false"), may));
            statements.push((
                format!("{none} ON CONFLICT ON CONSTRAINT {primary_key} DO UPDATE {set}"),
                may && self.may("INSERT"),
            ));
            statements.push((
                format!(
                    "MERGE INTO {name} USING (SELECT 1) s ON false WHEN MATCHED THEN UPDATE {set}"
                ),
                may,
            ));
            statements.push((format!("ALTER TABLE {name} DROP COLUMN {column}"), false));
            statements.push((format!("ALTER TABLE {name} ALTER {column} DROP NOT NULL"), false));
        }
        let first = &columns[0];
        let definitions = [
            format!("ALTER TABLE {name} DISABLE TRIGGER ALL"),
            format!("ALTER TABLE {name} DISABLE TRIGGER USER"),
            format!("ALTER TABLE {name} DROP CONSTRAINT {primary_key}"),
            format!("ALTER TABLE {name} ADD COLUMN mine int"),
            format!("ALTER TABLE {name} ADD CONSTRAINT mine CHECK (false) NOT VALID"),
            format!("ALTER TABLE {name} RENAME TO mine"),
            format!("ALTER TABLE {name} OWNER TO {SERVICE_ROLE}"),
            format!("ALTER TABLE {name} SET UNLOGGED"),
            format!("ALTER TABLE {name} SET (fillfactor = 100)"),
            format!("ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"),
            format!("ALTER TABLE {name} REPLICA IDENTITY NOTHING"),
            format!("DROP TABLE {name} CASCADE"),
            format!("DROP INDEX {primary_key}"),
            format!("CREATE INDEX ON {name} ({first})"),
            format!(
                "CREATE TRIGGER mine BEFORE UPDATE ON {name} FOR EACH ROW \
                 EXECUTE FUNCTION suppress_redundant_updates_trigger()"
            ),
            format!("CREATE RULE mine AS ON INSERT TO {name} DO INSTEAD NOTHING"),
            format!("CREATE POLICY mine ON {name} USING (false)"),
            format!("COMMENT ON TABLE {name} IS 'mine'"),
            format!("REINDEX TABLE {name}"),
            format!("CLUSTER {name} USING {primary_key}"),
            format!("COPY {name} FROM PROGRAM 'true'"),
            format!("COPY {name} FROM '/dev/null'"),
            format!("COPY {name} TO PROGRAM 'cat'"),
        ];
        statements.extend(definitions.into_iter().map(|sql| (sql, false)));
        statements
    }
}

pub(super) async fn tables(client: &Client) -> Vec<Table> {
    let sql =
        "SELECT c.relname::text, k.conname::text, array_agg(a.attname::text ORDER BY a.attnum)
               FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                    AND NOT a.attisdropped
               JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
               WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
               GROUP BY c.relname, k.conname ORDER BY c.relname";
    let rows = client.query(sql, &[]).await.unwrap();
    let table =
        |row: &Row| Table { name: row.get(0), primary_key: row.get(1), columns: row.get(2) };
    rows.iter().map(table).collect()
}
