//! The directive `{{#choose}}`: choices for the question of a fold in "Check yourself".
//!
//! The choices are hidden. `theme/choose.js` moves them in front of the fold with the
//! answer; without scripts, and on paper, the fold is all there is.

use anyhow::{Result, bail};

/// Offers choices, `50 ms: Why not. | 500 ms`. A wrong one has a reason, the right one none.
pub fn choose(argument: &str) -> Result<String> {
    let (mut list, mut right, mut wrong) = (String::new(), 0, 0);
    for choice in argument.split('|') {
        // One line, because a line break would end the list's item.
        let choice = choice.split_whitespace().collect::<Vec<_>>().join(" ");
        let (choice, why) = match choice.split_once(": ") {
            Some((choice, why)) => (choice, format!(" <span hidden>{why}</span>")),
            None => (&choice[..], String::new()),
        };
        if why.is_empty() {
            right += 1;
        } else {
            wrong += 1;
        }
        list += &format!("- <label><input type=\"radio\"> {choice}</label>{why}\n");
    }
    if right != 1 || wrong == 0 {
        bail!("expected choices as in `wrong: why not | right`, one of them right");
    }
    Ok(format!("\n\n<fieldset class=\"choices\" hidden>\n\n{list}\n</fieldset>\n\n"))
}
