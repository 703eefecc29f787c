//! Every rule of the engine, one behaviour a test.

use crate::script::{check, check_in};

#[test]
fn a_hold_takes_its_seats_until_it_expires() {
    check(
        "at 0   hold H1 fan=ann seats=A1,A2 -> held A1 A2 until 300 for 200
         at 1   hold H2 fan=bob seats=A2,A3 -> refused seat_unavailable A2
                row A                       -> hh........
         at 299 expire                      -> expired next 300
         at 300 expire                      -> expired H1 next none
                row A                       -> ..........
                hold H2 fan=bob seats=A2,A3 -> held A2 A3 until 600",
    );
}

#[test]
fn an_expired_hold_frees_its_seat() {
    check(
        "at 0    hold H1 fan=ann seats=A1   -> held until 300
         at 301  sell H1 order=O1           -> refused hold_expired
         at 301  expire                     -> expired H1
         at 301  hold H2 fan=bob seats=A1   -> held until 601",
    );
}

#[test]
fn a_hold_is_valid_to_the_last_moment_and_not_longer() {
    check(
        "at 0       hold H1 fan=ann seats=A1 -> held until 300
         at 0       hold H2 fan=ann seats=A2 -> held until 300
         at 299.999 sell H1 order=O1         -> sold O1 A1
         at 300     sell H2 order=O1         -> refused hold_expired
                    extend H2 fan=ann        -> refused hold_expired
                    expire                   -> expired H2
                    sell H2 order=O1         -> refused hold_expired",
    );
}

#[test]
fn a_hold_ends_once() {
    check(
        "hold H1 fan=ann seats=A1 -> held
         sell H1 order=O1         -> sold O1
         release H1 by=ann        -> refused hold_ended
         sell H1 order=O2         -> refused hold_ended
         extend H1 fan=ann        -> refused hold_ended
         hold H2 fan=ann seats=A2 -> held
         release H2 by=ann        -> done
         sell H2 order=O1         -> refused hold_ended
         extend H2 fan=ann        -> refused hold_ended
         at 400 expire            -> expired next none
         row A                    -> s.........",
    );
}

#[test]
fn asking_again_gets_the_same_answer_and_changes_nothing() {
    check(
        "hold H1 fan=ann seats=A1 -> held A1 until 300
         at 5 hold H1 fan=ann seats=A1 -> same held A1 until 300
         release H1 by=ann        -> done
         release H1 by=ann        -> same done
         release H1 by=staff      -> same done
         hold H2 fan=ann seats=A1 -> held
         sell H2 order=O1         -> sold O1 A1
         at 900 sell H2 order=O1  -> same sold O1 A1
         return O1 seats=A1       -> done
         return O1 seats=A1       -> same done
         sell H2 order=O1         -> refused hold_ended
         block seats=A5           -> done
         block seats=A5           -> same done
         unblock seats=A5,A6      -> done
         unblock seats=A5         -> same done",
    );
}

#[test]
fn a_stranger_s_hold_looks_like_none() {
    check(
        "hold H1 fan=ann seats=A1   -> held
         release H1 by=bob          -> refused not_found
         release H9 by=bob          -> refused not_found
         extend H1 fan=bob          -> refused not_found
         sell H1 fan=bob order=O1   -> refused not_found
         sell H9 fan=bob order=O1   -> refused not_found
         hold H1 fan=bob seats=A2   -> refused not_found
         show H1                    -> held A1
         release H1 by=staff        -> done",
    );
}

#[test]
fn an_idempotency_key_answers_as_the_first_time() {
    check(
        "at 0   hold H1 fan=ann seats=A1 key=k body=1   -> held A1 until 300
         at 9   hold H2 fan=ann seats=A1 key=k body=1   -> same held A1 until 300
                hold H3 fan=ann seats=A2 key=k body=2   -> refused idempotency_mismatch
                extend H1 fan=ann                       -> held until 300
                hold H2 fan=ann seats=A1 key=k body=1   -> same held until 300
         at 200 hold H4 fan=ann seats=A2 key=l          -> held until 500
         at 400 extend H4 fan=ann                       -> held until 580
                hold H5 fan=ann seats=A2 key=l          -> same held until 500
         at 600 expire                                  -> expired H1 H4
                hold H5 fan=ann seats=A2 key=l          -> same held until 500
                show H4                                 -> expired A2
                row A                                   -> ..........",
    );
}

