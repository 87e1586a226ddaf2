//! Every address in a page leads somewhere, and nothing is loaded from elsewhere.

use super::page::Page;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is wrong with the addresses in the page `name` of `site`, which lies in
/// `dir`.
pub fn faults(name: &str, site: &BTreeMap<String, Page>, dir: &Path) -> Vec<String> {
    let page = &site[name];
    let mut faults = Vec::new();
    for url in &page.loads {
        faults.extend(local(url, dir, dir).err());
    }
    for url in &page.links {
        if url.starts_with("https://") || url.starts_with("mailto:") {
            continue;
        }
        match local(url, dir, dir) {
            Err(fault) => faults.push(fault),
            Ok(_) => faults.extend(fragment(url, name, site)),
        }
    }
    faults.extend(style(&page.styles, dir, dir));
    faults
}

/// What is wrong with the addresses in the style sheets anywhere below `dir`.
///
/// Fails if one cannot be read.
pub fn style_faults(dir: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "css") {
                let text = std::fs::read_to_string(&path)?;
                let name = path.strip_prefix(dir).unwrap_or(&path).display();
                let found = style(&text, &folder, dir);
                faults.extend(
                    found.into_iter().map(|fault| format!("{name}: {fault}")),
                );
            }
        }
    }
    Ok(faults)
}

/// The addresses that a style sheet loads.
pub fn style_urls(css: &str) -> Vec<&str> {
    let quotes = ['"', '\'', ' '];
    let in_url = css.split("url(").skip(1).filter_map(|rest| rest.split(')').next());
    let imported = css
        .split("@import")
        .skip(1)
        .filter_map(|rest| rest.split(';').next())
        .filter(|rest| !rest.contains("url("));
    in_url.chain(imported).map(|url| url.trim_matches(quotes)).collect()
}

fn style(css: &str, folder: &Path, dir: &Path) -> Vec<String> {
    style_urls(css)
        .into_iter()
        .filter_map(|url| local(url, folder, dir).err())
        .collect()
}

/// The file that `url` names, seen from `folder`, if it is one of the site in `dir`.
/// None for what needs no file.
pub fn local(
    url: &str,
    folder: &Path,
    dir: &Path,
) -> Result<Option<PathBuf>, String> {
    if url.starts_with("data:") {
        return Ok(None);
    }
    if url.contains("//")
        || url.split('/').next().is_some_and(|part| part.contains(':'))
    {
        return Err(format!("`{url}` comes from elsewhere"));
    }
    let path = url.split(['#', '?']).next().unwrap_or_default();
    if path.is_empty() {
        return Ok(None);
    }
    if path.starts_with('/') {
        return Err(format!("`{url}` is absolute, so it fails from a file"));
    }
    let file = folder.join(decoded(path));
    let inside = match (file.canonicalize(), dir.canonicalize()) {
        (Ok(file), Ok(dir)) => file.starts_with(dir) && file.is_file(),
        _ => false,
    };
    if inside {
        Ok(Some(file))
    } else {
        Err(format!("`{url}` leads to no file of the book"))
    }
}

fn fragment(url: &str, name: &str, site: &BTreeMap<String, Page>) -> Option<String> {
    let (file, fragment) = url.split_once('#')?;
    let file = if file.is_empty() { name } else { file };
    let page = site.get(&decoded(file))?;
    let missing = !fragment.is_empty() && !page.ids.contains(&decoded(fragment));
    missing.then(|| format!("`{url}` leads to no place of {file}"))
}

/// The text with `%20` and the like as the characters they stand for.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(html: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("other page.html"), "").unwrap();
        std::fs::write(dir.path().join("a.css"), "").unwrap();
        let site = BTreeMap::from([
            ("this.html".to_owned(), Page::read(html.to_owned())),
            ("other page.html".to_owned(), Page::read("<p id='é'>".to_owned())),
        ]);
        faults("this.html", &site, dir.path())
    }

    #[test]
    fn good_addresses_pass() {
        let html = "<link href=a.css><a href='other%20page.html#%C3%A9'></a><a href=#x id=x></a>
                    <a href='https://docs.rs'></a><a href='#'></a>
                    <img src='data:image/png;base64,xx'>
                    <p style='background: url(a.css)'>";
        assert_eq!(found(html), Vec::<String>::new());
    }

    #[test]
    fn a_file_that_is_not_there() {
        let gone = ["`gone.html` leads to no file of the book"];
        assert_eq!(found("<a href=gone.html></a>"), gone);
        assert_eq!(found("<img src=gone.html>"), gone);
        assert_eq!(found("<a href=../this.html></a>").len(), 1);
    }

    #[test]
    fn a_fragment_that_is_not_there() {
        assert_eq!(
            found("<a href=#y id=x></a><a href='other%20page.html#z'></a>"),
            [
                "`#y` leads to no place of this.html",
                "`other%20page.html#z` leads to no place of other%20page.html"
            ]
        );
    }

    #[test]
    fn an_address_that_fails_from_a_file() {
        let absolute = "`/other` is absolute, so it fails from a file";
        assert_eq!(found("<a href='/other'></a>"), [absolute]);
    }

    #[test]
    fn something_loaded_from_elsewhere() {
        for html in [
            "<script src='https://cdn.test/a.js'></script>",
            "<link href='//cdn.test/a.css'>",
            "<img src='http://cdn.test/a.png'>",
            "<style>@import 'https://cdn.test/a.css';</style>",
            "<p style='background: url(https://cdn.test/a.png)'>",
            "<a href='http://plain.test'></a>",
            "<a href='javascript:alert(1)'></a>",
        ] {
            let found = found(html);
            assert!(
                found.len() == 1 && found[0].ends_with("comes from elsewhere"),
                "{html}"
            );
        }
    }

    #[test]
    fn a_style_sheet_that_loads_from_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("css")).unwrap();
        let css =
            "a { src: url('../here.woff2') } b { src: url(https://x.test/y.woff2) }";
        std::fs::write(dir.path().join("css/a.css"), css).unwrap();
        std::fs::write(dir.path().join("here.woff2"), "").unwrap();
        let faults = style_faults(dir.path()).unwrap();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].contains("`https://x.test/y.woff2` comes from elsewhere"));
    }
}
