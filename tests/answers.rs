//! Every starter, solution and wrong answer with the check of its exercise. Most of
//! these tests must fail: `tests/exercises.rs` runs each of them and looks how.

#![allow(dead_code, reason = "an answer's `main` is not called here")]

#[path = "../lessons/03_gather"]
mod gather {
    #[path = "solution.rs"]
    mod solution;
    #[path = "starter.rs"]
    mod starter;
    mod wrong {
        mod await_in_a_loop;
        mod first_come;
        mod in_turn_within_a_city;
        mod join_all_of_awaited;
        mod not_found_ignored;
        mod one_fails_all_fail;
        mod spawn_and_wait;
        mod two_at_a_time;
    }
}

#[path = "../lessons/04_bounded"]
mod bounded {
    #[path = "solution.rs"]
    mod solution;
    #[path = "starter.rs"]
    mod starter;
    mod wrong {
        mod buffered;
        mod detached;
        mod in_batches;
        mod last_first;
        mod long_enough;
        mod one_by_one;
        mod one_too_many;
        mod permit_before_future;
        mod permit_dropped;
        mod unordered;
    }
}

#[path = "../lessons/06_errors"]
mod errors {
    #[path = "solution.rs"]
    mod solution;
    #[path = "starter.rs"]
    mod starter;
    mod wrong {
        mod connect_first;
        mod decode_first;
        mod detached;
        mod first_come;
        mod headers_only;
        mod in_turn;
        mod no_deadline;
        mod no_source;
        mod one_fails_all_fail;
        mod said_twice;
        mod source_of_source;
        mod status_ignored;
        mod swallowed;
        mod unwrap;
    }
}