#[test]
fn a_key_outlives_its_sale_and_refund() {
    check(
        "hold H1 fan=ann seats=A1,A2 key=k -> held A1 A2 for 200
         sell H1 order=O1                  -> sold
         return O1 seats=A1,A2             -> done
         hold H2 fan=ann seats=A1,A2 key=k -> same held A1 A2 until 300 for 200
         row A                             -> ..........",
    );
}

#[test]
fn a_key_is_forgotten_after_a_day() {
    check(
        "at 0     hold H1 fan=ann seats=A1 key=k -> held
         at 1     release H1 by=ann              -> done
         at 86399 hold H2 fan=bob seats=A1 key=l -> held
         at 86399 hold H3 fan=ann seats=A1 key=k -> same held A1 until 300
         at 86400 hold H4 fan=bob seats=A2 key=m -> held
         at 86401 hold H5 fan=ann seats=A3 key=k -> held A3",
    );
}

#[test]
fn a_hold_is_extended_once_from_the_moment_of_payment() {
    check(
        "at 0   hold H1 fan=ann seats=A1 -> held until 300
         at 290 extend H1 fan=ann        -> held until 470
         at 460 extend H1 fan=ann        -> same held until 470
         at 469 sell H1 order=O1         -> sold
         at 500 hold H2 fan=ann seats=A2 -> held until 800
         at 501 extend H2 fan=ann        -> held until 800",
    );
}

#[test]
fn holds_expire_in_order_of_their_deadlines_not_of_their_making() {
    check(
        "at 0   hold H1 fan=ann seats=A1 -> held until 300
         at 1   rules ttl=60             -> done
         at 2   hold H2 fan=bob seats=A2 -> held until 62
         at 3   rules ttl=600            -> done
         at 4   hold H3 fan=cat seats=A3 -> held until 604
         at 5   hold H4 fan=cat seats=A4 -> held until 605
         at 200 extend H1 fan=ann        -> held until 380
         at 210 release H3 by=cat        -> done
         at 620 expire                   -> expired H2 H1 H4 next none",
    );
}

#[test]
fn owners_are_warned_once_half_a_minute_before() {
    check(
        "at 0   hold H1 fan=ann seats=A1 -> held until 300
         at 10  hold H2 fan=bob seats=A2 -> held until 310
         at 20  hold H3 fan=bob seats=A3 -> held until 320
         at 269 warn                     -> warned
         at 270 warn                     -> warned H1
         at 271 warn                     -> warned
         at 275 release H2 by=bob        -> done
         at 290 extend H1 fan=ann        -> held until 470
         at 295 warn                     -> warned H3
         at 439 warn                     -> warned
         at 440 warn                     -> warned H1",
    );
}

#[test]
fn holds_are_taken_only_while_the_sale_is_open() {
    check(
        "at 0   rules opens=100 closes=200 -> done
         at 99  hold H1 fan=ann seats=A1   -> refused not_on_sale
         at 100 hold H1 fan=ann seats=A1   -> held until 400
         at 199 hold H2 fan=ann seats=A2   -> held
         at 200 hold H3 fan=ann seats=A3   -> refused not_on_sale
         at 201 sell H1 order=O1           -> sold
                rules status=cancelled     -> done
                sell H2 order=O1           -> refused not_on_sale
                release H2 by=ann          -> done
                return O1 seats=A1         -> done",
    );
    check(
        "rules status=off         -> done
         hold H1 fan=ann seats=A1 -> refused not_on_sale",
    );
}

