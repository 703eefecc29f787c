//! A small language for rule tests: one command a line, with what it must answer.
//!
//! ```text
//! at 0    hold H1 fan=ann seats=A1 -> held until 300
//! at 301  sell H1 order=O1         -> refused hold_expired
//! ```
//! Times are seconds, `H1`, `O1` and `ann` become ids, seats are row and number. What stands after
//! the arrow must occur in the answer, word by word in this order; `at` may be left out when the
//! time stays the same. Commands: see [`Script::command`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use inventory::engine::{
    AccessibleRelease, Actor, Answer, AreaSpec, Best, Changes, Command, EventState, Fact, HoldStatus, HoldView,
    KeyPrint, KnownHold, Manifest, ManifestSpec, Need, Orphans, Outcome, Place, Places, Prices, Refusal, RowSpec,
    Rules, SaleStatus, SeatKind, SeatSpec, SeatStatus, SectionSpec, Want,
};
use stagedoor_core::{Env, Timestamp};
use uuid::Uuid;

/// Two rows of ten, the second with an aisle in the middle; a row with two wheelchair spaces
/// between companions; standing room for twenty. Row A is the better one.
pub const HOUSE: &str = "A=.......... B=.....|..... W=..cwwc.. floor:20";

/// Runs a script in [`HOUSE`]; a failure names the line.
pub fn check(lines: &str) {
    check_in(HOUSE, lines);
}

/// Runs a script in another house: rows `A=..|.cw` of seats (`.` standard, `w` wheelchair, `c`
/// companion, `|` an aisle, `2` a standard seat of the second price level), areas `floor:20`.
/// `/` begins the next section.
pub fn check_in(house: &str, lines: &str) {
    let mut script = Script::new(house);
    for (number, line) in lines.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let (command, expected) = line.split_once("->").unwrap_or_else(|| panic!("line {number} has no arrow: {line}"));
        let actual = script.run(command);
        let mut words = actual.split_whitespace();
        let missing = expected.split_whitespace().find(|wanted| !words.any(|word| word == *wanted));
        assert!(missing.is_none(), "line {}: {line}\n  answered: {actual}", number + 1);
    }
}

/// The map that a text like [`HOUSE`] describes.
pub fn map(house: &str) -> ManifestSpec {
    let mut spec = ManifestSpec { levels: vec!["one".into(), "two".into()], ..ManifestSpec::default() };
    for (number, part) in house.split('/').enumerate() {
        let mut rows = Vec::new();
        for word in part.split_whitespace() {
            if let Some((id, capacity)) = word.split_once(':') {
                let (id, capacity) = (id.to_owned(), capacity.parse().unwrap());
                spec.areas.push(AreaSpec { name: id.clone(), id, capacity, level: 0 });
                continue;
            }
            let (label, seats) = word.split_once('=').expect("a row is LABEL=SEATS");
            rows.push(RowSpec { label: label.into(), seats: row(seats, rows.len()) });
        }
        if !rows.is_empty() {
            let id = ["S", "T", "U", "V"][number].to_owned();
            spec.sections.push(SectionSpec { name: id.clone(), id, focal: None, rows });
        }
    }
    spec
}

fn row(text: &str, depth: usize) -> Vec<SeatSpec> {
    let mut seats: Vec<SeatSpec> = Vec::new();
    for letter in text.chars() {
        if letter == '|' {
            seats.last_mut().expect("a row starts with a seat").aisle_after = true;
            continue;
        }
        seats.push(SeatSpec {
            label: (seats.len() + 1).to_string(),
            x: seats.len() as f32,
            y: depth as f32,
            level: u8::from(letter == '2'),
            kind: match letter {
                'w' => SeatKind::Accessible,
                'c' => SeatKind::Companion,
                _ => SeatKind::Standard,
            },
            ..SeatSpec::default()
        });
    }
    seats
}

struct Script {
    state: EventState,
    changes: Changes,
    start: Timestamp,
    at: Timestamp,
    ids: HashMap<String, Uuid>,
    env: Env,
}

impl Script {
    fn new(house: &str) -> Self {
        let env = Env::seeded(1);
        let start = env.now();
        let mut script =
            Self { state: EventState::new(), changes: Changes::default(), start, at: start, ids: HashMap::new(), env };
        let manifest = Arc::new(Manifest::build(&map(house)).unwrap());
        let rules = Rules { status: SaleStatus::OnSale, ..Rules::default() };
        let prices = Prices::new(&[vec![Some(100), Some(50)], vec![Some(200), None]]).unwrap();
        assert_eq!(script.answer(Command::Open { manifest, rules, prices: prices.into() }), "done");
        script
    }

