//! Whose request it is that asks the database: one organizer's, or nobody's in particular.
//!
//! A request begins without a tenant. Where it is decided that the caller belongs to the organizer whom the
//! request names, it is [`enter`]ed, and from then on every statement of the request, whoever writes it, meets
//! the second wall: on PostgreSQL it sees and changes the rows of that organizer alone (see
//! `migrations/0016_store_tenants.sql`). Jobs, commands and requests of fans never enter: what they do goes
//! across organizers. A task that a request starts is not part of it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! # let organizer = stagedoor_core::Env::system().id();
//! store::tenant::request(async {
//!     // .. who is it, and may they? Then:
//!     store::tenant::enter(organizer);
//!     // From here on all that is read and written is this organizer's.
//! })
//! .await
//! # }
//! ```

use std::cell::OnceCell;

use stagedoor_core::OrganizerId;

tokio::task_local! {
    static TENANT: OnceCell<OrganizerId>;
}

/// Runs a request, which may turn out to be a tenant's.
pub fn request<F: Future>(request: F) -> impl Future<Output = F::Output> {
    TENANT.scope(OnceCell::new(), request)
}

/// From here on the request is `organizer`'s, until it ends.
///
/// Panics outside of a [`request`], and when it is another organizer's already: either would be a hole in
/// the wall.
pub fn enter(organizer: OrganizerId) {
    let entered = TENANT.try_with(|tenant| *tenant.get_or_init(|| organizer));
    let entered = entered.expect("a tenant is entered within a request");
    assert_eq!(entered, organizer, "a request is of one tenant");
}

/// Whose request this is.
pub(crate) fn current() -> Option<OrganizerId> {
    TENANT.try_with(|tenant| tenant.get().copied()).ok().flatten()
}

#[cfg(test)]
mod tests {
    use stagedoor_core::Env;

    use super::*;

    #[tokio::test]
    async fn a_request_is_of_one_tenant_from_when_it_is_entered_until_it_ends() {
        let organizer: OrganizerId = Env::seeded(1).id();
        assert_eq!(current(), None);
        request(async {
            assert_eq!(current(), None);
            enter(organizer);
            tokio::task::yield_now().await;
            enter(organizer);
            assert_eq!(current(), Some(organizer));
            let beside = tokio::spawn(async { current() });
            assert_eq!(beside.await.unwrap(), None, "a task of its own");
            request(async { assert_eq!(current(), None, "a request of its own") }).await;
        })
        .await;
        assert_eq!(current(), None);
    }

    #[tokio::test]
    #[should_panic(expected = "a request is of one tenant")]
    async fn no_request_is_of_two() {
        let env = Env::seeded(1);
        request(async {
            enter(env.id());
            enter(env.id());
        })
        .await;
    }
}