#[test]
fn a_hold_goes_over_to_another_fan_whole() {
    check(
        "at 0   hold H1 fan=guest seats=A1,A2          -> held A1 A2 until 300 for 200
         at 10  hand-over H1 from=guest to=ann         -> held A1 A2 until 300 for 200
                fan guest                              -> tickets 0 holds 0
                fan ann                                -> tickets 2 holds 1
                row A                                  -> hh........
                release H1 by=guest                    -> refused not_found
                extend H1 fan=guest                    -> refused not_found
                sell H1 fan=guest order=O1             -> refused not_found
                hand-over H1 from=guest to=ann         -> held
                hand-over H1 from=guest to=bob         -> refused not_found
                hand-over H9 from=guest to=ann         -> refused not_found
         at 299 sell H1 fan=ann order=O1               -> sold O1 A1 A2
                hand-over H1 from=ann to=bob           -> refused hold_ended
                fan ann                                -> tickets 2 holds 0
                hold H2 fan=guest seats=A5             -> held until 599
                hand-over H2 from=bob to=ann           -> refused not_found
         at 599 hand-over H2 from=guest to=ann         -> refused hold_expired
                expire                                 -> expired H2
                hand-over H2 from=guest to=ann         -> refused hold_expired
                hold H3 fan=guest seats=A5             -> held
                release H3 by=guest                    -> done
                hand-over H3 from=guest to=ann         -> refused hold_ended",
    );
}

#[test]
fn a_hold_that_is_handed_over_expires_and_counts_with_its_new_fan() {
    check(
        "       rules fan_max=4 -> done
         at 0   hold H1 fan=guest seats=A1,A2,A3       -> held until 300
                hold H2 fan=ann seats=B1,B2            -> held
                hand-over H1 from=guest to=ann         -> refused ticket_limit
                fan guest                              -> tickets 3 holds 1
                release H2 by=ann                      -> done
                hand-over H1 from=guest to=ann         -> held
                hold H3 fan=guest seats=B1,B2,B3,B4    -> held
                hold H4 fan=ann seats=A5,A6            -> refused ticket_limit
         at 300 expire                                 -> expired
                fan ann                                -> tickets 0 holds 0
                row A                                  -> ..........",
    );
}

#[test]
fn a_key_does_not_show_what_was_handed_over() {
    check(
        "hold H1 fan=guest seats=A1 key=k body=1   -> held
         hand-over H1 from=guest to=ann        -> held
         hold H2 fan=guest seats=A1 key=k body=1   -> refused not_found",
    );
}

#[test]
fn limits_are_per_hold_and_per_fan() {
    check(
        "rules max=4 fan_max=5               -> done
         hold H1 fan=ann seats=A1,A2,A3,A4,A5 -> refused too_many_seats
         hold H1 fan=ann best=5              -> refused too_many_seats
         hold H1 fan=ann seats=A1,A2,A3      -> held
         hold H2 fan=ann seats=A4,A5,A6      -> refused ticket_limit
         hold H2 fan=ann best=3              -> refused ticket_limit
         hold H2 fan=ann area=floor:3        -> refused ticket_limit
         hold H2 fan=ann area=floor:2        -> held
         fan ann                             -> tickets 5 holds 2
         hold H3 fan=bob seats=A4            -> held
         sell H1 order=O1                    -> sold
         fan ann                             -> tickets 5 holds 1
         hold H4 fan=ann seats=A5            -> refused ticket_limit
         release H2 by=ann                   -> done
         return O1 seats=A3                  -> done
         fan ann                             -> tickets 2 holds 0
         hold H4 fan=ann seats=A5,A6,A7      -> held",
    );
}

#[test]
fn what_is_not_there_or_named_twice_is_refused() {
    check(
        "hold H1 fan=ann seats=A11        -> refused unknown_seat
         hold H1 fan=ann seats=A1,A1      -> refused invalid_field
         hold H1 fan=ann area=floor:0     -> refused invalid_field
         hold H1 fan=ann area=cellar:1    -> refused invalid_field
         hold H1 fan=ann best=0           -> refused invalid_field
         hold H1 fan=ann best=2 level=no  -> refused invalid_field
         hold H1 fan=ann best=2 section=X -> refused invalid_field
         hold H1 fan=ann best=2 accessible=1 companions=2 -> refused invalid_field
         hold H1 fan=ann best=2 companions=1 -> refused invalid_field
         hold H1 fan=ann seats=A1 type=2  -> refused invalid_field
         hold H1 fan=ann best=2 type=2    -> refused invalid_field
         block seats=A99                  -> refused unknown_seat
         capacity area=cellar:1           -> refused invalid_field",
    );
}

