//! Seats for a party that does not fit side by side.
//!
//! Fewest pieces first, then no piece of one where that can be had, then closeness: the pieces in
//! one row or two neighbouring ones and beside each other, else in one section, else anywhere.
//! Two pieces are searched exhaustively for closeness; three and more are put together greedily
//! around each row. It is rare: a house with no room for the party as a whole is nearly sold out.

use std::ops::ControlFlow;

use super::Orphans;
use super::best::{Search, Window};
use super::manifest::Row;

/// Quarters of a seat two pieces in one row may be apart and still count as close: two seats.
const GAP_MAX: i32 = 8;

/// Neighbouring free seats between taken ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    seat: u32,
    count: u32,
}

/// What a set of pieces must be.
#[derive(Clone, Copy)]
struct Shape {
    pieces: u32,
    /// Seats in the smallest piece.
    least: u32,
}

/// Pieces that have `count` seats in total, `None` when not even single seats are left.
pub(super) fn split(search: &Search, count: u32) -> Option<Vec<Window>> {
    for pieces in 2..=count {
        for least in [2, 1] {
            if least * pieces > count {
                continue;
            }
            let shape = Shape { pieces, least };
            let found = close(search, count, shape).or_else(|| in_a_section(search, count, shape));
            if let Some(found) = found.or_else(|| anywhere(search, count, shape)) {
                return Some(found);
            }
        }
    }
    None
}

