//! Rules for links: every link leads to a file or fragment of the book, and pages load
//! nothing from other hosts, so that the book works offline and from a USB stick.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;
use percent_encoding::percent_decode_str;

use super::page::Page;

/// The faults of the links in page `name` of the `site` in `dir`.
pub fn faults(name: &str, site: &BTreeMap<String, Page>, dir: &Path) -> Vec<String> {
    let page = &site[name];
    let mut faults = Vec::new();
    for url in &page.loads {
        faults.extend(resolve(url, dir, dir).err());
    }
    for url in &page.links {
        if url.starts_with("https://") || url.starts_with("mailto:") {
            continue;
        }
        match resolve(url, dir, dir) {
            Err(fault) => faults.push(fault),
            Ok(_) => faults.extend(fragment(url, name, site)),
        }
    }
    faults.extend(style(&page.styles, dir, dir));
    faults
}

/// The faults of the URLs in all style sheets below `dir`.
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

/// The URLs that a style sheet loads.
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
        .filter_map(|url| resolve(url, folder, dir).err())
        .collect()
}

/// Resolves `url` relative to `folder` to a file of the site in `dir`. Returns
/// `None` for a URL without a file, such as a fragment.
pub fn resolve(
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
        return Err(format!("`{url}` is not a relative URL"));
    }
    let path = url.split(['#', '?']).next().unwrap_or_default();
    if path.is_empty() {
        return Ok(None);
    }
    if path.starts_with('/') {
        return Err(format!(
            "`{url}` is absolute, which does not work with `file:` URLs"
        ));
    }
    let file = folder.join(decoded(path));
    let inside = match (file.canonicalize(), dir.canonicalize()) {
        (Ok(file), Ok(dir)) => file.starts_with(dir) && file.is_file(),
        _ => false,
    };
    if inside {
        Ok(Some(file))
    } else {
        Err(format!("`{url}` is not a file of the book"))
    }
}

fn fragment(url: &str, name: &str, site: &BTreeMap<String, Page>) -> Option<String> {
    let (file, fragment) = url.split_once('#')?;
    let file = if file.is_empty() { name } else { file };
    let page = site.get(&decoded(file))?;
    let missing = !fragment.is_empty() && !page.ids.contains(&decoded(fragment));
    missing.then(|| format!("`{url}`: no element in {file} has this id"))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(html: &str) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("other page.html"), "").unwrap();
        std::fs::write(dir.path().join("a.css"), "").unwrap();
        let site = BTreeMap::from([
            ("this.html".to_owned(), Page::parse(html.to_owned())),
            ("other page.html".to_owned(), Page::parse("<p id='é'>".to_owned())),
        ]);
        faults("this.html", &site, dir.path())
    }

    #[test]
    fn good_links_pass() {
        let html = "<link href=a.css><a href='other%20page.html#%C3%A9'></a><a href=#x id=x></a>
                    <a href='https://docs.rs'></a><a href='#'></a>
                    <img src='data:image/png;base64,xx'>
                    <p style='background: url(a.css)'>";
        assert_eq!(found(html), Vec::<String>::new());
    }

    #[test]
    fn each_fault_is_found() {
        for (html, fault) in [
            ("<a href=gone.html></a>", "`gone.html` is not a file of the book"),
            ("<img src=gone.html>", "`gone.html` is not a file of the book"),
            (
                "<a href=../this.html></a>",
                "`../this.html` is not a file of the book",
            ),
            ("<a href=#y id=x></a>", "`#y`: no element in this.html has this id"),
            (
                "<a href='other%20page.html#z'></a>",
                "`other%20page.html#z`: no element in other%20page.html has this id",
            ),
            (
                "<a href='/other'></a>",
                "`/other` is absolute, which does not work with `file:` URLs",
            ),
        ] {
            assert_eq!(found(html), [fault]);
        }
    }

    #[test]
    fn another_host() {
        for html in [
            "<script src='https://cdn.test/a.js'></script>",
            "<link href='//cdn.test/a.css'>",
            "<img src='http://cdn.test/a.png'>",
            "<style>@import 'https://cdn.test/a.css';</style>",
            "<p style='background: url(https://cdn.test/a.png)'>",
            "<a href='http://plain.test'></a>",
            "<a href='javascript:alert(1)'></a>",
        ] {
            let faults = found(html);
            assert_eq!(faults.len(), 1, "{html}");
            assert!(faults[0].ends_with("is not a relative URL"), "{html}");
        }
    }

    #[test]
    fn another_host_in_a_style_sheet() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("css")).unwrap();
        let css =
            "a { src: url('../here.woff2') } b { src: url(https://x.test/y.woff2) }";
        std::fs::write(dir.path().join("css/a.css"), css).unwrap();
        std::fs::write(dir.path().join("here.woff2"), "").unwrap();
        let faults = style_faults(dir.path()).unwrap();
        assert_eq!(faults.len(), 1);
        assert!(faults[0].contains("x.test/y.woff2` is not a relative URL"));
    }
}