#[test]
fn a_ticket_type_has_its_price_and_its_levels() {
    check_in(
        "A=....2222",
        "hold H1 fan=ann seats=A1 type=1       -> held for 50
         hold H2 fan=ann seats=A5 type=1       -> refused invalid_field
         hold H2 fan=ann seats=A5              -> held for 200
         hold H3 fan=ann best=2 type=1         -> held A3 A4
         hold H4 fan=ann best=2 level=two      -> held A6 A7
         hold H5 fan=ann best=2 level=two type=1 -> refused invalid_field",
    );
}

#[test]
fn prices_are_frozen_when_the_hold_is_taken() {
    check(
        "hold H1 fan=ann seats=A1,A2     -> held for 200
         prices minor=150/75,300/-       -> done
         prices minor=150/75,300/-       -> same done
         show H1                         -> held for 200
         hold H2 fan=ann seats=A3,A4     -> held for 300
         sell H1 order=O1                -> sold for 200
         prices minor=150/75             -> refused invalid_field",
    );
}

#[test]
fn areas_count_and_never_overflow() {
    check(
        "hold H1 fan=ann area=floor:8   -> held floor:8 until 300 for 800
         hold H2 fan=bob area=floor:8   -> held
         hold H3 fan=cat area=floor:5   -> refused sold_out
         block area=floor:5             -> refused capacity_below_sold 16 in use
         block area=floor:4             -> done
         block area=floor:4             -> same done
         hold H3 fan=cat area=floor:1   -> refused sold_out
         block area=floor:0             -> done
         capacity area=floor:15         -> refused capacity_below_sold 16 in use
         capacity area=floor:16         -> done
         hold H3 fan=cat area=floor:1   -> refused sold_out
         sell H1 order=O1               -> sold
         area floor                     -> held 8 sold 8 blocked 0 left 0
         release H2 by=bob              -> done
         hold H3 fan=cat seats=A1 area=floor:2 -> held A1 floor:2 for 300
         area floor                     -> held 2 sold 8 blocked 0 left 6",
    );
}

#[test]
fn a_hold_is_all_or_nothing() {
    check(
        "hold H1 fan=ann seats=B1                -> held
         hold H2 fan=bob seats=A1,A2,B1,B2       -> refused seat_unavailable B1
         row A                                   -> ..........
         hold H2 fan=bob seats=A1 area=floor:9   -> held
         hold H3 fan=cat seats=A2 area=floor:9   -> held
         hold H4 fan=dan seats=A3 area=floor:3   -> refused sold_out
         row A                                   -> hh........",
    );
}

#[test]
fn only_what_an_order_owns_returns_to_sale() {
    check(
        "hold H1 fan=ann seats=A1,A2 area=floor:3 -> held
         sell H1 order=O1                    -> sold O1
         hold H2 fan=ann seats=A3            -> held
         sell H2 order=O1                    -> sold O1
         hold H3 fan=bob seats=A4            -> held
         sell H3 order=O2                    -> sold O2
         return O1 seats=A1,A4               -> refused not_found A4
         return O1 seats=A5                  -> refused not_found A5
         return O9 seats=A1                  -> refused not_found
         return O1 area=floor:4              -> refused not_found
         return O1 seats=A1,A3 area=floor:1  -> done
         row A                               -> .s.s......
         area floor                          -> sold 2 left 18
         return O1 seats=A1,A3 area=floor:1  -> same done
         return O1 area=floor:3              -> done
         area floor                          -> sold 0 left 20
         hold H4 fan=bob seats=A1            -> held
         return O1 seats=A1                  -> same done
         sell H1 order=O1                    -> same sold O1 A1 A2 floor:3
         sell H2 order=O1                    -> refused hold_ended",
    );
}

