//! The steps of a run, poll by poll, for the player below a timeline in the book.
//!
//! A step is one poll, or the drop of a future. If the order of the polls is not known,
//! as on the real clock, all of them that begin at the same time are one step.
//!
//! ```text
//! [scale, [title, [[label, queued, code, awaits], ..], [[time, row, kind, until, ..], ..]], ..]
//!                  the rows                            the steps: `row, kind, until` once for
//!                  queued: from when on, or null       each poll; kind is an index of `KINDS`
//!                  code, awaits: [line, text], ..
//! ```

use serde_json::{Value, json};

use super::{Outcome, Recording, Row, Section};
use crate::text::escape_html;

/// The outcomes of a step. `theme/player.js` has the words for them.
const KINDS: [&str; 8] = [
    "pending",
    "returned",
    "failed",
    "dropped",
    "ended",
    "refused",
    "for nothing",
    "queued",
];

/// A part of a step.
struct Event {
    row: usize,
    from: u64,
    to: u64,
    kind: &'static str,
}

impl Recording {
    /// Returns an element with the steps of all sections, for `theme/player.js`.
    /// `program` is the text of the lesson's program.
    pub fn player(&self, program: &str) -> String {
        let steps = escape_html(&self.steps(program));
        format!("<div class=\"player\" data-run=\"{steps}\"></div>")
    }

    fn steps(&self, program: &str) -> String {
        let lines: Vec<&str> = program.lines().collect();
        let section = |section: &Section| {
            let rows = section.shown().iter().map(|row| {
                let queued = row.queued().map(|queued| queued.0);
                json!([row.label, queued, row.code(&lines), row.awaits(&lines)])
            });
            json!([section.title, rows.collect::<Vec<_>>(), section.steps()])
        };
        let sections = self.sections.iter().map(section);
        let all = std::iter::once(json!(self.scale())).chain(sections);
        Value::from_iter(all).to_string()
    }
}

impl Section {
    fn steps(&self) -> Vec<Vec<u64>> {
        let ordered = !self.order.is_empty();
        let mut order = self.order.clone();
        if !ordered {
            let events = |(index, row): (usize, &Row)| vec![index; row.events()];
            order = self.rows.iter().enumerate().flat_map(events).collect();
        }
        let shown = self.shown();
        let mut seen = vec![0; shown.len()];
        let mut events = Vec::new();
        for row in order.into_iter().filter(|&row| row < shown.len()) {
            if let Some(event) = shown[row].event(row, seen[row]) {
                events.push(event);
            }
            seen[row] += 1;
        }
        if !ordered {
            events.sort_by_key(|event| event.from);
        }
        let mut steps: Vec<Vec<u64>> = Vec::new();
        let mut end = 0;
        for Event { row, from, to, kind } in events {
            let kind = KINDS.iter().position(|known| *known == kind);
            let part = [row as u64, kind.unwrap_or_default() as u64, to];
            match steps.last_mut().filter(|step| !ordered && step[0] == from) {
                Some(step) => step.extend(part),
                None => steps.push([&[from], &part[..]].concat()),
            }
            end = end.max(to);
        }
        // A poll that takes time ends after the last step.
        if steps.last().is_some_and(|step| step[0] < end) {
            steps.push(vec![end]);
        }
        steps
    }
}

impl Row {
    /// Returns the number of its polls, and one more if it was dropped.
    fn events(&self) -> usize {
        self.polls.len() + usize::from(self.outcome == Some(Outcome::Dropped))
    }

    fn event(&self, row: usize, index: usize) -> Option<Event> {
        let Some(&(from, to)) = self.polls.get(index) else {
            let at = self.life.1;
            let dropped = Event { row, from: at, to: at, kind: "dropped" };
            return (index < self.events()).then_some(dropped);
        };
        let kind = match self.outcome {
            _ if self.for_nothing.contains(&index) => "for nothing",
            _ if self.queue && index + 1 < self.polls.len() => "queued",
            _ if index + 1 < self.polls.len() => "pending",
            Some(Outcome::Dropped | Outcome::Unfinished) => "pending",
            // No player shows a Python program.
            Some(Outcome::Cancelled) => "ended",
            Some(Outcome::Returned) => "returned",
            Some(Outcome::Failed) => "failed",
            Some(Outcome::Refused) => "refused",
            None => "ended",
        };
        Some(Event { row, from, to, kind })
    }

