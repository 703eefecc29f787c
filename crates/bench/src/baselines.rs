//! What a hold costs when it is done the usual ways: behind the same HTTP framework, in the same
//! handler shape, each in a process of its own.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

/// Seats of one event.
pub const SEATS: u32 = 80_000;
/// Database connections, about as many as PostgreSQL likes on two cores.
const POOL: u32 = 32;
/// Document 004: holds last five minutes.
const HOLD_SECONDS: u64 = 300;

#[derive(Deserialize)]
pub struct Wish {
    fan: u64,
    seats: Vec<u32>,
}

#[derive(Serialize)]
struct Held {
    id: u64,
    status: &'static str,
    seats: Vec<u32>,
}

/// Answers every wish with itself: what the framework and the network cost alone.
pub async fn serve_echo(address: SocketAddr) -> std::io::Result<()> {
    let hold = async |Json(wish): Json<Wish>| {
        (StatusCode::CREATED, Json(Held { id: wish.fan, status: "held", seats: wish.seats }))
    };
    serve(address, Router::new().route("/hold", post(hold))).await
}

/// One transaction in a stored procedure: lock the rows, check, insert the hold, update.
pub async fn serve_postgres(address: SocketAddr, url: &str) -> Result<(), Box<dyn std::error::Error>> {
    let pool = PgPoolOptions::new().max_connections(POOL).connect(url).await?;
    prepare_postgres(&pool).await?;
    let hold = async |State(pool): State<PgPool>, Json(wish): Json<Wish>| {
        let mut seats: Vec<i32> = wish.seats.iter().map(|seat| *seat as i32).collect();
        seats.sort_unstable();
        let id: Result<Option<i64>, _> =
            sqlx::query_scalar("SELECT take_seats($1, $2)").bind(wish.fan as i64).bind(&seats).fetch_one(&pool).await;
        match id {
            Ok(Some(id)) => Ok((StatusCode::CREATED, Json(Held { id: id as u64, status: "held", seats: wish.seats }))),
            Ok(None) => Err(StatusCode::CONFLICT),
            Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
        }
    };
    serve(address, Router::new().route("/hold", post(hold)).with_state(pool)).await?;
    Ok(())
}

/// Makes an empty database on the server of `url`, instead of the one before; its address.
pub async fn empty_database(url: &str) -> Result<String, Box<dyn std::error::Error>> {
    const NAME: &str = "stagedoor_bench_engine";
    let pool = PgPool::connect(url).await?;
    for statement in [format!("DROP DATABASE IF EXISTS {NAME}"), format!("CREATE DATABASE {NAME}")] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&pool).await?;
    }
    let (server, _) = url.rsplit_once('/').ok_or("the address of PostgreSQL names a database")?;
    Ok(format!("{server}/{NAME}"))
}

/// Rows to lock: as many as all the product's events have seats.
pub const ROWS: u32 = 25 * SEATS;

async fn prepare_postgres(pool: &PgPool) -> sqlx::Result<()> {
    for statement in [
        "CREATE TABLE IF NOT EXISTS bench_seat (id INT PRIMARY KEY, hold BIGINT, until TIMESTAMPTZ)",
        "CREATE TABLE IF NOT EXISTS bench_hold (id BIGSERIAL PRIMARY KEY, fan BIGINT NOT NULL, until TIMESTAMPTZ NOT NULL)",
        "CREATE TABLE IF NOT EXISTS bench_area (id INT PRIMARY KEY, taken INT NOT NULL)",
        "TRUNCATE bench_seat, bench_hold, bench_area",
        "INSERT INTO bench_area VALUES (1, 0)",
        "CREATE OR REPLACE FUNCTION take_seats(who BIGINT, wanted INT[]) RETURNS BIGINT LANGUAGE plpgsql AS $$
         DECLARE free INT; new_hold BIGINT; deadline TIMESTAMPTZ := now() + interval '300 seconds';
         BEGIN
           SELECT count(*) INTO free FROM (SELECT 1 FROM bench_seat WHERE id = ANY(wanted)
             AND (hold IS NULL OR until < now()) ORDER BY id FOR UPDATE) AS locked;
           IF free < cardinality(wanted) THEN RETURN NULL; END IF;
           INSERT INTO bench_hold (fan, until) VALUES (who, deadline) RETURNING id INTO new_hold;
           UPDATE bench_seat SET hold = new_hold, until = deadline WHERE id = ANY(wanted);
           RETURN new_hold;
         END $$",
    ] {
        sqlx::query(statement).execute(pool).await?;
    }
    sqlx::query("INSERT INTO bench_seat SELECT generate_series(0, $1)").bind(ROWS as i32 - 1).execute(pool).await?;
    sqlx::query("VACUUM ANALYZE bench_seat").execute(pool).await?;
    Ok(())
}