#[test]
fn staff_blocks_what_is_free_and_puts_it_back() {
    check(
        "hold H1 fan=ann seats=A1    -> held
         block seats=A1,A2           -> refused seat_unavailable A1
         block seats=A2,A3,A2        -> done
         row A                       -> h##.......
         hold H2 fan=bob seats=A3    -> refused seat_unavailable A3
         unblock seats=A1,A2,A3      -> done
         row A                       -> h.........",
    );
}

#[test]
fn accessible_places_are_kept_for_those_who_need_them() {
    check(
        "hold H1 fan=ann seats=W4                  -> refused accessible_only W4
         hold H1 fan=ann seats=W3,A1               -> refused accessible_only W3
         hold H1 fan=ann seats=W3 need=accessible  -> refused accessible_only W3
         hold H1 fan=ann seats=W3,W4 need=accessible -> held W3 W4
         hold H2 fan=bob best=8                    -> held A1
         rules accessible=always                   -> done
         hold H3 fan=cat seats=W5                  -> held W5",
    );
    check(
        "at 0  rules accessible=100      -> done
         at 99 hold H1 fan=ann seats=W4  -> refused accessible_only
         at 100 hold H1 fan=ann seats=W4 -> held",
    );
    check_in(
        "A=.. W=cw",
        "rules accessible=sold_out       -> done
         hold H1 fan=ann best=1          -> held
         hold H2 fan=ann seats=W2        -> refused accessible_only
         hold H3 fan=bob best=1          -> held
         hold H4 fan=cat best=2          -> refused sold_out
         sell H1 order=O1                -> sold O1
         block seats=A2                  -> refused seat_unavailable A2
         hold H4 fan=cat seats=W2        -> refused accessible_only
         sell H3 order=O2                -> sold O2
         hold H4 fan=cat best=2          -> held W1 W2
         release H4 by=cat               -> done
         return O1 seats=A1              -> done
         hold H5 fan=cat seats=W2        -> refused accessible_only
         block seats=A1                  -> done
         hold H5 fan=cat seats=W2        -> held",
    );
}

#[test]
fn the_best_seats_for_a_wheelchair_have_companions_beside_them() {
    check(
        "hold H1 fan=ann best=2 accessible=1 companions=1 -> held W3 W4
         hold H2 fan=bob best=2 accessible=1 companions=1 -> held W5 W6
         hold H3 fan=cat best=1 accessible=1              -> refused sold_out
         hold H4 fan=cat best=2                           -> held A5 A6",
    );
    check("hold H1 fan=ann best=4 accessible=2 companions=2 -> held W3 W4 W5 W6");
    // Without companion seats beside it, the companion sits on an ordinary one.
    check_in("A=..w..", "hold H1 fan=ann best=3 accessible=1 companions=2 -> held A2 A3 A4");
    // The rest of the party sits close by.
    check("hold H1 fan=ann best=4 accessible=1 companions=1 -> held A5 A6 W3 W4");
    // Spaces apart when there are none side by side.
    check_in("A=wc...wc", "hold H1 fan=ann best=4 accessible=2 companions=2 -> held A1 A2 A6 A7");
}

#[test]
fn a_pick_that_leaves_a_lone_seat_is_told_which_to_add() {
    check(
        "rules orphans=forbid         -> done
         hold H1 fan=ann seats=A2,A3  -> refused orphan_seat A1
         hold H1 fan=ann seats=A1,A2  -> held
         hold H2 fan=ann seats=A4     -> refused orphan_seat A3
         hold H2 fan=ann seats=A3,A4  -> held
         hold H3 fan=ann seats=B4     -> refused orphan_seat B5
         hold H3 fan=ann seats=B4,B5  -> held
         hold H4 fan=ann seats=A5,A7  -> refused orphan_seat A6
         hold H4 fan=ann seats=A5,A10 -> held",
    );
    // A seat that was alone before is nobody's fault, and taking all that is left is fine.
    check_in(
        "A=.|..|... B=....................",
        "rules orphans=forbid         -> done
         hold H1 fan=ann seats=A2,A3  -> held
         hold H2 fan=ann seats=A4,A5  -> refused orphan_seat A6
         hold H2 fan=ann seats=A4,A5,A6 -> held",
    );
    check(
        "rules orphans=avoid          -> done
         hold H1 fan=ann seats=A2,A3  -> held",
    );
}

