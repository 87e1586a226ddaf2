//! Draws bars and curves as SVG.
//!
//! Horizontal positions are in percent and vertical ones in pixels, so that a
//! drawing has the width of its page and text of the usual size. Colors come from
//! `theme/compare.css`.

use std::fmt::Write;

use compare::result::{number, spread};

use super::SeriesStyle;

/// Bars on a common scale that starts at 0.
pub struct Bars {
    pub unit: String,
    pub limit: Option<f64>,
    pub rows: Vec<Row>,
}

pub struct Row {
    pub name: &'static str,
    pub style: SeriesStyle,
    pub value: f64,
    pub spread: (f64, f64),
}

/// Curves with logarithmic scales on both axes.
pub struct Curves {
    pub unit: String,
    /// The label of the horizontal axis.
    pub x_axis: &'static str,
    pub curves: Vec<Curve>,
}

pub struct Curve {
    pub name: &'static str,
    pub style: SeriesStyle,
    pub points: Vec<Point>,
}

pub struct Point {
    pub x: f64,
    pub value: f64,
    pub spread: (f64, f64),
}

/// In pixels: the space above the bars, the height of a row, the position of the bar
/// in it, and the height of the bar.
const HEAD: usize = 22;
const ROW: usize = 36;
const BAR_TOP: usize = 18;
const BAR: usize = 10;

/// The plot area of curves, vertically in pixels.
const PLOT_HEIGHT: f64 = 260.0;
const PLOT_TOP: f64 = 24.0;
/// The plot area horizontally in percent. The labels of the vertical axis are left
/// of it.
const LEFT: f64 = 12.0;
const RIGHT: f64 = 98.0;

pub fn bars(bars: &Bars) -> String {
    let Bars { unit, limit, rows } = bars;
    let most = rows.iter().map(|row| row.spread.1).chain(*limit);
    let most = most.fold(f64::MIN_POSITIVE, f64::max);
    let percent = |value: f64| format!("{:.2}%", 100.0 * value / most);
    let height = HEAD + rows.len() * ROW;

    let mut words = String::new();
    let mut body = String::new();
    for (at, row) in rows.iter().enumerate() {
        let Row { name, style, value, spread } = row;
        let (top, value_words) =
            (HEAD + at * ROW, format!("{} {unit}", number(*value)));
        let (base, bar, middle) = (top + 12, top + BAR_TOP, top + BAR_TOP + BAR / 2);
        // Writing to a String cannot fail, here and below.
        let _ = write!(
            body,
            "\n<text x=\"0\" y=\"{base}\">{name}</text>\
             <text x=\"100%\" y=\"{base}\" text-anchor=\"end\">{value_words}</text>\
             <rect class=\"{}\" width=\"{}\" y=\"{bar}\" height=\"{BAR}\"/>\
             <line class=\"spread\" x1=\"{}\" x2=\"{}\" y1=\"{middle}\" y2=\"{middle}\"/>",
            style.side,
            percent(*value),
            percent(spread.0),
            percent(spread.1),
        );
        let _ = write!(
            words,
            " {name}: {value_words}, from {} to {}.",
            number(spread.0),
            number(spread.1)
        );
    }
    if let Some(limit) = limit {
        let (x, value) = (percent(*limit), number(*limit));
        let anchor = if limit * 2.0 > most { "end" } else { "start" };
        // A line across each bar, but not across the names between them.
        for at in 0..rows.len() {
            let top = HEAD + at * ROW + BAR_TOP - 3;
            let end = top + BAR + 6;
            let _ = write!(
                body,
                "\n<line class=\"limit\" x1=\"{x}\" x2=\"{x}\" y1=\"{top}\" y2=\"{end}\"/>"
            );
        }
        let _ = write!(
            body,
            "\n<text class=\"axis\" x=\"{x}\" y=\"14\" text-anchor=\"{anchor}\">\
             the limit: {value} {unit}</text>"
        );
        let _ = write!(words, " The limit: {value} {unit}.");
    }
    svg(height, &format!("Bars.{words}"), &body)
}

