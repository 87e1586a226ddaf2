//! Judges errors by all that they report: by their own text, by that of each cause, and
//! by the types of the causes.
//!
//! A solution may report a status either in the text of a context or in a cause, so a
//! check of only one of them would reject correct solutions.

use std::error::Error;
use std::fmt::Write as _;

use anyhow::Result;

use super::Diagnosis;

/// The number of causes after which a chain counts as endless.
const MAX_CAUSES: usize = 64;

/// Returns an error and its causes, the error first.
///
/// ```
/// use anyhow::Context;
/// use async_workbook::check;
///
/// let number = "x".parse::<u8>().context("no age").unwrap_err();
/// let chain = check::chain(number.as_ref()).unwrap();
/// assert_eq!(chain.len(), 2);
/// assert_eq!(chain[0].to_string(), "no age");
/// ```
///
/// # Errors
///
/// A [`Diagnosis`] if the chain has no end, as when [`Error::source`] returns the error
/// itself. `anyhow` and [`std::error`] would follow it forever.
pub fn chain<'a>(
    error: &'a (dyn Error + 'static),
) -> Result<Vec<&'a (dyn Error + 'static)>> {
    let mut chain = vec![error];
    let mut last = error;
    while let Some(source) = last.source() {
        if chain.len() > MAX_CAUSES {
            // A first field has the same address, too, but does not go on forever.
            let itself =
                chain.windows(2).all(|two| std::ptr::addr_eq(two[0], two[1]));
            let message = match itself {
                true => "`source` returns the error itself, so the chain of causes has no \
                         end."
                    .to_owned(),
                false => format!(
                    "the causes of the error have no end: it has more than {MAX_CAUSES}."
                ),
            };
            return Err(Diagnosis::new(message).into());
        }
        chain.push(source);
        last = source;
    }
    Ok(chain)
}

/// Checks that an error or one of its causes reports what is expected, according to
/// `reports`: by its text or its type. `what` describes it in the diagnosis.
///
/// ```
/// use anyhow::{Context, anyhow};
/// use async_workbook::check;
///
/// let of_404 = |cause: &(dyn std::error::Error + 'static)| {
///     cause.to_string().contains("404")
/// };
/// let error = anyhow!("no JSON").context("404 Not Found");
/// assert!(check::that_error(error.as_ref(), of_404, "the status 404").is_ok());
///
/// let error = anyhow!("no JSON").context("Atlantis");
/// assert_eq!(
///     check::that_error(error.as_ref(), of_404, "the status 404").unwrap_err().to_string(),
///     "the error is \"Atlantis: no JSON\", which does not report the status 404."
/// );
/// ```
///
/// # Errors
///
/// A [`Diagnosis`] with the texts of all causes, if none of them reports it; or if the
/// [`chain`] has no end.
pub fn that_error(
    error: &(dyn Error + 'static),
    reports: impl Fn(&(dyn Error + 'static)) -> bool,
    what: &str,
) -> Result<()> {
    let chain = chain(error)?;
    if chain.iter().any(|cause| reports(*cause)) {
        return Ok(());
    }
    let mut text = error.to_string();
    for cause in &chain[1..] {
        // Writing to a `String` cannot fail.
        let _ = write!(text, ": {cause}");
    }
    let message = format!("the error is {text:?}, which does not report {what}.");
    Err(Diagnosis::new(message).into())
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    enum Odd {
        Itself,
        Outer(Box<Self>),
        Newtype(fmt::Error),
    }

    impl fmt::Display for Odd {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("odd")
        }
    }

    impl Error for Odd {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            match self {
                Self::Itself => Some(self),
                Self::Outer(inner) => Some(inner),
                Self::Newtype(inner) => Some(inner),
            }
        }
    }

    #[test]
    fn a_chain_without_an_end_is_a_diagnosis() {
        let message = |error: Odd| {
            chain(&error)
                .map_or_else(|error| error.to_string(), |c| c.len().to_string())
        };
        assert!(
            message(Odd::Itself).starts_with("`source` returns the error itself")
        );
        let inside = message(Odd::Outer(Box::new(Odd::Itself)));
        assert!(
            inside.starts_with("the causes of the error have no end"),
            "{inside}"
        );
        assert_eq!(message(Odd::Newtype(fmt::Error)), "2");
    }
}
