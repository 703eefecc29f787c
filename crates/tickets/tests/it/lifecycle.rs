use stagedoor_core::{Code, OrganizerId, TicketId, UserId};
use tickets::{
    Access, AttendeeFilter, Cause, ChangeError, ChangeKind, Ending, GENERATIONS_MAX, IssueError, PageRequest, Reach,
    Status, Ticket, attendees, changes, find, issue, of_order, of_owner, reissue, revoke, transfer,
};

use crate::{House, floor, seat};

const REFUND: Cause<'_> = Cause { by: None, reason: "refund" };

impl House {
    async fn revoke(&self, ticket: &Ticket, reach: Reach) -> Result<Vec<Ticket>, ChangeError> {
        let tx = self.db.begin_write().await.unwrap();
        let ended = revoke(&tx, ticket.order, &[ticket.id], Ending::Refunded, reach, REFUND).await?;
        tx.commit().await.unwrap();
        Ok(ended)
    }

    async fn reissue(&self, access: Access, id: TicketId) -> Result<Ticket, ChangeError> {
        let tx = self.db.begin_write().await.unwrap();
        let ticket = reissue(&tx, access, id, Cause { by: Some(self.fan), reason: "lost phone" }).await?;
        tx.commit().await.unwrap();
        Ok(ticket)
    }
}

#[tokio::test]
async fn an_order_is_issued_once_however_often_it_is_tried() {
    let house = House::new().await;
    let order = house.order_of(vec![house.place(seat(4)), house.place(floor()), house.place(floor())]);
    let first = house.issue(&order).await;
    assert_eq!(first.iter().map(|ticket| ticket.position).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(house.issue(&order).await, first);
    let tx = house.db.begin_read().await.unwrap();
    assert_eq!(of_order(&tx, order.order).await.unwrap(), first, "what is stored is what was answered");
    for ticket in &first {
        assert_eq!(find(&tx, Access::Owner(house.fan), ticket.id).await.unwrap().as_ref(), Some(ticket));
    }
}

#[tokio::test]
async fn two_tries_at_once_issue_one_set() {
    let house = House::new().await;
    let order = house.order_of(vec![house.place(seat(4)), house.place(floor())]);
    let (one, two) = tokio::join!(house.issue(&order), house.issue(&order));
    assert_eq!(one, two);
}

#[tokio::test]
async fn an_order_of_every_size_is_stored_whole() {
    let house = House::new().await;
    let order = house.order_of((0..tickets::TICKETS_PER_ORDER_MAX as u32).map(|at| house.place(seat(at))).collect());
    let issued = house.issue(&order).await;
    assert_eq!(house.issue(&order).await, issued);
}

#[tokio::test]
async fn an_order_never_gets_other_places_than_the_first_time() {
    let house = House::new().await;
    let order = house.order_of(vec![house.place(floor()), house.place(seat(1))]);
    house.issue(&order).await;
    let wrong = [
        vec![house.place(floor())],
        vec![house.place(seat(1)), house.place(floor())],
        vec![house.place(floor()), house.place(seat(2))],
        vec![house.place(floor()), house.place(seat(1)), house.place(floor())],
    ];
    for tickets in wrong {
        let mut again = order.clone();
        again.tickets = tickets;
        let tx = house.db.begin_write().await.unwrap();
        let refused = issue(&tx, &again).await;
        assert!(matches!(refused, Err(IssueError::Differs { .. })), "{again:?} gave {refused:?}");
    }
}

#[tokio::test]
async fn a_seat_has_one_live_ticket_until_that_one_ends() {
    let house = House::new().await;
    let first = house.issue(&house.order_of(vec![house.place(floor()), house.place(seat(7))])).await;
    let next = house.order_of(vec![house.place(floor()), house.place(seat(7))]);
    let tx = house.db.begin_write().await.unwrap();
    let refused = issue(&tx, &next).await;
    assert!(matches!(&refused, Err(IssueError::SeatOwned { place, .. }) if *place == seat(7)), "{refused:?}");
    drop(tx);
    let tx = house.db.begin_read().await.unwrap();
    assert_eq!(of_order(&tx, next.order).await.unwrap(), [], "the transaction was dropped");
    house.revoke(&first[1], Reach::UnusedOnly).await.unwrap();
    assert_eq!(house.issue(&next).await.len(), 2);
    let twice = house.order_of(vec![house.place(seat(8)), house.place(seat(8))]);
    let tx = house.db.begin_write().await.unwrap();
    assert!(matches!(issue(&tx, &twice).await, Err(IssueError::SeatOwned { .. })));
}

#[tokio::test]
async fn a_refund_ends_a_ticket_once_and_says_who_and_why() {
    let house = House::new().await;
    let ticket = house.ticket().await;
    let ended = house.revoke(&ticket, Reach::UnusedOnly).await.unwrap();
    assert_eq!(ended[0].status, Status::Refunded);
    assert_eq!(house.revoke(&ticket, Reach::UnusedOnly).await.unwrap(), ended, "again is the same");
    let tx = house.db.begin_read().await.unwrap();
    let changes = changes(&tx, ticket.id).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].kind, changes[0].by, changes[0].reason.as_str()), (ChangeKind::Refunded, None, "refund"));
    assert_eq!((changes[0].at, changes[0].owner_before), (house.db.env.now(), house.fan));
    let refused = house.reissue(Access::Owner(house.fan), ticket.id).await.unwrap_err();
    assert_eq!(refused.code(), Code::WrongState);
}

