//! The role that the service works as may do what is listed in `attempts`, and nothing else.

mod attempts;
mod login;

use std::collections::BTreeSet;

use throughline_log::{LogError, SERVICE_ROLE, Verified, pool};
use tokio_postgres::Client;

use self::attempts::{LENT, NEVER, PERMITTED, WITHOUT_EFFECT, tables};
use self::login::Login;
use crate::support::{Fixture, a_case, an_event, command, sealing, write};

/// All that could be altered about the database: privileges, columns, constraints, triggers,
/// functions, rules, policies, the files of the tables, roles; and the rows of the log.
const FINGERPRINT: &str = "
    SELECT md5(concat_ws('|',
        (SELECT string_agg(concat_ws(' ', oid, relname, relacl, relowner, relkind, relpersistence,
            reloptions, relrowsecurity, relfilenode, relnatts), ',' ORDER BY oid)
         FROM pg_class WHERE relnamespace = 'public'::regnamespace),
        (SELECT string_agg(concat_ws(' ', attrelid, attname, atttypid, attnotnull, attacl,
            attisdropped), ',' ORDER BY attrelid, attnum) FROM pg_attribute WHERE attrelid IN
            (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)),
        (SELECT string_agg(pg_get_constraintdef(oid), ',' ORDER BY oid) FROM pg_constraint),
        (SELECT string_agg(concat_ws(' ', tgrelid, tgname, tgenabled, tgfoid), ',' ORDER BY oid)
         FROM pg_trigger),
        (SELECT string_agg(concat_ws(' ', proname, prosrc, proacl, proowner), ',' ORDER BY oid)
         FROM pg_proc WHERE pronamespace = 'public'::regnamespace),
        (SELECT string_agg(concat_ws(' ', nspname, nspacl, nspowner), ',' ORDER BY oid)
         FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp'),
        (SELECT count(*) FROM pg_rewrite), (SELECT count(*) FROM pg_policy),
        (SELECT string_agg(m::text, ',' ORDER BY m::text) FROM pg_auth_members m
         WHERE roleid = 'throughline_service'::regrole AND member = 'throughline_service'::regrole
            OR member = 'throughline_service'::regrole),
        (SELECT concat_ws(' ', rolsuper, rolcanlogin, rolcreaterole, rolcreatedb) FROM pg_roles
         WHERE rolname = 'throughline_service'),
        (SELECT string_agg(e::text, ',' ORDER BY e::text) FROM event e),
        (SELECT string_agg(s::text, ',' ORDER BY s::text) FROM stream s),
        (SELECT string_agg(k::text, ',' ORDER BY k::text) FROM stream_key k),
        (SELECT string_agg(k::text, ',' ORDER BY k::text) FROM tenant_key k),
        (SELECT string_agg(t::text, ',' ORDER BY t::text) FROM tenant t),
        (SELECT string_agg(h::text, ',' ORDER BY h::text) FROM log_head h)))";

async fn fingerprint(client: &Client) -> String {
    client.query_one(FINGERPRINT, &[]).await.unwrap().get(0)
}

/// The server's answer to a statement. A transaction it may have begun is over afterwards.
async fn answer(client: &Client, statement: &str) -> Result<(), String> {
    let answer = client.batch_execute(statement).await;
    client.batch_execute("ROLLBACK").await.unwrap();
    answer.map_err(|error| error.code().map_or(String::new(), |code| code.code().to_owned()))
}

#[track_caller]
fn assert_refused(answer: &Result<(), String>, statement: &str) {
    assert_eq!(*answer, Err("42501".to_owned()), "{statement}");
}

/// A tenant with a case and something sealed.
async fn a_log() -> Fixture {
    let fixture = Fixture::live().await;
    fixture.append(command([write(a_case(), 0, vec![an_event(), sealing("text")])])).await;
    fixture
}

#[tokio::test]
async fn every_table_and_every_privilege_is_decided() {
    let fixture = Fixture::live().await;
    let client = fixture.client().await;
    let sql = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
               AND relkind NOT IN ('i', 'I', 'S', 't') ORDER BY relname";
    let rows = client.query(sql, &[]).await.unwrap();
    let found: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let known: BTreeSet<String> = PERMITTED.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(found, known, "a table is permitted nothing until it is listed here");

    let sql = "
        SELECT c.relname::text, p.privilege_type FROM pg_class c, aclexplode(c.relacl) p
        WHERE c.relnamespace = 'public'::regnamespace
          AND p.grantee IN (0, 'throughline_service'::regrole)
        UNION ALL
        SELECT c.relname::text, p.privilege_type || ' (' || a.attname || ')'
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) p
        WHERE c.relnamespace = 'public'::regnamespace
          AND p.grantee IN (0, 'throughline_service'::regrole)";
    let granted: BTreeSet<(String, String)> =
        client.query(sql, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1))).collect();
    let listed = PERMITTED.iter().flat_map(|(name, privileges)| {
        privileges.iter().map(|privilege| ((*name).to_owned(), (*privilege).to_owned()))
    });
    assert_eq!(granted, listed.collect(), "granted, and as listed");

    let sql = "SELECT p.oid::regprocedure::text FROM pg_proc p
               WHERE pronamespace = 'public'::regnamespace AND prosecdef
                 AND has_function_privilege('throughline_service', oid, 'EXECUTE')";
    let definers: BTreeSet<String> =
        client.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let listed = LENT.iter().map(|function| (*function).to_owned());
    assert_eq!(definers, listed.collect(), "functions that lend their owner's privileges");
}