pub fn curves(curves: &Curves) -> String {
    let Curves { unit, x_axis, curves } = curves;
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let across = Scale::around(points().map(|point| point.x));
    let down =
        Scale::around(points().flat_map(|point| [point.spread.0, point.spread.1]));
    let x =
        |value: f64| format!("{:.2}%", LEFT + (RIGHT - LEFT) * across.share(value));
    let y = |value: f64| {
        format!("{:.1}", PLOT_TOP + PLOT_HEIGHT * (1.0 - down.share(value)))
    };
    let bottom = PLOT_TOP + PLOT_HEIGHT;

    let mut body = format!("\n<text class=\"axis\" x=\"0\" y=\"12\">{unit}</text>");
    for value in down.ticks() {
        let (y, words) = (y(value), axis_number(value));
        let _ = write!(
            body,
            "\n<line class=\"grid\" x1=\"{LEFT}%\" x2=\"100%\" y1=\"{y}\" y2=\"{y}\"/>\
             <text class=\"axis\" x=\"{}%\" y=\"{y}\" dy=\"4\" text-anchor=\"end\">{words}</text>",
            LEFT - 1.5
        );
    }
    let mut cases: Vec<f64> = points().map(|point| point.x).collect();
    cases.sort_by(f64::total_cmp);
    cases.dedup();
    for (at, value) in cases.iter().enumerate() {
        let last = at + 1 == cases.len();
        let anchor = if last { "end" } else { "middle" };
        let edge = if last { "100%".to_owned() } else { x(*value) };
        let _ = write!(
            body,
            "\n<text class=\"axis\" x=\"{edge}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            bottom + 18.0,
            axis_number(*value)
        );
    }
    let _ = write!(
        body,
        "\n<text class=\"axis\" x=\"100%\" y=\"{}\" text-anchor=\"end\">{x_axis}</text>",
        bottom + 36.0
    );

    let mut words =
        format!("Curves: {unit} over {x_axis}, both on logarithmic scales.");
    for Curve { name, style, points } in curves {
        let SeriesStyle { side, stroke } = style;
        for pair in points.windows(2) {
            let _ = write!(
                body,
                "\n<line class=\"{side} {stroke}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
                x(pair[0].x),
                y(pair[0].value),
                x(pair[1].x),
                y(pair[1].value)
            );
        }
        let _ = write!(words, " {name}:");
        for (index, Point { x: at, value, spread }) in points.iter().enumerate() {
            let _ = write!(
                body,
                "\n<line class=\"{side}\" x1=\"{0}\" x2=\"{0}\" y1=\"{1}\" y2=\"{2}\"/>\
                 <circle class=\"{side}\" cx=\"{0}\" cy=\"{3}\" r=\"3\"/>",
                x(*at),
                y(spread.0),
                y(spread.1),
                y(*value)
            );
            let comma = if index == 0 { "" } else { "," };
            let (value, at) = (number(*value), axis_number(*at));
            let _ = write!(words, "{comma} {value} at {at}");
        }
        words.push('.');
        // The main contestants have their names at their ends.
        if let ("solid", Some(end)) = (*stroke, points.last()) {
            let space = PLOT_HEIGHT * down.share(end.value);
            let dy = if *side == "limit" && space >= 17.0 { 17 } else { -9 };
            let _ = write!(
                body,
                "\n<text class=\"{side}\" x=\"{}\" y=\"{}\" dy=\"{dy}\" text-anchor=\"end\">{name}</text>",
                x(end.x),
                y(end.value)
            );
        }
    }
    svg((bottom + 40.0) as usize, &words, &body)
}

/// The legend of curves. It is hidden from screen readers: the text alternative has
/// the names.
pub fn legend(curves: &Curves) -> String {
    let mut key = "<p class=\"key\" aria-hidden=\"true\">".to_owned();
    for Curve { name, style, .. } in &curves.curves {
        let SeriesStyle { side, stroke } = style;
        let _ = write!(key, "<span><i class=\"{side} {stroke}\"></i>{name}</span> ");
    }
    key.trim_end().to_owned() + "</p>"
}

fn svg(height: usize, words: &str, body: &str) -> String {
    format!(
        "<svg class=\"compare-svg\" width=\"100%\" height=\"{height}\" role=\"img\" \
         aria-label=\"{words}\">{body}\n</svg>"
    )
}

/// Formats an exact number, without trailing zeros and with thousands separators.
pub fn axis_number(value: f64) -> String {
    if value < 1000.0 { value.to_string() } else { number(value) }
}

/// A logarithmic scale.
struct Scale {
    from: f64,
    to: f64,
}

impl Scale {
    /// The scale from the least to the greatest of some numbers.
    fn around(numbers: impl Iterator<Item = f64>) -> Self {
        let (from, to) = spread(&numbers.collect::<Vec<_>>());
        Self { from, to: to.max(from * 1.01) }
    }

    fn share(&self, value: f64) -> f64 {
        (value / self.from).ln() / (self.to / self.from).ln()
    }

    /// The powers of ten on the scale and, if these are few, two and five times
    /// those.
    fn ticks(&self) -> Vec<f64> {
        let digits: &[u8] =
            if self.to / self.from > 200.0 { &[1] } else { &[1, 2, 5] };
        // Parsed, because 5 * 0.01 is not exactly 0.05.
        let round =
            |power| digits.iter().map(move |digit| format!("{digit}e{power}"));
        let numbers = (-6..9).flat_map(round).filter_map(|tick| tick.parse().ok());
        numbers.filter(|tick| (self.from..=self.to).contains(tick)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_has_round_ticks() {
        let ticks = |from, to| Scale { from, to }.ticks();
        assert_eq!(ticks(49.0, 1200.0), [50.0, 100.0, 200.0, 500.0, 1000.0]);
        assert_eq!(ticks(0.12, 900.0), [1.0, 10.0, 100.0]);
        assert_eq!(ticks(0.04, 0.6), [0.05, 0.1, 0.2, 0.5]);
        let scale = Scale { from: 10.0, to: 1000.0 };
        assert_eq!(scale.share(100.0), 0.5);
    }

    #[test]
    fn axis_numbers_have_no_trailing_zeros() {
        let words = [0.05, 1.0, 20.0, 10_000.0].map(axis_number);
        assert_eq!(words, ["0.05", "1", "20", "10,000"]);
    }
}
