//! The database goes away and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use throughline_projector::Settings;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::world::{World, small_batches};

/// Counts what is logged as an error.
struct Errors(Arc<AtomicUsize>);

impl<S: Subscriber> Layer<S> for Errors {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[tokio::test]
async fn an_outage_is_waited_out_and_logged_once() {
    let errors = Arc::new(AtomicUsize::new(0));
    let subscriber = tracing_subscriber::registry().with(Errors(Arc::clone(&errors)));
    let _guard = tracing::subscriber::set_default(subscriber);

    let mut world = World::new(30).await;
    world.append(50).await;
    let running = world.projector(Settings {
        retry_delay_min: Duration::from_millis(5),
        retry_delay_max: Duration::from_millis(40),
        ..small_batches()
    });
    world.caught_up().await;
    let name = world.database.name();
    // A connection elsewhere, since the database itself is about to refuse everybody.
    let mut elsewhere = world.database.config();
    elsewhere.dbname("postgres");
    let (client, connection) = elsewhere.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false"))
        .await
        .unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    client.query(cut, &[&name]).await.unwrap();
    while errors.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Long enough for many vain attempts.
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(errors.load(Ordering::Relaxed), 1);

    client
        .batch_execute(&format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS true"))
        .await
        .unwrap();
    world.client = world.database.connect().await;
    world.append(50).await;
    world.caught_up().await;
    running.stop().await;
    assert_eq!(errors.load(Ordering::Relaxed), 1);
    world.assert_every_event_applied_once().await;
    world.assert_rows_equal_a_fresh_fold().await;
}
