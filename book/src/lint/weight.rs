//! A limit on what a browser downloads for one page.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::links::{resolve, style_urls};
use super::page::Page;

/// The limit for a page with everything it loads, uncompressed.
const MAX: u64 = 450 * KIB;
pub const KIB: u64 = 1024;

/// Returns a fault if a page of this weight exceeds the limit.
pub fn fault(weight: u64) -> Option<String> {
    let (size, most) = (weight / KIB, MAX / KIB);
    (weight > MAX).then(|| {
        format!(
            "the page with everything it loads is {size} KiB, more than {most} KiB"
        )
    })
}

/// The uncompressed bytes of a page of the site in `dir`, with its scripts, style sheets,
/// images and fonts. Missing files weigh nothing: `links` reports them.
pub fn of(page: &Page, dir: &Path) -> Result<u64> {
    let mut files: BTreeSet<PathBuf> = BTreeSet::new();
    let mut waiting: Vec<PathBuf> = page
        .loads
        .iter()
        .filter_map(|url| resolve(url, dir, dir).ok().flatten())
        .collect();
    let mut total = page.html.len() as u64;
    while let Some(file) = waiting.pop() {
        if !files.insert(file.clone()) {
            continue;
        }
        let bytes = std::fs::read(&file)
            .with_context(|| format!("could not read {}", file.display()))?;
        total += bytes.len() as u64;
        if file.extension().is_some_and(|extension| extension == "css") {
            let css = String::from_utf8_lossy(&bytes);
            let folder = file.parent().unwrap_or(dir);
            let more = style_urls(&css);
            waiting.extend(
                more.iter()
                    .filter_map(|url| resolve(url, folder, dir).ok().flatten()),
            );
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_loaded_file_counts_once() {
        let dir = tempfile::tempdir().unwrap();
        let html = "<link href=a.css><link href=a.css><script src=b.js></script><img src=gone>";
        std::fs::write(dir.path().join("a.css"), "p{src:url(f.woff2)}").unwrap();
        std::fs::write(dir.path().join("f.woff2"), [0; 1000]).unwrap();
        std::fs::write(dir.path().join("b.js"), [b' '; 100]).unwrap();
        let weight = of(&Page::parse(html.to_owned()), dir.path()).unwrap();
        assert_eq!(weight, html.len() as u64 + 19 + 1000 + 100);
    }

    #[test]
    fn exceeding_the_limit_is_a_fault() {
        assert_eq!(fault(450 * KIB), None);
        let heavy =
            "the page with everything it loads is 451 KiB, more than 450 KiB";
        assert_eq!(fault(451 * KIB).as_deref(), Some(heavy));
    }
}