#[test]
fn the_lone_seat_rule_yields_near_the_start_and_when_nearly_sold_out() {
    check(
        "at 0    rules orphans=forbid starts=10000 -> done
         at 2800 hold H1 fan=ann seats=A2          -> refused orphan_seat A1
         at 2801 hold H1 fan=ann seats=A2          -> held",
    );
    check_in(
        "A=...... B=.................... C=.................... D=.................... E=.................... F=.................... G=....................",
        "rules orphans=forbid          -> done
         block seats=B1,B2,B3,B4,B5,B6,B7,B8,B9,B10,B11,B12,B13,B14,B15,B16,B17,B18,B19,B20 -> done
         block seats=C1,C2,C3,C4,C5,C6,C7,C8,C9,C10,C11,C12,C13,C14,C15,C16,C17,C18,C19,C20 -> done
         block seats=D1,D2,D3,D4,D5,D6,D7,D8,D9,D10,D11,D12,D13,D14,D15,D16,D17,D18,D19,D20 -> done
         block seats=E1,E2,E3,E4,E5,E6,E7,E8,E9,E10,E11,E12,E13,E14,E15,E16,E17,E18,E19,E20 -> done
         block seats=F1,F2,F3,F4,F5,F6,F7,F8,F9,F10,F11,F12,F13,F14,F15,F16,F17,F18,F19,F20 -> done
         hold H1 fan=ann seats=A2      -> refused orphan_seat A1
         block seats=G1,G2,G3,G4,G5,G6,G7,G8,G9,G10,G11,G12,G13,G14,G15,G16,G17,G18,G19,G20 -> done
         hold H1 fan=ann seats=A2      -> held",
    );
}

#[test]
fn the_best_seats_are_together_central_and_leave_nobody_alone() {
    check("hold H1 fan=ann best=4 -> held A4 A5 A6 A7");
    check_in("A=.....", "hold H1 fan=ann best=3 -> held A1 A2 A3");
    // Four of five leave one alone wherever they sit, so the next row is better.
    check_in("A=..... B=......", "hold H1 fan=ann best=4 -> held B1 B2 B3 B4");
    // Unless the rule says not to mind.
    check_in(
        "A=..... B=......",
        "rules orphans=ignore   -> done
         hold H1 fan=ann best=4 -> held A1 A2 A3 A4",
    );
    // And rather one alone than none together.
    check_in("A=.....", "hold H1 fan=ann best=4 -> held A1 A2 A3 A4");
    check_in(
        "A=.....",
        "rules orphans=forbid   -> done
         hold H1 fan=ann best=4 -> refused sold_out
         hold H2 fan=ann best=5 -> held A1",
    );
}

#[test]
fn an_aisle_parts_neighbours() {
    check_in(
        "A=..|.. B=...",
        "hold H1 fan=ann best=3 -> held B1 B2 B3
         hold H2 fan=ann best=2 -> held A1 A2",
    );
}