    fn id<T: From<Uuid>>(&mut self, name: &str) -> T {
        let fresh = self.env.id::<stagedoor_core::HoldId>().0;
        T::from(*self.ids.entry(name.to_owned()).or_insert(fresh))
    }

    fn name(&self, id: impl Into<Uuid>) -> &str {
        let id = id.into();
        self.ids.iter().find(|(_, known)| **known == id).map_or("?", |(name, _)| name)
    }

    fn time(&self, seconds: &str) -> Timestamp {
        self.start + Duration::from_secs_f64(seconds.parse().expect("a number of seconds"))
    }

    fn seconds(&self, at: Timestamp) -> String {
        let millis = at.since(self.start).as_millis();
        if millis.is_multiple_of(1_000) { (millis / 1_000).to_string() } else { (millis as f64 / 1e3).to_string() }
    }

    /// `A1`, or `T:A1` in another section than the first.
    fn seat(&self, text: &str) -> u32 {
        let (section, seat) = text.split_once(':').unwrap_or(("S", text));
        let digits = seat.find(|letter: char| letter.is_ascii_digit()).expect("a seat is row and number");
        let (row, number) = seat.split_at(digits);
        self.state.manifest().seat(&format!("{section}-{row}-{number}")).unwrap_or(9_999)
    }