/// Around the best row where that works.
fn close(search: &Search, count: u32, shape: Shape) -> Option<Vec<Window>> {
    let manifest = &search.state.manifest;
    let mut found = None;
    search.rows_fitting(count.div_ceil(shape.pieces), |row| {
        let section = manifest.section_rows(row.section);
        let at = manifest.row_index(row.first_seat);
        let around = at.saturating_sub(1).max(section.start)..(at + 2).min(section.end);
        let anchors = runs(search, std::iter::once(row));
        let pool = runs(search, around.map(|row| &manifest.rows[row as usize]));
        found = if shape.pieces == 2 {
            pair(search, count, shape, &anchors, &pool)
        } else {
            let beside = |one: Run| {
                let near = |anchor: &Run| gap(search, whole(*anchor), whole(one)) <= 4 * count as i32;
                pool.iter().copied().filter(near).collect::<Vec<_>>()
            };
            anchors.iter().find_map(|anchor| pick(search, count, shape, beside(*anchor)))
        };
        if found.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    found
}

/// The best two pieces of which the larger lies in one of `anchors` and the other beside it.
fn pair(search: &Search, count: u32, shape: Shape, anchors: &[Run], pool: &[Run]) -> Option<Vec<Window>> {
    let mut best: Option<((u32, u32), [Window; 2])> = None;
    for one in anchors {
        let near = |two: &&Run| two.seat != one.seat && gap(search, whole(*one), whole(**two)) <= GAP_MAX;
        for two in pool.iter().filter(near) {
            for large in count.div_ceil(2)..=one.count.min(count - shape.least) {
                for first in positions(search, *one, large) {
                    for second in positions(search, *two, count - large) {
                        let cost = (first.orphans + second.orphans, first.rank + second.rank);
                        if best.is_none_or(|(best, _)| cost < best) && beside(search, first, second) {
                            best = Some((cost, [first, second]));
                        }
                    }
                }
            }
        }
    }
    best.map(|(_, pieces)| pieces.to_vec())
}

fn in_a_section(search: &Search, count: u32, shape: Shape) -> Option<Vec<Window>> {
    let manifest = &search.state.manifest;
    let sections = match search.section {
        Some(only) => only..only + 1,
        None => 0..manifest.sections() as u16,
    };
    let found = sections.filter_map(|section| {
        let rows = manifest.section_rows(section).map(|row| &manifest.rows[row as usize]);
        pick(search, count, shape, runs(search, rows))
    });
    found.min_by_key(|pieces| pieces.iter().map(|piece| piece.rank).sum::<u32>())
}

fn anywhere(search: &Search, count: u32, shape: Shape) -> Option<Vec<Window>> {
    if search.section.is_some() {
        return None;
    }
    pick(search, count, shape, runs(search, search.state.manifest.rows.iter()))
}

/// Takes piece after piece from the best run that still lets the others be found.
fn pick(search: &Search, count: u32, shape: Shape, mut pool: Vec<Run>) -> Option<Vec<Window>> {
    pool.retain(|run| run.count >= shape.least);
    pool.sort_by_key(|run| (search.state.manifest.row_rank(run.seat), run.seat));
    let (mut left, mut pieces) = (count, Vec::new());
    for more in (0..shape.pieces).rev() {
        let most = left.checked_sub(more * shape.least)?;
        let (at, window) = (0..pool.len()).find_map(|at| {
            let mut sizes = (shape.least..=most.min(pool[at].count)).rev();
            sizes.find_map(|size| {
                let fits = room(&pool, at, more) >= left - size && (more > 0 || size == left);
                let best = || positions(search, pool[at], size).min_by_key(|window| window.cost());
                if fits { best().map(|window| (at, window)) } else { None }
            })
        })?;
        left -= window.count;
        pieces.push(window);
        pool.swap_remove(at);
        pool.sort_by_key(|run| (search.state.manifest.row_rank(run.seat), run.seat));
    }
    Some(pieces)
}

/// Seats in the `pieces` longest runs of the pool, the one at `except` left out.
fn room(pool: &[Run], except: usize, pieces: u32) -> u32 {
    let mut longest: Vec<u32> = (0..pool.len()).filter(|at| *at != except).map(|at| pool[at].count).collect();
    longest.sort_unstable_by(|one, two| two.cmp(one));
    if longest.len() < pieces as usize { 0 } else { longest.iter().take(pieces as usize).sum() }
}

fn runs<'row>(search: &Search, rows: impl Iterator<Item = &'row Row>) -> Vec<Run> {
    let mut all = Vec::new();
    rows.for_each(|row| search.runs_in(row, |seat, count| all.push(Run { seat, count })));
    all
}

/// Windows of `size` in a run; only those that leave nobody alone where that is forbidden.
fn positions(search: &Search, run: Run, size: u32) -> impl Iterator<Item = Window> {
    let starts = 0..(run.count + 1).saturating_sub(size);
    starts
        .map(move |before| {
            let (seat, after) = (run.seat + before, run.count - size - before);
            if search.sees_all() {
                let orphans = u32::from(before == 1) + u32::from(after == 1);
                Window { orphans, rank: search.state.manifest.rank_sum(seat, size), seat, count: size }
            } else {
                search.window(seat, size)
            }
        })
        .filter(|window| search.orphans != Orphans::Forbid || window.orphans == 0)
}

fn whole(run: Run) -> Window {
    Window { orphans: 0, rank: 0, seat: run.seat, count: run.count }
}

/// Where a window lies along its row, in quarters of a seat.
fn extent(search: &Search, window: Window) -> (i32, i32) {
    let manifest = &search.state.manifest;
    let (first, last) = (manifest.lateral(window.seat), manifest.lateral(window.seat + window.count - 1));
    (i32::from(first.min(last)) - 2, i32::from(first.max(last)) + 2)
}

/// How far two windows are apart along their rows; negative when they overlap.
fn gap(search: &Search, one: Window, two: Window) -> i32 {
    let (one, two) = (extent(search, one), extent(search, two));
    one.0.max(two.0) - one.1.min(two.1)
}

/// In one row with little between them, or in two rows with half of the smaller one before or
/// behind the other.
fn beside(search: &Search, one: Window, two: Window) -> bool {
    let manifest = &search.state.manifest;
    if manifest.row_index(one.seat) == manifest.row_index(two.seat) {
        return gap(search, one, two) <= GAP_MAX;
    }
    let width = |window| {
        let (from, to) = extent(search, window);
        to - from
    };
    -gap(search, one, two) * 2 >= width(one).min(width(two))
}
