//! The book for paper: what is folded on a screen stands at the end, once and in
//! order; and how printing goes well and wrong.

use async_workbook::LESSONS;
use book::{check, pdf, render};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The pages at the end.
const APPENDICES: [&str; 5] =
    ["answers", "hints", "solutions", "programs", "instructor"];

fn page(dir: &Path, name: &str) -> String {
    let html = fs::read_to_string(dir.join(format!("{name}.html"))).unwrap();
    let (_, main) = html.split_once("<main>").unwrap();
    main.split_once("</main>").unwrap().0.to_owned()
}

/// The text without tags and spaces, so that links may lead elsewhere.
fn words(html: &str) -> String {
    let text =
        html.split('<').map(|part| part.split_once('>').map_or(part, |p| p.1));
    text.collect::<String>().split_whitespace().collect()
}

/// The section, the title and the words of each fold.
fn folds(html: &str) -> Vec<(String, String, String)> {
    let mut section = String::new();
    let mut folds = Vec::new();
    for part in html.split("<details").skip(1).zip(html.split("<details")) {
        let (fold, before) = part;
        if let Some((_, heading)) = before.rsplit_once("<h2") {
            let (_, heading) = heading.split_once('>').unwrap();
            section = words(heading.split_once("</h2>").unwrap().0);
        }
        let (fold, _) = fold.split_once("</details>").unwrap();
        let (title, body) = fold.split_once("</summary>").unwrap();
        let (_, title) = title.split_once("<summary>").unwrap();
        folds.push((section.clone(), words(title), words(body)));
    }
    folds
}

#[test]
fn what_is_folded_stands_at_the_end_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let book = render::book_dir();
    let screen = render::build(&book, Some(&folder.path().join("screen"))).unwrap();
    let paper = render::for_paper(&book, &folder.path().join("paper")).unwrap();
    let ends = APPENDICES.map(|name| words(&page(&paper, name)));
    let mut reached = [0; APPENDICES.len()];
    for lesson in LESSONS {
        let left = words(&page(&paper, lesson.name));
        let mut went = [0; APPENDICES.len()];
        for (section, title, body) in folds(&page(&screen, lesson.name)) {
            let fold = format!("{}: {section}: {title}", lesson.name);
            if title == "Thefileyoubeginwith" {
                assert!(left.contains(&body), "{fold} is gone");
                continue;
            }
            assert!(!left.contains(&body), "{fold} has stayed");
            let places = ends.iter().map(|end| end.match_indices(&body[..]));
            let places: Vec<(usize, usize)> = places
                .enumerate()
                .flat_map(|(end, found)| found.map(move |(at, _)| (end, at)))
                .collect();
            let [(end, at)] = places[..] else {
                panic!("{fold} stands in {} places", places.len());
            };
            assert!(at >= reached[end], "{fold} is out of order");
            reached[end] = at + body.len();
            went[end] += 1;
            let instructor = title.starts_with("Fortheinstructor");
            if ["Predict", "Checkyourself"].contains(&&section[..]) && !instructor {
                assert_eq!(APPENDICES[end], "answers", "{fold}");
            }
        }
        let [answers, hints, solutions, programs, instructor] = went;
        let name = lesson.name;
        assert_eq!((hints, solutions, programs, instructor), (3, 1, 2, 1), "{name}");
        assert!(answers >= 3, "{name}");
    }
}

#[test]
fn every_link_leads_somewhere_on_paper_too() {
    let folder = tempfile::tempdir().unwrap();
    let pages =
        render::for_paper(&render::book_dir(), &folder.path().join("html")).unwrap();
    let faults = check::addresses(&pages).unwrap();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
    // To and fro, and the contents.
    let print = page(&pages, "print");
    let gone = print.matches("<span class=\"at\">").count();
    let back = print.matches("id=\"from-").count();
    assert!(back >= 10 * LESSONS.len(), "{back} folds have moved");
    assert!(gone > 2 * back, "{gone} links have a place for a number");
}

/// Prints to `out` with a pretended browser, or with another program.
fn print(browser: &Path, out: &Path) -> Result<pdf::Made, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let book = render::book_dir();
    let patience = Duration::from_secs(2);
    runtime
        .block_on(pdf::make(&book, browser, out, patience))
        .map_err(|error| format!("{error:#}"))
}

#[cfg(unix)]
mod pretended {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;
    use std::process::Command;
    use tempfile::TempDir;

    fn browser(dir: &TempDir, name: &str) -> PathBuf {
        let script = render::book_dir().join("tests/browser/pretend.sh");
        let path = dir.path().join(name);
        symlink(script, &path).unwrap();
        path
    }

    /// How printing fails; what was there before is left as it was.
    fn failure(name: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("book.pdf");
        fs::write(&out, "the old one").unwrap();
        let error = print(&browser(&dir, name), &out).unwrap_err();
        assert_eq!(fs::read_to_string(&out).unwrap(), "the old one");
        let left = fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(left, 2, "something is left beside the file");
        error
    }

