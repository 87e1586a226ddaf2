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

#[path = "../lessons/07_pitfalls"]
mod pitfalls {
    #[path = "solution.rs"]
    mod solution;
    #[path = "starter.rs"]
    mod starter;
    mod wrong {
        mod as_they_come;
        mod async_block;
        mod await_in_a_loop;
        mod dropped_too_late;
        mod first_error_ends_it;
        mod handles_kept;
        mod not_awaited;
        mod number_read_again;
        mod one_place_after_the_other;
        mod only_panics_heard;
        mod saved_under_the_lock;
        mod select_in_a_loop;
    }
}
