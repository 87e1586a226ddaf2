//! The argument of a lesson's program: one number, such as `--limit 4`.

use std::env;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use anyhow::{Context, Result};

/// Reads a number from the command line, or returns `default` if there are no arguments.
/// `usage` is the argument and its placeholder, such as `--limit N`; `unit` is the plural
/// of what it counts.
///
/// # Errors
///
/// If there is anything else on the command line, or a number outside of the range.
pub fn number<T: FromStr + PartialOrd + Display>(
    usage: &str,
    default: T,
    range: RangeInclusive<T>,
    unit: &str,
) -> Result<T> {
    let args: Vec<_> = env::args_os().skip(1).collect();
    let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
    let args: Vec<_> = args.iter().map(|arg| &**arg).collect();
    parse(&args, usage, default, range, unit)
}

fn parse<T: FromStr + PartialOrd + Display>(
    args: &[&str],
    usage: &str,
    default: T,
    range: RangeInclusive<T>,
    unit: &str,
) -> Result<T> {
    let (name, _) = usage.split_once(' ').unwrap_or((usage, ""));
    let number = match args {
        [] => Some(default),
        [first, number] if *first == name => number.parse().ok(),
        _ => None,
    };
    number.filter(|number| range.contains(number)).with_context(|| {
        let (given, least, most) = (args.join(" "), range.start(), range.end());
        format!("`{given}`: expected `{usage}`, with {least} to {most} {unit}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_in_the_range_or_none() {
        let parse = |args: &[&str]| {
            parse(args, "--limit N", 4, 1..=12, "requests")
                .map_err(|e| e.to_string())
        };
        assert_eq!(parse(&[]), Ok(4));
        assert_eq!(parse(&["--limit", "12"]), Ok(12));
        for wrong in [
            &["--limit", "13"][..],
            &["--limit", "x"],
            &["--limit"],
            &["--limits", "4"],
            &["--limit", "4", "5"],
        ] {
            let given = wrong.join(" ");
            let words =
                format!("`{given}`: expected `--limit N`, with 1 to 12 requests");
            assert_eq!(parse(wrong), Err(words));
        }
    }
}
