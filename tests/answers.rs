//! Every starter, solution and wrong answer with the check of its exercise. Most of
//! these tests must fail: `tests/exercises.rs` runs each of them and looks how.

#![allow(dead_code, reason = "an answer's `main` is not called here")]
#![allow(clippy::duplicate_mod, reason = "every answer has the same check")]

#[path = "../lessons/01_hello_await"]
mod hello_await {
    #[path = "solution.rs"]
    mod solution;
    #[path = "starter.rs"]
    mod starter;
    mod wrong {
        mod all_at_once;
        mod as_in_javascript;
        mod as_without_async;
        mod await_is_not_waited_for;
        mod both_at_once;
        mod dropped_one_runs;
        mod in_order_of_the_calls;
        mod one_is_still_lost;
        mod spawned_and_left;
        mod title_awaited_last;
    }
}

#[path = "../lessons/02_lazy"]
mod lazy {
    #[path = "solution.rs"]
    mod solution;
    #[path = "starter.rs"]
    mod starter;
    mod wrong {
        mod all_after_the_user;
        mod made_first_awaited_in_turn;
        mod messages_after_orders;
        mod spawn_and_wait;
        mod two_rounds;
        mod user_asked_twice;
        mod user_guessed;
    }
}

#[path = "../lessons/03_gather"]
mod gather {
    #[path = "solution.rs"]
    mod solution;
    #[path = "starter.rs"]
    mod starter;
    mod wrong {
        mod await_in_a_loop;
        mod first_come;
        mod four_at_a_time;
        mod in_turn_within_a_city;
        mod join_all_of_awaited;
        mod not_found_ignored;
        mod one_fails_all_fail;
        mod spawn_and_wait;
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