/// All or nothing over one key a seat, atomically in a script; durable by `appendfsync always`.
pub async fn serve_redis(address: SocketAddr, url: &str) -> Result<(), Box<dyn std::error::Error>> {
    let client = redis::Client::open(url)?;
    let connection = client.get_multiplexed_async_connection().await?;
    let script = Arc::new(redis::Script::new(
        "for _, key in ipairs(KEYS) do if redis.call('EXISTS', key) == 1 then return 0 end end
         for _, key in ipairs(KEYS) do redis.call('SET', key, ARGV[1], 'EX', ARGV[2]) end
         return redis.call('INCR', 'holds')",
    ));
    let hold = async |State((connection, script)): State<(redis::aio::MultiplexedConnection, Arc<redis::Script>)>,
                      Json(wish): Json<Wish>| {
        let mut call = script.prepare_invoke();
        for seat in &wish.seats {
            call.key(format!("seat:{seat}"));
        }
        let mut connection = connection;
        let id: Result<u64, _> = call.arg(wish.fan).arg(HOLD_SECONDS).invoke_async(&mut connection).await;
        match id {
            Ok(0) => Err(StatusCode::CONFLICT),
            Ok(id) => Ok((StatusCode::CREATED, Json(Held { id, status: "held", seats: wish.seats }))),
            Err(_) => Err(StatusCode::INTERNAL_SERVER_ERROR),
        }
    };
    serve(address, Router::new().route("/hold", post(hold)).with_state((connection, script))).await?;
    Ok(())
}

/// Holds of two places per second that `clients` callers take from one counter row, each durable.
pub async fn counter_rate(url: &str, clients: u32, span: std::time::Duration) -> sqlx::Result<f64> {
    let pool = PgPoolOptions::new().max_connections(clients).connect(url).await?;
    prepare_postgres(&pool).await?;
    let began = crate::load::now();
    let mut callers = tokio::task::JoinSet::new();
    for fan in 0..clients {
        let pool = pool.clone();
        callers.spawn(async move {
            let mut done = 0u64;
            while began.elapsed() < span {
                let took = sqlx::query(
                    "WITH taken AS (UPDATE bench_area SET taken = taken + 2 WHERE id = 1 AND taken + 2 <= 2000000000 RETURNING id)
                     INSERT INTO bench_hold (fan, until) SELECT $1, now() + interval '300 seconds' FROM taken",
                )
                .bind(i64::from(fan))
                .execute(&pool)
                .await?;
                done += took.rows_affected();
            }
            Ok::<_, sqlx::Error>(done)
        });
    }
    let mut done = 0;
    while let Some(caller) = callers.join_next().await {
        done += caller.expect("a caller does not panic")?;
    }
    Ok(done as f64 / began.elapsed().as_secs_f64())
}

async fn serve(address: SocketAddr, router: Router) -> std::io::Result<()> {
    axum::serve(tokio::net::TcpListener::bind(address).await?, router).await
}
