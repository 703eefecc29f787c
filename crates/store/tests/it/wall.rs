//! The wall between tenants as an operator meets it: who puts it up, who may not, and what is left of a
//! tenant's transaction. What it hides is tested where tenants have something, by the tests of the API.

use std::time::Duration;

use stagedoor_core::{Env, OrganizerId};
use store::{Backend, Error, Result, Row, Store, Tx, tenant};
use testkit::TestStore;

/// Another database user on the server of a test, with a schema of its own to keep its tables in.
struct Other {
    db: TestStore,
    name: String,
}

impl Other {
    /// `None` where there are no users. `rights`: of `CREATE ROLE`.
    async fn new(rights: &str) -> Option<Other> {
        let db = TestStore::new().await;
        if db.backend() == Backend::Sqlite {
            return None;
        }
        // Users are the server's, and all tests have the same one.
        let name = format!("other_{}", Env::system().id::<uuid::Uuid>().simple());
        let other = Other { db, name };
        other.run(&format!("CREATE ROLE {} LOGIN {rights}", other.name)).await;
        other.run(&format!("CREATE SCHEMA {0} AUTHORIZATION {0}", other.name)).await;
        Some(other)
    }

    /// As the server's administrator.
    async fn run(&self, sql: &str) {
        let tx = self.db.begin_write().await.unwrap();
        tx.execute(sql, ()).await.unwrap();
        tx.commit().await.unwrap();
    }

    fn url(&self) -> String {
        let url = self.db.url.replace("postgres@", &format!("{}@", self.name));
        format!("{url}?options=-c%20search_path%3D{}", self.name)
    }

    async fn open(&self) -> Result<Store> {
        Store::open(&self.url(), self.db.env.clone()).await
    }

    fn role(&self) -> String {
        format!("{}_tenant", self.name)
    }
}

/// What of a tenant a transaction has.
async fn marks(tx: &Tx) -> (String, String) {
    let sql = "SELECT CAST(current_user AS TEXT), COALESCE(current_setting('stagedoor.tenant', TRUE), '')";
    tx.one(sql, (), |row: &Row| Ok((row.get(0)?, row.get(1)?))).await.unwrap()
}

async fn count(tx: &Tx, table: &str) -> i64 {
    tx.one(&format!("SELECT COUNT(*) FROM {table}"), (), |row| row.get(0)).await.unwrap()
}