#[tokio::test]
async fn revoking_is_all_or_nothing_and_stays_in_its_order() {
    let house = House::new().await;
    let mine = house.issue(&house.order_of(vec![house.place(floor()), house.place(floor())])).await;
    let other = house.ticket().await;
    house.live("s1", &house.text(&mine[1])).await;
    for (ids, code) in [([mine[0].id, other.id], Code::NotFound), ([mine[0].id, mine[1].id], Code::TicketUsed)] {
        let tx = house.db.begin_write().await.unwrap();
        let refused = revoke(&tx, mine[0].order, &ids, Ending::Revoked, Reach::UnusedOnly, REFUND).await;
        assert_eq!(refused.unwrap_err().code(), code);
        assert_eq!(of_order(&tx, mine[0].order).await.unwrap()[0].status, Status::Issued, "nothing was changed");
    }
    assert_eq!(house.revoke(&mine[1], Reach::UsedToo).await.unwrap()[0].status, Status::Refunded);
    // The same id twice is one ticket.
    let tx = house.db.begin_write().await.unwrap();
    let ids = [mine[0].id, mine[0].id];
    let ended = revoke(&tx, mine[0].order, &ids, Ending::Revoked, Reach::UnusedOnly, REFUND).await.unwrap();
    assert_eq!(ended.iter().map(|ticket| ticket.status).collect::<Vec<_>>(), [Status::Revoked; 2]);
}

