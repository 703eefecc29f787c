//! What a program may be let do: one table.

use std::fmt;
use std::str::FromStr;

use stagedoor_core::FieldError;

use crate::role::{Permission, Role};

/// One thing a program may be given leave for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    ProfileRead,
    OrdersRead,
    OrdersWrite,
    TicketsRead,
    TicketsWrite,
    HoldsWrite,
    CatalogRead,
    CatalogWrite,
    InventoryWrite,
    SalesRead,
    BuyersRead,
    RefundsWrite,
    CheckinsWrite,
}

/// A scope's name, what a member of staff must be allowed for it to be of use, and how people are
/// asked for it. Without a permission it is about the person who allows it.
struct Row(Scope, &'static str, Option<Permission>, &'static str);

/// In the order of [`Scope`]. A scope never reaches the safety of an account (password, second
/// factor, sessions, deletion), nor members, nor programs.
#[rustfmt::skip]
const TABLE: [Row; 13] = {
    use Permission::*;
    use Scope::*;
    [
        Row(ProfileRead,    "profile.read",    None, "See your profile: name, e-mail address, telephone number, place, language and preferences, whether your identity was checked and a second factor is on, and the organizers you work for"),
        Row(OrdersRead,     "orders.read",     None, "See your orders"),
        Row(OrdersWrite,    "orders.write",    None, "Place and cancel orders for you"),
        Row(TicketsRead,    "tickets.read",    None, "See your tickets and their barcodes"),
        Row(TicketsWrite,   "tickets.write",   None, "Have your tickets issued anew and give them to others"),
        Row(HoldsWrite,     "holds.write",     None, "Hold seats for you"),
        Row(CatalogRead,    "catalog.read",    Some(SeeCatalogue),    "See the organizer's events before they are published"),
        Row(CatalogWrite,   "catalog.write",   Some(ManageCatalogue), "Create and change the organizer's venues, seat maps and events"),
        Row(InventoryWrite, "inventory.write", Some(ManageSales),     "Block and release the organizer's seats and change capacities"),
        Row(SalesRead,      "sales.read",      Some(SeeSales),        "See what the organizer sold"),
        Row(BuyersRead,     "buyers.read",     Some(SeeBuyers),       "See who bought from the organizer and who comes"),
        Row(RefundsWrite,   "refunds.write",   Some(RefundOrders),    "Refund the organizer's orders"),
        Row(CheckinsWrite,  "checkins.write",  Some(CheckIn),         "Scan tickets at the organizer's doors, with the keys to check them offline"),
    ]
};

impl Scope {
    pub const ALL: [Scope; TABLE.len()] = {
        let mut all = [Scope::ProfileRead; TABLE.len()];
        let mut at = 0;
        while at < TABLE.len() {
            assert!(TABLE[at].0 as usize == at, "a row stands where its scope counts to");
            all[at] = TABLE[at].0;
            at += 1;
        }
        all
    };

    /// As clients write it.
    pub const fn text(self) -> &'static str {
        TABLE[self as usize].1
    }

    /// What a member of staff must be allowed for it. None for what is a person's own.
    pub const fn permission(self) -> Option<Permission> {
        TABLE[self as usize].2
    }

    /// How a person is asked for it.
    pub const fn question(self) -> &'static str {
        TABLE[self as usize].3
    }
}

impl Permission {
    /// What a program needs to do it; none for what no program does.
    pub const fn scope(self) -> Option<Scope> {
        let mut at = 0;
        while at < TABLE.len() {
            if let Some(permission) = TABLE[at].2
                && permission as usize == self as usize
            {
                return Some(TABLE[at].0);
            }
            at += 1;
        }
        None
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u16);

impl Scopes {
    pub const NONE: Scopes = Scopes(0);

    pub const fn with(self, scope: Scope) -> Scopes {
        Scopes(self.0 | 1 << scope as u16)
    }

    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & 1 << scope as u16 != 0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub const fn is_within(self, other: Scopes) -> bool {
        self.0 & !other.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.contains(*scope))
    }

    /// Those that a program can use without a person: about an organizer.
    pub fn of_organizers(self) -> Scopes {
        self.iter().filter(|scope| scope.permission().is_some()).fold(Scopes::NONE, Scopes::with)
    }

    /// Whether someone with this role may do everything that these scopes let a program do.
    pub fn are_allowed_to(self, role: Role) -> bool {
        self.iter().all(|scope| scope.permission().is_none_or(|permission| role.allows(permission)))
    }

    /// Names of scopes, at least one, each known. `field`: where they were typed.
    pub fn parse<'a>(field: &'static str, names: impl IntoIterator<Item = &'a str>) -> Result<Scopes, FieldError> {
        let mut scopes = Scopes::NONE;
        for name in names {
            let known = Scope::ALL.into_iter().find(|scope| scope.text() == name);
            let wrong = || FieldError::new(field, "names a scope that does not exist");
            scopes = scopes.with(known.ok_or_else(wrong)?);
        }
        if scopes.is_empty() {
            return Err(FieldError::new(field, "must name at least one scope"));
        }
        Ok(scopes)
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Scopes::NONE, Scopes::with)
    }
}

/// With single spaces between, in the order of the table. Source: RFC 6749, section 3.3.
impl fmt::Display for Scopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, scope) in self.iter().enumerate() {
            out.write_str(if number > 0 { " " } else { "" })?;
            out.write_str(scope.text())?;
        }
        Ok(())
    }
}

impl FromStr for Scopes {
    type Err = FieldError;
    fn from_str(text: &str) -> Result<Self, FieldError> {
        Scopes::parse("scope", text.split(' '))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        let all: Scopes = Scope::ALL.into_iter().collect();
        assert_eq!(all.to_string().parse(), Ok(all));
        assert_eq!("holds.write orders.read".parse::<Scopes>().unwrap().to_string(), "orders.read holds.write");
        for wrong in ["", " ", "orders", "orders.read  holds.write", "Orders.read", "orders.read,holds.write", "*"] {
            assert!(wrong.parse::<Scopes>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_a_persons_own_is_not_an_organizers() {
        let all: Scopes = Scope::ALL.into_iter().collect();
        let own: Vec<_> = all.iter().filter(|scope| scope.permission().is_none()).map(Scope::text).collect();
        let expected = ["profile.read", "orders.read", "orders.write", "tickets.read", "tickets.write", "holds.write"];
        assert_eq!(own, expected);
        assert_eq!(all.of_organizers().iter().count(), Scope::ALL.len() - own.len());
    }

    #[test]
    fn no_scope_reaches_members_programs_or_payouts() {
        use Permission::*;
        for permission in [SeeMembers, ManageMembers, ManagePrograms, ManageOrganizer, ManagePayouts] {
            assert_eq!(permission.scope(), None, "{permission:?}");
        }
    }

    #[test]
    fn a_permission_has_one_scope() {
        for scope in Scope::ALL {
            assert!(scope.permission().is_none_or(|permission| permission.scope() == Some(scope)), "{scope:?}");
        }
    }

    #[test]
    fn a_role_gives_no_more_than_it_has() {
        let scopes = |text: &str| text.parse::<Scopes>().unwrap();
        assert!(scopes("checkins.write catalog.read").are_allowed_to(Role::Door));
        assert!(!scopes("checkins.write sales.read").are_allowed_to(Role::Door));
        assert!(scopes("sales.read refunds.write").are_allowed_to(Role::Finance));
        assert!(!scopes("catalog.write").are_allowed_to(Role::Finance));
        assert!(scopes("orders.read").are_allowed_to(Role::Viewer), "it is about whoever allows it");
    }
}
