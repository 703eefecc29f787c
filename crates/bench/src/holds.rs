//! Clients that ask for seats: of the product through its API, of the baselines in their form.

use std::io::Write;

use crate::baselines::ROWS;
use crate::load::Client;

/// SplitMix64, so that every run asks for the same seats in the same order.
#[derive(Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(mixed ^ mixed >> 31) * sides as u128) >> 64) as usize
    }

    /// Two to four seats below `seats`, each once.
    pub fn seats(&mut self, seats: usize) -> Vec<usize> {
        let count = 2 + self.roll(3);
        let mut picked = Vec::with_capacity(count);
        while picked.len() < count {
            let seat = self.roll(seats);
            if !picked.contains(&seat) {
                picked.push(seat);
            }
        }
        picked
    }
}

/// Which seats a run asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// Any seat of any event.
    Uniform,
    /// The first thousand seats of one event: after a moment all of them are taken.
    Hot,
}

const HOT_SEATS: usize = 1_000;

/// Posts holds to the product, signed in and with an idempotency key.
pub struct ProductClient<'a> {
    pub dice: Dice,
    pub spread: Spread,
    pub events: &'a [String],
    pub seats: &'a [String],
    pub tokens: &'a [String],
}

impl Client for ProductClient<'_> {
    fn request(&mut self, _: usize, out: &mut Vec<u8>) {
        let (events, seats) = match self.spread {
            Spread::Uniform => (self.events.len(), self.seats.len()),
            Spread::Hot => (1, HOT_SEATS),
        };
        let event = &self.events[self.dice.roll(events)];
        let mut body = Vec::with_capacity(96);
        for seat in self.dice.seats(seats) {
            let comma = if body.is_empty() { "{\"seats\":[" } else { "," };
            let _ = write!(body, "{comma}\"{}\"", self.seats[seat]);
        }
        body.extend_from_slice(b"]}");
        let token = &self.tokens[self.dice.roll(self.tokens.len())];
        let _ = write!(
            out,
            "POST /api/v1/events/{event}/holds HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {:016x}{:016x}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.dice.roll(usize::MAX),
            self.dice.roll(usize::MAX),
            body.len()
        );
        out.extend_from_slice(&body);
    }

    fn answer(&mut self, _: usize, status: u16, body: &[u8]) {
        assert!(matches!(status, 201 | 409), "a hold was answered with {status}: {}", String::from_utf8_lossy(body));
    }
}

/// Posts holds to a baseline.
pub struct BaselineClient {
    pub dice: Dice,
    pub spread: Spread,
}

impl Client for BaselineClient {
    fn request(&mut self, connection: usize, out: &mut Vec<u8>) {
        let seats = match self.spread {
            Spread::Uniform => ROWS as usize,
            Spread::Hot => HOT_SEATS,
        };
        let seats: Vec<String> = self.dice.seats(seats).iter().map(|seat| seat.to_string()).collect();
        let body = format!("{{\"fan\":{connection},\"seats\":[{}]}}", seats.join(","));
        let _ = write!(
            out,
            "POST /hold HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
    }

    fn answer(&mut self, _: usize, status: u16, body: &[u8]) {
        assert!(matches!(status, 201 | 409), "a hold was answered with {status}: {}", String::from_utf8_lossy(body));
    }
}