    /// Returns the index of the line that creates the span: of a function, the one after
    /// its attributes.
    fn start(&self, lines: &[&str]) -> Option<usize> {
        let first = (self.line? as usize).checked_sub(1)?;
        let rest = lines.get(first..)?.iter();
        Some(first + rest.take_while(|line| line.trim().starts_with("#[")).count())
    }

    /// Returns the number and the text of the line that creates the span.
    fn code(&self, lines: &[&str]) -> Option<(usize, String)> {
        let at = self.start(lines)?;
        Some((at + 1, lines.get(at)?.trim().trim_end_matches(" {").to_owned()))
    }

    /// Returns the number and the text of each `.await` in the function that creates the
    /// span. As rustfmt writes it, its body ends at a brace with its own indentation.
    fn awaits(&self, lines: &[&str]) -> Vec<(usize, String)> {
        let Some(start) = self.start(lines) else { return Vec::new() };
        let first = lines[start];
        if !first.ends_with('{') {
            return Vec::new();
        }
        let end = format!("{}}}", &first[..first.len() - first.trim_start().len()]);
        let inside = (start + 1..lines.len()).take_while(|&at| lines[at] != end);
        let awaits = inside.filter(|&at| lines[at].contains(".await"));
        awaits.map(|at| (at + 1, chain(&lines[..=at]))).collect()
    }
}

/// Returns the last line, with the begin of the chain of calls that it continues.
fn chain(lines: &[&str]) -> String {
    let continues = |line: &&&str| line.trim_start().starts_with('.');
    let more = lines.iter().rev().take_while(continues).count();
    let first = lines.len().saturating_sub(more + 1);
    lines[first.min(lines.len() - 1)..].iter().map(|line| line.trim()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(polls: &[(u64, u64)], end: u64, outcome: Option<Outcome>) -> Row {
        let (label, polls) = ("a".to_owned(), polls.to_vec());
        let life = (0, end);
        Row { label, life, polls, outcome, line: Some(2), ..Row::default() }
    }

    fn steps(rows: Vec<Row>, order: Vec<usize>) -> String {
        let program = "// a
    #[instrument(ret)]
    async fn a() {
        b()
            .c()
            .await;
        d().await
    }
    e().await;
";
        let section = Section { title: "t".to_owned(), micros: 9, rows, order };
        let steps = Recording { sections: vec![section] }.steps(program);
        let (rows, steps) = steps.split_once("]]]],").unwrap();
        let first = r#"[9,["t",[["a",null,[3,"async fn a()"],[[6,"b().c().await;"],[7,"d().await"]]"#;
        assert!(rows.starts_with(first), "{rows}");
        steps.trim_end_matches("]]").to_owned()
    }

    #[test]
    fn polls_are_steps_in_their_order() {
        let mut rows = vec![
            row(&[(0, 0), (5, 5)], 5, Some(Outcome::Returned)),
            row(&[(0, 0), (5, 5)], 5, Some(Outcome::Dropped)),
            row(&[(5, 5)], 5, Some(Outcome::Failed)),
        ];
        rows[1].for_nothing = vec![1];
        let order = vec![1, 0, 0, 1, 2, 1];
        assert_eq!(
            steps(rows, order),
            "[[0,1,0,0],[0,0,0,0],[5,0,1,5],[5,1,6,5],[5,2,2,5],[5,1,3,5"
        );
    }

    #[test]
    fn the_polls_of_a_wait_in_a_queue_say_so() {
        let mut row = row(&[(0, 0), (5, 5)], 5, None);
        row.queue = true;
        assert_eq!(row.event(0, 0).unwrap().kind, "queued");
        assert_eq!(row.event(0, 1).unwrap().kind, "ended");
    }

    #[test]
    fn without_an_order_polls_at_the_same_time_are_one_step() {
        let rows =
            vec![row(&[(0, 0), (5, 9)], 9, None), row(&[(2, 2), (5, 5)], 5, None)];
        assert_eq!(steps(rows, vec![]), "[[0,0,0,0],[2,1,0,2],[5,0,4,9,1,4,5],[9");
    }
}