    #[test]
    fn a_browser_that_fails_is_quoted() {
        let error = failure("fails");
        assert!(error.contains("failed (exit status: 7)"), "{error}");
        assert!(error.ends_with("\n  no usable sandbox"), "{error}");
    }

    #[test]
    fn a_browser_that_writes_no_pdf_or_half_of_one() {
        for name in ["nothing", "half"] {
            let error = failure(name);
            assert!(error.contains("wrote no PDF; is it a Chromium?"), "{error}");
        }
    }

    #[test]
    fn a_browser_that_hangs_is_ended_with_all_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let browser = browser(&dir, "hangs");
        let error = print(&browser, &dir.path().join("book.pdf")).unwrap_err();
        assert!(error.contains("was not done after 2 s, and was ended"), "{error}");
        let pid = fs::read_to_string(dir.path().join("pid")).unwrap();
        let state = Command::new("ps")
            .args(["-o", "stat=", "-p", pid.trim()])
            .output()
            .unwrap();
        let state = String::from_utf8(state.stdout).unwrap();
        // Where nobody collects it, it stays as a zombie.
        assert!(state.is_empty() || state.starts_with('Z'), "{state}");
    }

    #[test]
    fn a_file_that_is_whole_takes_the_place_of_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("book.pdf");
        fs::write(&out, "the old one").unwrap();
        let made = print(&browser(&dir, "prints"), &out).unwrap();
        assert_eq!(made.pages, 2);
        assert!(fs::read(&out).unwrap().starts_with(b"%PDF-1.4"));
        let mode = fs::metadata(&out).unwrap().permissions().mode();
        let usual = fs::File::create(dir.path().join("usual")).unwrap();
        let usual = usual.metadata().unwrap().permissions().mode();
        assert_eq!(mode, usual, "others may read what they may read elsewhere");
    }

    #[test]
    fn the_command_says_what_it_made_or_what_to_install() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("book.pdf");
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_book"));
            command.arg("pdf").arg("--out").arg(&out).env_remove(pdf::VARIABLE);
            command
        };
        let made =
            command().env(pdf::VARIABLE, browser(&dir, "prints")).output().unwrap();
        let said = String::from_utf8(made.stdout).unwrap();
        let expected = format!("Wrote {}: 2 pages, 0.0 MiB, in ", out.display());
        assert!(said.starts_with(&expected), "{said}");
        if cfg!(target_os = "linux") {
            let none = command().env("PATH", dir.path()).output().unwrap();
            assert_eq!(none.status.code(), Some(1));
            let said = String::from_utf8(none.stderr).unwrap();
            assert!(said.starts_with("error: found no Chromium to print"), "{said}");
            assert!(said.contains("--browser"), "{said}");
        }
    }
}

#[test]
fn a_browser_that_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let browser = dir.path().join("gone");
    let error = print(&browser, &dir.path().join("book.pdf")).unwrap_err();
    assert!(
        error.contains(&format!("cannot start {}", browser.display())),
        "{error}"
    );
    assert!(error.contains("name another browser by --browser"), "{error}");
}

#[test]
fn a_target_that_cannot_be_written_is_found_before_anything_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let browser = dir.path().join("gone");
    let error = print(&browser, dir.path()).unwrap_err();
    assert!(error.ends_with("is a folder; name a file"), "{error}");
    let out = dir.path().join("no folder/book.pdf");
    let error = print(&browser, &out).unwrap_err();
    assert!(
        error.starts_with(&format!("cannot write {}", out.display())),
        "{error}"
    );
}

#[test]
fn an_installed_chromium_prints_the_book() {
    let Ok(browser) = pdf::browser(None) else {
        assert!(std::env::var_os("CI").is_none(), "CI has no Chromium");
        eprintln!("no Chromium here: printing was not tested");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("Bücher, 100% #1.pdf");
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let book = render::book_dir();
    let made = runtime
        .block_on(pdf::make(&book, &browser, &out, pdf::PATIENCE))
        .unwrap_or_else(|error| panic!("{error:#}"));
    assert!((80..400).contains(&made.pages), "{} pages", made.pages);
    let pdf = fs::read(&out).unwrap();
    assert_eq!(pdf.len() as u64, made.bytes);
    let pdf = String::from_utf8_lossy(&pdf);
    // The contents of the viewer, a link and its place, the paper.
    assert!(pdf.contains("/Type /Outlines"), "no outline");
    assert!(pdf.contains("/Dest /03_gather-1\n"), "no link to an answer");
    assert!(pdf.contains("/03_gather-1 ["), "no place for it");
    assert_eq!(pdf.matches("/MediaBox [0 0 594.95").count(), made.pages, "not A4");
}