#[test]
fn a_party_that_does_not_fit_is_split_into_few_close_pieces() {
    // Across the aisle, and behind each other rather than at both ends of the row.
    check_in("A=..|...|.. B=..|...|..", "hold H1 fan=ann best=5 -> held A1 A2 A3 A4 A5");
    check_in(
        "A=............ B=............",
        "block seats=A1,A5,A6,A7,A8,A9,B1,B4,B5,B6,B7,B8,B9,B10,B11,B12 -> done
         hold H1 fan=ann best=5 -> held A2 A3 A4 B2 B3",
    );
    // Never a single seat while there is another way.
    check_in("A=..|.|... B=..", "hold H1 fan=ann best=4 -> held A1 A2 B1 B2");
    // Only singles are left.
    check_in("A=.|.|.", "hold H1 fan=ann best=3 -> held A1 A2 A3");
    check_in("A=.|.|.", "hold H1 fan=ann best=4 -> refused sold_out");
    // In one section rather than in two.
    check_in("A=.. B=xx / A=..|..", "hold H1 fan=ann best=4 -> held");
    check_in(
        "A=.. / A=.. B=.. C=.. / A=..",
        "hold H1 fan=ann best=6 -> held T:A1 T:A2 T:B1 T:B2 T:C1 T:C2
         hold H2 fan=ann best=4 -> held A1 A2 U:A1 U:A2",
    );
}

#[test]
fn a_filter_keeps_the_search_inside() {
    check_in(
        "A=...... / A=....",
        "hold H1 fan=ann best=4 section=T -> held T:A1 T:A2 T:A3 T:A4
         hold H2 fan=ann best=2 section=T -> refused sold_out",
    );
    check_in(
        "A=22..22 B=2222",
        "hold H1 fan=ann best=4 level=two -> held B1 B2 B3 B4
         hold H2 fan=ann best=2 level=two -> held A1 A2
         hold H3 fan=ann best=4 level=two -> refused sold_out
         hold H4 fan=ann best=2 level=one -> held A3 A4",
    );
}

#[test]
fn of_equally_good_seats_the_cheaper_are_given() {
    check_in("A=2222 / A=....", "hold H1 fan=ann best=4 -> held T:A1");
}

#[test]
fn requests_spread_over_what_is_equally_good() {
    let mut seen = std::collections::HashSet::new();
    for spread in 0..40 {
        let house = "A=.... / A=.... / A=.... / A=....";
        for section in ["A1", "T:A1", "U:A1", "V:A1"] {
            let line = format!("hold H1 fan=ann best=4 spread={spread} -> held {section}");
            if std::panic::catch_unwind(|| check_in(house, &line)).is_ok() {
                seen.insert(section);
            }
        }
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}

#[test]
fn a_new_map_keeps_what_is_in_use_by_its_id() {
    check_in(
        "A=.... B=.... floor:10",
        "hold H1 fan=ann seats=A2,B1 area=floor:2     -> held A2 B1
         sell H1 order=O1                             -> sold
         hold H2 fan=bob seats=A3                     -> held
         block seats=B4                               -> done
         swap to=A~..._floor:10                       -> refused invalid_seat_map B1 B4
         swap to=A~.2.._B~...._floor:10               -> refused invalid_seat_map A2
         swap to=A~...._B~....                        -> refused invalid_seat_map
         swap to=A~...._B~...._floor:1                -> refused invalid_seat_map
         swap to=A~....._N~.._B~......_floor:12       -> done
         row A                                        -> .sh..
         row B                                        -> s..#..
         area floor                                   -> sold 2 left 10
         show H1                                      -> sold O1 A2 B1 floor:2
         return O1 seats=B1 area=floor:1              -> done
         sell H2 order=O2                             -> sold O2 A3
         hold H3 fan=cat seats=A5,N1                  -> held A5 N1
         swap to=A~....._N~.._B~......_floor:12       -> same done",
    );
}

#[test]
fn the_last_thousand_ended_holds_without_a_key_are_remembered() {
    let mut lines = String::from("hold F fan=ann seats=A1 -> held\n release F by=ann -> done\n");
    for number in 0..1_023 {
        lines += &format!("hold H{number} fan=ann seats=A1 -> held\n release H{number} by=ann -> done\n");
    }
    lines += "release F by=ann -> same done\n";
    lines += "hold L fan=ann seats=A1 -> held\n release L by=ann -> done\n release F by=ann -> refused not_found\n";
    lines += "fan ann -> tickets 0 holds 0\n";
    check(&lines);
}