#[tokio::test]
async fn whoever_may_make_roles_puts_the_wall_up_for_many_databases_at_once() {
    let Some(first) = Other::new("CREATEROLE").await else { return };
    let mut databases = vec![first];
    for _ in 0..3 {
        let Other { name, .. } = &databases[0];
        let another = Other { db: TestStore::new().await, name: name.clone() };
        another.run(&format!("CREATE SCHEMA {name} AUTHORIZATION {name}")).await;
        databases.push(another);
    }
    let mut opening = tokio::task::JoinSet::new();
    for other in databases.iter().flat_map(|other| [other, other]) {
        let (url, env) = (other.url(), other.db.env.clone());
        opening.spawn(async move { Store::open(&url, env).await });
    }
    for opened in opening.join_all().await {
        let (store, organizer) = (opened.unwrap(), OrganizerId::fresh(&Env::system()));
        let tx = store.begin_write().await.unwrap();
        tx.execute(
            "INSERT INTO organizer (id, name, members_need_factor, created_at) VALUES ($1, 'a', FALSE, 0)",
            (organizer,),
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        tenant::request(async {
            tenant::enter(organizer);
            let tx = store.begin_write().await.unwrap();
            assert_eq!(marks(&tx).await, (databases[0].role(), organizer.0.to_string()));
            assert_eq!(count(&tx, "organizer").await, 1, "its own, in a schema that is not `public`");
        })
        .await;
    }
    let other = &databases[0];
    let tx = other.db.begin_read().await.unwrap();
    let sql = "SELECT rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = $1";
    assert!(!tx.one(sql, (other.role(),), |row| row.get::<bool>(0)).await.unwrap(), "a role that can do nothing");
}

#[tokio::test]
async fn whoever_may_not_make_roles_is_told_what_an_administrator_runs() {
    let Some(other) = Other::new("NOCREATEROLE").await else { return };
    let Err(Error::Setup(told)) = other.open().await else { panic!("the wall was not put up") };
    let (create, grant) = (
        format!("CREATE ROLE \"{}\" NOLOGIN", other.role()),
        format!("GRANT \"{}\" TO \"{}\"", other.role(), other.name),
    );
    assert!(told.contains(&create) && told.contains(&grant), "{told}");
    assert!(told.contains("set row_security to false"), "{told}");
    Store::open_without_wall(&other.url(), other.db.env.clone()).await.unwrap();
    other.run(&create).await;
    assert!(matches!(other.open().await, Err(Error::Setup(_))), "the role is there, and not for this user");
    other.run(&grant).await;
    other.open().await.unwrap();
}

#[tokio::test]
async fn a_role_that_the_policies_do_not_bind_is_refused() {
    let Some(other) = Other::new("CREATEROLE").await else { return };
    other.open().await.unwrap();
    for unbound in ["BYPASSRLS", "SUPERUSER"] {
        other.run(&format!("ALTER ROLE {} {unbound}", other.role())).await;
        let Err(Error::Setup(told)) = other.open().await else { panic!("{unbound} goes through the wall") };
        assert!(told.contains("must be bound by row-level security"), "{told}");
        other.run(&format!("ALTER ROLE {} NO{unbound}", other.role())).await;
    }
    other.open().await.unwrap();
}

#[tokio::test]
async fn a_user_whom_the_policies_bind_is_refused_rather_than_shown_empty_tables() {
    let Some(other) = Other::new("NOCREATEROLE").await else { return };
    other.run(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}", other.name)).await;
    let url = other.db.url.replace("postgres@", &format!("{}@", other.name));
    let Err(Error::Setup(told)) = Store::open_reader(&url, other.db.env.clone()).await else {
        panic!("it sees nothing")
    };
    assert!(told.contains("must own the tables"), "{told}");
    other.run(&format!("ALTER ROLE {} BYPASSRLS", other.name)).await;
    Store::open_reader(&url, other.db.env.clone()).await.unwrap();
}

#[tokio::test]
async fn nothing_of_a_tenant_outlives_its_transaction() {
    let db = TestStore::new().await;
    if db.backend() == Backend::Sqlite {
        return;
    }
    let organizer = OrganizerId::fresh(&db.env);
    for round in 0..200u64 {
        // Ended by the commit, by being dropped, by an error and by whoever waits going away: at another
        // moment each time.
        let work = tenant::request(async {
            tenant::enter(organizer);
            let tx = db.begin_write().await?;
            assert_eq!(marks(&tx).await, ("postgres_tenant".to_owned(), organizer.0.to_string()));
            match round % 4 {
                0 => tx.commit().await?,
                1 => drop(tx.execute("SELECT 1 / 0", ()).await.unwrap_err()),
                _ => drop(tx),
            }
            marks(&db.begin_read().await?).await;
            store::Result::Ok(())
        });
        match round % 4 {
            3 => drop(tokio::time::timeout(Duration::from_micros(round * 20), work).await),
            _ => work.await.unwrap(),
        }
        let (tx, write) = (db.begin_read().await.unwrap(), db.begin_write().await.unwrap());
        for tx in [&tx, &write] {
            assert_eq!(marks(tx).await, ("postgres".to_owned(), String::new()), "round {round}");
        }
    }
}

#[tokio::test]
async fn a_wall_that_falls_fails_tenants_and_nobody_else() {
    let Some(other) = Other::new("CREATEROLE").await else { return };
    let store = other.open().await.unwrap();
    other.run(&format!("REVOKE {} FROM {}", other.role(), other.name)).await;
    for _ in 0..50 {
        tenant::request(async {
            tenant::enter(OrganizerId::fresh(&other.db.env));
            assert!(store.begin_write().await.is_err());
            let tx = store.begin_read().await.unwrap();
            assert!(tx.one("SELECT 1", (), |_| Ok(())).await.is_err());
        })
        .await;
        // Its connection was in a transaction that failed: nobody was given it.
        assert_eq!(marks(&store.begin_write().await.unwrap()).await.0, other.name);
    }
    let beyond = store.beyond_tenants();
    tenant::request(async {
        tenant::enter(OrganizerId::fresh(&other.db.env));
        assert_eq!(marks(&beyond.begin_write().await.unwrap()).await.0, other.name);
    })
    .await;
}
