//! What decides whether an exercise is solved.
pub mod event;
