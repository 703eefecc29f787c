//! `docs/authorization.csv`: who may call what.

use std::sync::OnceLock;

use identity::Role;

use crate::contract::Operation;

/// Who an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Everyone; a token plays no part.
    Everyone,
    /// Anyone signed in, about themselves or about what is public.
    SignedIn,
    /// The one person the thing in the path belongs to.
    ItsOwner,
    /// Members of the organizer in the path with one of the roles.
    Staff,
    /// Staff of the whole platform.
    Platform,
}

/// What of it a member may do who is limited to some events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// Nothing: to them it is absent.
    None,
    /// It, where the event in the path is theirs.
    Event,
    /// It, for what is of their events.
    Some,
    /// It, to themselves.
    Itself,
}

#[derive(Debug)]
pub struct Row {
    /// `POST /api/v1/orders`.
    pub operation: &'static str,
    pub access: For,
    pub roles: Vec<Role>,
    pub limited: Limited,
    /// What a program needs for it; without one it is for no program.
    pub scope: Option<&'static str>,
    /// Whether staff of the platform may do it to any organizer, with a reason.
    pub platform: bool,
    /// Whether it is for guests, too, about what is theirs.
    pub guest: bool,
}

/// Every row of the table.
pub fn table() -> &'static [Row] {
    static TABLE: OnceLock<Vec<Row>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let mut lines = include_str!("../../../../../docs/authorization.csv").lines();
        assert_eq!(lines.next(), Some("operation,for,roles,limited,scope,platform,guest"));
        lines.map(read).collect()
    })
}

fn read(line: &'static str) -> Row {
    let fields: Vec<&str> = line.split(',').collect();
    let [operation, access, roles, limited, scope, platform, guest] = fields[..] else {
        panic!("{line} has seven fields")
    };
    let access = match access {
        "everyone" => For::Everyone,
        "signed-in" => For::SignedIn,
        "its-owner" => For::ItsOwner,
        "staff" => For::Staff,
        "platform" => For::Platform,
        other => panic!("{operation} is for {other}"),
    };
    let roles = roles.split_whitespace().map(|role| role.parse().expect("a role")).collect::<Vec<Role>>();
    let limited = match limited {
        "" | "none" => Limited::None,
        "event" => Limited::Event,
        "some" => Limited::Some,
        "itself" => Limited::Itself,
        other => panic!("{operation} is for {other} events"),
    };
    let platform = match platform {
        "" | "none" => false,
        "look" => true,
        other => panic!("the platform may {other} {operation}"),
    };
    // What says nothing of guests is not for them; what is for everyone asks nobody.
    let guest = match guest {
        "" => false,
        "yes" => true,
        other => panic!("guests may {other} {operation}"),
    };
    assert_eq!(roles.is_empty(), access != For::Staff, "{operation} is for staff of some role, or for none");
    let scope = Some(scope).filter(|scope| !scope.is_empty());
    Row { operation, access, roles, limited, scope, platform, guest }
}

pub fn row(operation: Operation) -> &'static Row {
    let found = table().iter().find(|row| row.operation == operation.name());
    found.unwrap_or_else(|| panic!("no row for {}", operation.name()))
}