    fn seat_name(&self, seat: u32) -> String {
        let id = self.state.manifest().seat_id(seat);
        let mut parts = id.splitn(3, '-');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("S"), Some(row), Some(number)) => format!("{row}{number}"),
            (Some(section), Some(row), Some(number)) => format!("{section}:{row}{number}"),
            _ => id,
        }
    }

    fn seats(&self, list: &str) -> Vec<u32> {
        list.split(',').map(|seat| self.seat(seat)).collect()
    }

    /// `floor:2,balcony:1`
    fn areas(&self, list: &str) -> Vec<(u16, u32)> {
        let area = |one: &str| {
            let (area, quantity) = one.split_once(':').expect("an area is NAME:QUANTITY");
            (self.state.manifest().area(area).unwrap_or(99), quantity.parse().unwrap())
        };
        list.split(',').map(area).collect()
    }

    fn run(&mut self, line: &str) -> String {
        let mut words = line.split_whitespace().peekable();
        if words.next_if_eq(&"at").is_some() {
            self.at = self.time(words.next().expect("a time after `at`"));
        }
        let verb = words.next().expect("a command");
        let (names, fields): (Vec<&str>, Vec<&str>) = words.partition(|word| !word.contains('='));
        let fields: HashMap<&str, &str> = fields.iter().filter_map(|field| field.split_once('=')).collect();
        match self.question(verb, &names) {
            Some(answer) => answer,
            None => match self.command(verb, &names, &fields) {
                Ok(command) => self.answer(command),
                Err(refusal) => self.refused(&refusal),
            },
        }
    }

    /// `show H1`, `row A`, `area floor`, `fan ann`, `expire`, `warn`: what does not decide.
    fn question(&mut self, verb: &str, names: &[&str]) -> Option<String> {
        Some(match verb {
            "show" => {
                let hold = self.id(names[0]);
                self.state.hold(hold).map_or("unknown".into(), |view| self.view(&view))
            }
            "row" => {
                let first = self.seat(&format!("{}1", names[0]));
                let manifest = self.state.manifest();
                let row = manifest.row_label(first);
                let same = |seat: &u32| {
                    (*seat as usize) < manifest.seats()
                        && manifest.row_label(*seat) == row
                        && manifest.section_of(*seat) == manifest.section_of(first)
                };
                let status = |seat| match self.state.status(seat) {
                    SeatStatus::Available => '.',
                    SeatStatus::Held => 'h',
                    SeatStatus::Sold => 's',
                    SeatStatus::Blocked => '#',
                };
                (first..).take_while(same).map(status).collect()
            }
            "area" => {
                let counts = self.state.area(self.state.manifest().area(names[0]).expect("a known area"));
                let left = counts.available();
                format!("held {} sold {} blocked {} left {left}", counts.held, counts.sold, counts.blocked)
            }
            "fan" => {
                let fan = self.id(names[0]);
                let is_live = |hold: &KnownHold| hold.fan == fan && hold.status == HoldStatus::Held;
                let holds = self.state.known_holds().filter(is_live).count();
                format!("tickets {} holds {holds}", self.state.fan_tickets(fan))
            }
            "expire" => {
                let mut expired = vec!["expired".to_owned()];
                while let Some(fact) = self.state.due(self.at) {
                    self.state.apply(self.at, &fact, &mut self.changes);
                    let Fact::Expired { hold } = fact else { panic!("{fact:?} is due") };
                    expired.push(self.name(hold).to_owned());
                }
                let next = self.state.next_deadline().map_or("none".to_owned(), |at| self.seconds(at));
                format!("{} next {next}", expired.join(" "))
            }
            "warn" => {
                let mut warned = Vec::new();
                self.state.warnings_due(self.at, |warning| warned.push(warning.hold));
                warned.iter().fold("warned".to_owned(), |text, hold| format!("{text} {}", self.name(*hold)))
            }
            _ => return None,
        })
    }

    fn command(&mut self, verb: &str, names: &[&str], fields: &HashMap<&str, &str>) -> Result<Command, Refusal> {
        let number = |field: &str| fields.get(field).map(|value| value.parse::<u32>().expect("a number"));
        let small = |field: &str| number(field).unwrap_or(0) as u8;
        Ok(match verb {
            "hold" => {
                let ticket_type = small("type");
                let manifest = self.state.manifest().clone();
                let want = if let Some(quantity) = number("best") {
                    Want::Best(Best {
                        quantity: quantity as u8,
                        level: fields.get("level").map(|level| manifest.level_index(level).unwrap_or(99)),
                        section: fields.get("section").map(|section| manifest.section(section).unwrap_or(99)),
                        accessible: small("accessible"),
                        companions: small("companions"),
                        ticket_type,
                    })
                } else {
                    let seats = fields.get("seats").map_or(Vec::new(), |list| self.seats(list));
                    let areas = fields.get("area").map_or(Vec::new(), |list| self.areas(list));
                    let seats = seats.into_iter().map(|seat| Place::Seat { seat, ticket_type });
                    let areas = areas.into_iter().map(|(area, quantity)| Place::Area {
                        area,
                        quantity: quantity as u8,
                        ticket_type,
                    });
                    let need = if fields.contains_key("need") { Need::Accessible } else { Need::None };
                    Want::Picked { places: Places::new(seats.chain(areas))?, need }
                };
                let body = u64::from(number("body").unwrap_or(0));
                let key = fields.get("key").map(|key| KeyPrint { key: self.id::<Uuid>(key).as_u128(), body });
                let spread = u64::from(number("spread").unwrap_or(0));
                Command::Hold { hold: self.id(names[0]), fan: self.id(fields["fan"]), want, key, spread }
            }
            "release" => {
                let by = match fields["by"] {
                    "staff" => Actor::Staff,
                    fan => Actor::Fan(self.id(fan)),
                };
                Command::Release { hold: self.id(names[0]), by }
            }
            "hand-over" => {
                let (from, to) = (self.id(fields["from"]), self.id(fields["to"]));
                Command::HandOver { hold: self.id(names[0]), from, to }
            }
            "extend" => Command::Extend { hold: self.id(names[0]), fan: self.id(fields["fan"]) },
            "sell" => {
                let fan = fields.get("fan").map(|fan| self.id(fan));
                Command::Sell { hold: self.id(names[0]), fan, order: self.id(fields["order"]) }
            }
            "return" => Command::Return {
                order: self.id(names[0]),
                seats: fields.get("seats").map_or(Vec::new(), |list| self.seats(list)),
                areas: fields.get("area").map_or(Vec::new(), |list| self.areas(list)),
            },
            "block" => match fields.get("area") {
                Some(area) => {
                    let (area, blocked) = self.areas(area)[0];
                    Command::BlockArea { area, blocked }
                }
                None => Command::Block { seats: self.seats(fields["seats"]) },
            },
            "unblock" => Command::Unblock { seats: self.seats(fields["seats"]) },
            "capacity" => {
                let (area, capacity) = self.areas(fields["area"])[0];
                Command::SetCapacity { area, capacity }
            }
            "rules" => Command::SetRules(self.rules(fields)),
            "prices" => {
                let price = |text: &str| text.parse().ok();
                let levels: Vec<Vec<Option<i64>>> =
                    fields["minor"].split(',').map(|level| level.split('/').map(price).collect()).collect();
                Command::SetPrices(Prices::new(&levels).expect("prices").into())
            }
            // The house with `_` for a space and `~` for `=`.
            "swap" => {
                let house = fields["to"].replace('_', " ").replace('~', "=");
                Command::SwapManifest { manifest: Arc::new(Manifest::build(&map(&house)).unwrap()) }
            }
            other => panic!("no command {other}"),
        })
    }

    /// The rules as they are, with some changed: `ttl=60 max=4 fan_max=6 orphans=forbid ...`.
    fn rules(&self, fields: &HashMap<&str, &str>) -> Rules {
        let mut rules = *self.state.rules();
        for (field, value) in fields {
            let seconds = || Duration::from_secs(value.parse().expect("seconds"));
            match *field {
                "ttl" => rules.hold_ttl = seconds(),
                "extension" => rules.extension = seconds(),
                "max" => rules.seats_per_hold_max = value.parse().unwrap(),
                "fan_max" => rules.tickets_per_fan_max = Some(value.parse().unwrap()),
                "opens" => rules.opens_at = Some(self.time(value)),
                "closes" => rules.closes_at = Some(self.time(value)),
                "starts" => rules.starts_at = Some(self.time(value)),
                "orphans" => {
                    rules.orphans = match *value {
                        "forbid" => Orphans::Forbid,
                        "avoid" => Orphans::Avoid,
                        _ => Orphans::Ignore,
                    }
                }
                "status" => {
                    rules.status = match *value {
                        "on" => SaleStatus::OnSale,
                        "off" => SaleStatus::OffSale,
                        _ => SaleStatus::Cancelled,
                    }
                }
                "accessible" => {
                    rules.accessible = match *value {
                        "never" => AccessibleRelease::Never,
                        "always" => AccessibleRelease::Always,
                        "sold_out" => AccessibleRelease::RestSoldOut,
                        at => AccessibleRelease::At(self.time(at)),
                    }
                }
                other => panic!("no rule {other}"),
            }
        }
        rules
    }

    /// Decides and applies. Every command is decided twice and every fact goes through its
    /// journal form, for neither may make a difference.
    fn answer(&mut self, command: Command) -> String {
        let outcome = match self.state.decide(self.at, &command) {
            Ok(outcome) => outcome,
            Err(refusal) => return self.refused(&refusal),
        };
        match outcome {
            Outcome::Unchanged(Answer::Done) => "same done".into(),
            Outcome::Unchanged(Answer::Hold(view)) => format!("same {}", self.view(&view)),
            Outcome::Changed(fact) => {
                let mut bytes = Vec::new();
                fact.encode(&mut bytes);
                let mut read = Fact::decode(&bytes).unwrap();
                assert_eq!(read, fact);
                if let (Some(_), Fact::Opened { manifest, .. } | Fact::ManifestSwapped { manifest }) =
                    (read.needs(), &fact)
                {
                    read.resolve(manifest.get().unwrap().clone());
                }
                let version = self.state.version();
                assert_eq!(self.state.apply(self.at, &read, &mut self.changes), version + 1);
                match self.state.answer(&read) {
                    Answer::Done => "done".into(),
                    Answer::Hold(view) => self.view(&view),
                }
            }
        }
    }

    fn refused(&self, refusal: &Refusal) -> String {
        let seats = match refusal {
            Refusal::SeatUnavailable(seats)
            | Refusal::AccessibleOnly(seats)
            | Refusal::MapLosesSeats(seats)
            | Refusal::NotOwned(seats) => seats.as_slice().to_vec(),
            Refusal::OrphanSeat { leaves } => vec![*leaves],
            _ => Vec::new(),
        };
        let numbers = match refusal {
            Refusal::CapacityBelowSold { in_use } => format!(" {in_use} in use"),
            _ => String::new(),
        };
        seats.iter().fold(format!("refused {}{numbers}", refusal.code()), |text, seat| {
            format!("{text} {}", self.seat_name(*seat))
        })
    }

    /// `held A1 A2 until 300 for 200`
    fn view(&self, view: &HoldView) -> String {
        let mut text = match view.status {
            HoldStatus::Held => "held".to_owned(),
            HoldStatus::Sold => format!("sold {}", self.name(view.order.expect("a sold hold has an order"))),
            HoldStatus::Released => "released".to_owned(),
            HoldStatus::Expired => "expired".to_owned(),
        };
        for place in view.places.iter() {
            text += &match place {
                Place::Seat { seat, .. } => format!(" {}", self.seat_name(seat)),
                Place::Area { area, quantity, .. } => format!(" {}:{quantity}", self.state.manifest().area_id(area)),
            };
        }
        format!("{text} until {} for {}", self.seconds(view.expires_at), view.total_minor())
    }
}