#[tokio::test]
async fn a_reissue_raises_the_generation_and_others_cannot() {
    let house = House::new().await;
    let ticket = house.ticket().await;
    let renewed = house.reissue(Access::Owner(house.fan), ticket.id).await.unwrap();
    assert_eq!(renewed, Ticket { generation: 2, ..ticket.clone() });
    let by_staff = house.reissue(Access::Organizer(house.organizer), ticket.id).await.unwrap();
    assert_eq!(by_staff.generation, 3);
    let (stranger, rival): (UserId, OrganizerId) = (house.db.env.id(), house.db.env.id());
    for access in [Access::Owner(stranger), Access::Organizer(rival)] {
        assert_eq!(house.reissue(access, ticket.id).await.unwrap_err().code(), Code::NotFound, "{access:?}");
    }
    let tx = house.db.begin_read().await.unwrap();
    assert_eq!(find(&tx, Access::Owner(house.fan), ticket.id).await.unwrap(), Some(by_staff));
    assert_eq!(find(&tx, Access::Owner(stranger), ticket.id).await.unwrap(), None);
    assert_eq!(find(&tx, Access::Organizer(rival), ticket.id).await.unwrap(), None);
    let kinds = changes(&tx, ticket.id).await.unwrap();
    assert_eq!(kinds.iter().map(|change| change.generation).collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test]
async fn a_ticket_is_reissued_a_bounded_number_of_times() {
    let house = House::new().await;
    let ticket = house.ticket().await;
    let tx = house.db.begin_write().await.unwrap();
    let (access, cause) = (Access::Owner(house.fan), Cause { by: Some(house.fan), reason: "again" });
    for _ in 1..GENERATIONS_MAX {
        reissue(&tx, access, ticket.id, cause).await.unwrap();
    }
    let refused = reissue(&tx, access, ticket.id, cause).await.unwrap_err();
    assert!(matches!(refused, ChangeError::ReissueLimit(_)), "{refused}");
}

#[tokio::test]
async fn a_transfer_moves_the_ticket_to_its_new_owner_alone() {
    let house = House::new().await;
    let ticket = house.ticket().await;
    let friend: UserId = house.db.env.id();
    let tx = house.db.begin_write().await.unwrap();
    let cause = Cause { by: Some(house.fan), reason: "gift" };
    let moved = transfer(&tx, Access::Owner(house.fan), ticket.id, friend, cause).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(moved, Ticket { owner: friend, generation: 2, ..ticket.clone() });
    let tx = house.db.begin_read().await.unwrap();
    assert_eq!(find(&tx, Access::Owner(house.fan), ticket.id).await.unwrap(), None);
    assert_eq!(find(&tx, Access::Owner(friend), ticket.id).await.unwrap(), Some(moved));
    let change = changes(&tx, ticket.id).await.unwrap().remove(0);
    assert_eq!((change.kind, change.owner_before), (ChangeKind::Transferred, house.fan));
}

#[tokio::test]
async fn two_reissues_at_once_are_two_generations() {
    let house = House::new().await;
    let ticket = house.ticket().await;
    let access = Access::Owner(house.fan);
    let (one, two) = tokio::join!(house.reissue(access, ticket.id), house.reissue(access, ticket.id));
    let mut generations = [one.unwrap().generation, two.unwrap().generation];
    generations.sort_unstable();
    assert_eq!(generations, [2, 3]);
}

#[tokio::test]
async fn lists_come_in_pages_that_miss_and_repeat_nothing() {
    let house = House::new().await;
    let mut issued = Vec::new();
    for _ in 0..7 {
        issued.push(house.ticket().await);
        house.db.env.clock.advance(std::time::Duration::from_millis(1));
    }
    let ended = house.revoke(&issued[3], Reach::UnusedOnly).await.unwrap().remove(0);
    issued[3] = ended.clone();
    let tx = house.db.begin_read().await.unwrap();
    let (mut owned, mut at_event, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        let page = of_owner(&tx, house.fan, None, PageRequest::new(3, after)).await.unwrap();
        owned.extend(page.items);
        assert!(owned.len() <= issued.len(), "a page came twice");
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    loop {
        let request = PageRequest::new(0, after);
        let page = attendees(&tx, house.organizer, house.event, &AttendeeFilter::default(), request).await.unwrap();
        assert_eq!(page.items.len(), 1, "a limit below one is one");
        at_event.extend(page.items);
        assert!(at_event.len() <= issued.len(), "a page came twice");
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(at_event, issued);
    issued.reverse();
    assert_eq!(owned, issued);
    let page = PageRequest::new(u32::MAX, None);
    assert_eq!(
        of_owner(&tx, house.fan, Some(Status::Refunded), page).await.unwrap().items,
        std::slice::from_ref(&ended)
    );
    assert_eq!(of_owner(&tx, house.fan, Some(Status::Used), page).await.unwrap().items, []);
    assert_eq!(of_owner(&tx, house.db.env.id(), None, page).await.unwrap().items, []);
    let issued = AttendeeFilter { status: Some(Status::Issued), ..AttendeeFilter::default() };
    let live = attendees(&tx, house.organizer, house.event, &issued, page).await.unwrap();
    assert_eq!((live.items.len(), live.next), (6, None));
    assert_eq!(
        attendees(&tx, house.db.env.id(), house.event, &AttendeeFilter::default(), page).await.unwrap().items,
        []
    );
}
