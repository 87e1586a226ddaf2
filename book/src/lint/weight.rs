//! A limit on what a browser downloads for one page.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::links::{resolve, style_urls};
use super::page::Page;

/// The limit for a page with everything it loads, uncompressed.
const MAX_TOTAL: u64 = 450 * KIB;
/// The limit for the page itself, compressed.
const MAX_ALONE: u64 = 60 * KIB;
const KIB: u64 = 1024;

/// Sizes in bytes.
#[derive(Debug)]
pub struct Weight {
    /// The page with its scripts, style sheets, images and fonts, uncompressed.
    pub total: u64,
    /// The page itself, compressed by gzip.
    pub alone: u64,
}

impl Weight {
    /// Returns a fault for each exceeded limit.
    pub fn faults(&self) -> Vec<String> {
        let limits = [
            (self.total, MAX_TOTAL, "the page with everything it loads"),
            (self.alone, MAX_ALONE, "the compressed page"),
        ];
        limits
            .iter()
            .filter(|(size, most, _)| size > most)
            .map(|(size, most, what)| {
                let (size, most) = (size / KIB, most / KIB);
                format!("{what} is {size} KiB, more than {most} KiB")
            })
            .collect()
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (total, alone) = (self.total / KIB, self.alone / KIB);
        write!(
            f,
            "{total} KiB with everything it loads, {alone} KiB compressed alone"
        )
    }
}

/// Weighs a page of the site in `dir`. Missing files weigh nothing: `links` reports
/// them.
pub fn of(page: &Page, dir: &Path) -> Result<Weight> {
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
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(page.html.as_bytes())?;
    let alone = encoder.finish()?.len() as u64;
    Ok(Weight { total, alone })
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
        assert_eq!(weight.total, html.len() as u64 + 19 + 1000 + 100);
        assert!(weight.faults().is_empty());
    }

    #[test]
    fn exceeding_a_limit_is_a_fault() {
        let weight = Weight { total: 451 * KIB, alone: 61 * KIB };
        assert_eq!(
            weight.faults(),
            [
                "the page with everything it loads is 451 KiB, more than 450 KiB",
                "the compressed page is 61 KiB, more than 60 KiB"
            ]
        );
    }
}
