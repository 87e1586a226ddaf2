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

#[path = "../lessons/05_pool"]
mod pool {
    #[path = "solution.rs"]
    mod solution;
    #[path = "starter.rs"]
    mod starter;
    mod wrong {
        mod both_before_either;
        mod failure_is_none;
        mod held_for_nothing;
        mod in_turn;
        mod inner_join;
        mod nested;
        mod one_connection;
        mod query_one;
        mod sum_of_nothing;
        mod transaction_left_open;
        mod unwrap;
    }
}