#[tokio::test]
async fn the_service_can_do_what_is_permitted_and_nothing_else() {
    let fixture = a_log().await;
    let owner = fixture.client().await;
    let (login, service) = Login::service(&fixture).await;
    let before = fingerprint(&owner).await;
    for table in tables(&owner).await {
        for (statement, permitted) in table.statements() {
            let answer = answer(&service, &statement).await;
            if permitted {
                assert_eq!(answer, Ok(()), "{statement}");
            } else {
                assert_refused(&answer, &statement);
            }
        }
    }
    for statement in NEVER {
        assert_refused(&answer(&service, statement).await, statement);
    }
    for statement in WITHOUT_EFFECT {
        let _ = answer(&service, statement).await;
    }
    assert_eq!(fingerprint(&owner).await, before, "something was altered");
    drop(service);
    login.drop(&fixture).await;
}

#[tokio::test]
async fn a_connection_of_the_service_has_nothing_to_go_back_to() {
    let fixture = a_log().await;
    let owner = fixture.client().await;
    let row = owner.query_one("SELECT current_user::text", &[]).await.unwrap();
    let owners_name: String = row.get(0);
    let (login, service) = Login::service(&fixture).await;
    let as_owner = [
        format!("SET ROLE {owners_name}"),
        format!("SET SESSION AUTHORIZATION {owners_name}"),
        format!("GRANT {owners_name} TO {SERVICE_ROLE}"),
        format!("ALTER TABLE event OWNER TO {}", login.name),
    ];
    for statement in as_owner {
        assert_refused(&answer(&service, &statement).await, &statement);
    }
    for undo in ["SET ROLE NONE", "RESET ROLE", "DISCARD ALL", "RESET SESSION AUTHORIZATION"] {
        service.batch_execute(undo).await.unwrap();
        for statement in ["UPDATE event SET actor = 'x'", "ALTER TABLE event DISABLE TRIGGER ALL"] {
            assert_refused(&answer(&service, statement).await, undo);
        }
    }
    drop(service);
    login.drop(&fixture).await;
}

/// Given the URL of someone who owns everything, the pool still works as the service.
#[tokio::test]
async fn the_pools_connections_give_up_what_they_were_opened_with() {
    let fixture = a_log().await;
    let mut config = fixture.database.config();
    config.options("-c role=none -c statement_timeout=12345");
    let pool = pool(config, 1).unwrap();
    let client = pool.get().await.unwrap();
    let sql = "SELECT current_user::text, current_setting('statement_timeout')";
    let row = client.query_one(sql, &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), SERVICE_ROLE);
    assert_eq!(row.get::<_, &str>(1), "12345ms");
    client.batch_execute("RESET ROLE").await.unwrap();
    assert_refused(&answer(&client, "DELETE FROM event").await, "DELETE FROM event");
}

#[tokio::test]
async fn who_is_not_a_member_is_told_what_to_do() {
    let fixture = Fixture::live().await;
    let stranger = Login::create(&fixture, "").await;
    let pool = pool(stranger.config.clone(), 1).unwrap();
    let refused = LogError::from(pool.get().await.unwrap_err());
    let LogError::Unavailable(why) = refused else { panic!("{refused:?}") };
    assert!(why.lacks_role());
    assert_eq!(
        why.to_string(),
        "the database's user is not a member of throughline_service: have an administrator run \
         GRANT throughline_service TO that user"
    );
    stranger.drop(&fixture).await;
}

/// What is recorded is guarded by triggers too: whoever owns it must take those away first.
#[tokio::test]
async fn the_owner_is_refused_as_well() {
    let fixture = a_log().await;
    let owner = fixture.client().await;
    let guarded: [(&str, &[&str]); 3] = [
        (
            "TL002",
            &[
                "UPDATE event SET actor = 'x'",
                "UPDATE event SET hash = hash",
                "DELETE FROM event",
                "TRUNCATE event",
                "MERGE INTO event USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
                "INSERT INTO event SELECT * FROM event ON CONFLICT (tenant_no, position) \
                 DO UPDATE SET data = '{}'",
                "UPDATE stream SET id = id",
                "DELETE FROM stream",
                "TRUNCATE stream",
                "DELETE FROM tenant",
                "TRUNCATE tenant CASCADE",
                "DELETE FROM tenant_key",
                "TRUNCATE tenant_key",
                "DELETE FROM log_head",
                "TRUNCATE log_head",
                "TRUNCATE stream_key",
            ],
        ),
        ("TL001", &["UPDATE tenant SET state = 'loading'", "UPDATE tenant SET name = 'other'"]),
        (
            "TL003",
            &[
                "UPDATE log_head SET position = position - 1",
                "UPDATE log_head SET hash = sha256(hash)",
                "UPDATE log_head SET position = position + 1, streams = streams - 1",
                "UPDATE log_head SET position = position + 1, \
                 recorded_at = recorded_at - interval '1 second' WHERE position > 0",
                "UPDATE log_head SET position = position + 1 WHERE position > 0",
                "UPDATE log_head SET position = position + 1, tenant_no = tenant_no + 100",
            ],
        ),
    ];
    let before = fingerprint(&owner).await;
    for role in ["origin", "replica", "local"] {
        owner.batch_execute(&format!("SET session_replication_role = {role}")).await.unwrap();
        for (code, statements) in guarded {
            for statement in statements {
                let answer = answer(&owner, statement).await;
                assert_eq!(answer, Err(code.to_owned()), "{role}: {statement}");
            }
        }
    }
    assert_eq!(fingerprint(&owner).await, before);
    let verified = fixture.log.verify(fixture.tenant).await.unwrap();
    assert!(matches!(verified, Verified::Holds { events: 3, .. }), "{verified:?}");
}
