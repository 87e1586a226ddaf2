//! From the book for paper to a PDF, printed by an installed Chromium.

use crate::group::{Group, Seen};
use crate::render;
use anyhow::{Context, Result, anyhow, bail};
use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::timeout;

/// The variable that names a browser.
pub const VARIABLE: &str = "CHROMIUM";

/// How long one printing may take. It takes seconds.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// How many pages the file has.
    pub pages: usize,
    /// How big it is.
    pub bytes: u64,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = self.bytes as f64 / f64::from(1 << 20);
        write!(f, "{} pages, {mib:.1} MiB", self.pages)
    }
}

/// Prints the book in the folder `book` to the file `out`, by a Chromium that gets
/// `patience` for each printing.
///
/// The file appears whole or not at all. Fails if the book cannot be built, if the
/// browser cannot be started, fails, takes longer or writes no PDF, and if `out`
/// cannot be written; the last is found out first. Where it is dropped, the browser
/// is ended.
pub async fn make(
    book: &Path,
    browser: &Path,
    out: &Path,
    patience: Duration,
) -> Result<Made> {
    let target = Target::beside(out)?;
    let work = work_folder()?;
    let pages = render::for_paper(book, &work.path().join("html"))?;
    let printer = Printer { browser, work: work.path(), patience };
    let page = pages.join("print.html");
    let html = fs::read_to_string(&page)
        .with_context(|| format!("cannot read {}", page.display()))?;

    // Which page a link leads to is known when it is printed: print it again with the
    // numbers, until they stay.
    let mut numbers = BTreeMap::new();
    for _ in 0..5 {
        fs::write(&page, numbered(&html, &numbers))?;
        let pdf = printer.print(&page).await?;
        let (count, found) = read(&pdf);
        if found == numbers {
            target.keep(&pdf)?;
            return Ok(Made { pages: count, bytes: pdf.len() as u64 });
        }
        numbers = found;
    }
    bail!("the numbers of the pages are different whenever they are printed");
}

/// The first browser there is: the one `asked` for, the one that the variable
/// `CHROMIUM` names, one by its usual name on the `PATH`, or in its usual place.
///
/// Fails if there is none. Whether the first two exist shows when they are started.
pub fn browser(asked: Option<PathBuf>) -> Result<PathBuf> {
    let named = env::var_os(VARIABLE).filter(|name| !name.is_empty());
    if let Some(browser) = asked.or(named.map(PathBuf::from)) {
        return Ok(browser);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    find(&path).with_context(|| {
        format!(
            "found no Chromium to print with. Install one (`sudo apt-get install \
             chromium`, `sudo dnf install chromium`, `brew install --cask chromium`), \
             or name a Chromium, Chrome or Edge by --browser or by the variable \
             {VARIABLE}"
        )
    })
}

const NAMES: [&str; 8] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
    "chrome-headless-shell",
];

/// Below `/` on a Mac, below one of three folders on Windows.
const PLACES: [&str; 5] = [
    "Applications/Chromium.app/Contents/MacOS/Chromium",
    "Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "Google/Chrome/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
];

fn find(path: &OsStr) -> Option<PathBuf> {
    let on_path = NAMES.iter().flat_map(|name| {
        let file = format!("{name}{}", env::consts::EXE_SUFFIX);
        env::split_paths(path).map(move |folder| folder.join(&file))
    });
    let folders = ["ProgramFiles", "ProgramFiles(x86)", "LocalAppData"];
    let mut roots: Vec<PathBuf> =
        folders.iter().filter_map(env::var_os).map(PathBuf::from).collect();
    roots.push(PathBuf::from("/"));
    let in_places = roots
        .iter()
        .flat_map(|root| PLACES.iter().map(move |place| root.join(place)));
    on_path.chain(in_places).find(|file| file.is_file())
}

/// A folder for the pages, the browser's profile and what it writes. It is in the
/// workspace because a Chromium that was installed as a snap sees no other `/tmp`
/// than its own.
fn work_folder() -> Result<TempDir> {
    let target = render::book_dir().join("../target");
    fs::create_dir_all(&target)
        .and_then(|()| tempfile::Builder::new().prefix("pdf-").tempdir_in(&target))
        .with_context(|| format!("cannot write into {}", target.display()))
}

struct Printer<'a> {
    browser: &'a Path,
    work: &'a Path,
    patience: Duration,
}

impl Printer<'_> {
    /// The page as a PDF.
    async fn print(&self, page: &Path) -> Result<Vec<u8>> {
        let pdf = self.work.join("book.pdf");
        let _ = fs::remove_file(&pdf); // of the printing before, if there was one
        let browser = self.browser.display();
        let mut command = Command::new(self.browser);
        command.args(self.arguments(&pdf, page));
        let mut group = Group::start(command).map_err(|error| {
            anyhow!(
                "{error:#}; name another browser by --browser or by the variable \
                 {VARIABLE}"
            )
        })?;
        let mut said = String::new();
        let Ok(status) = timeout(self.patience, over(&mut group, &mut said)).await
        else {
            group.end().await;
            let seconds = self.patience.as_secs_f32();
            bail!("`{browser}` was not done after {seconds} s, and was ended");
        };
        let (status, said) = (status?, last_lines(&said));
        if !status.success() {
            bail!("`{browser}` failed ({status}){said}");
        }
        let bytes = fs::read(&pdf).unwrap_or_default();
        let whole = bytes.starts_with(b"%PDF-")
            && bytes.trim_ascii_end().ends_with(b"%%EOF");
        if !whole {
            bail!("`{browser}` wrote no PDF; is it a Chromium?{said}");
        }
        Ok(bytes)
    }

    fn arguments(&self, pdf: &Path, page: &Path) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = [
            "--headless",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-extensions",
            "--disable-sync",
            "--no-first-run",
            "--no-default-browser-check",
            // Containers have little of it.
            "--disable-dev-shm-usage",
            // Nothing in the book is elsewhere; nothing is asked for.
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--no-pdf-header-footer",
            "--generate-pdf-document-outline",
        ]
        .map(OsString::from)
        .into();
        // The superuser has no sandbox to give.
        if owner_is_root(self.work) {
            arguments.push("--no-sandbox".into());
        }
        for (flag, path) in [
            ("--user-data-dir=", &self.work.join("profile")),
            ("--print-to-pdf=", &pdf.to_owned()),
        ] {
            let mut argument = OsString::from(flag);
            argument.push(path);
            arguments.push(argument);
        }
        arguments.push(page.into());
        arguments
    }
}

/// Whether who made `folder`, this process, is root.
#[cfg(unix)]
fn owner_is_root(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    folder.metadata().is_ok_and(|metadata| metadata.uid() == 0)
}

#[cfg(not(unix))]
fn owner_is_root(_: &Path) -> bool {
    false
}

/// Waits until the program is over, and keeps what it said, or the end of that.
async fn over(group: &mut Group, said: &mut String) -> Result<ExitStatus> {
    loop {
        match group.next().await? {
            Seen::Over(status) => return Ok(status),
            Seen::Output(_) if said.len() > 1 << 16 => said.clear(),
            Seen::Output(text) => said.push_str(&text),
        }
    }
}

/// The end of what the browser said, if it said something.
fn last_lines(log: &str) -> String {
    let lines: Vec<_> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines.len().saturating_sub(8);
    lines[last..].iter().map(|line| format!("\n  {line}")).collect()
}

/// The file to be, under another name in the same folder until it is whole.
struct Target<'a> {
    out: &'a Path,
    part: tempfile::NamedTempFile,
}

impl<'a> Target<'a> {
    fn beside(out: &'a Path) -> Result<Self> {
        if out.is_dir() {
            bail!("{} is a folder; name a file", out.display());
        }
        let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
        let part = part_file(folder.unwrap_or(Path::new(".")))
            .with_context(|| format!("cannot write {}", out.display()))?;
        Ok(Self { out, part })
    }

    fn keep(mut self, bytes: &[u8]) -> Result<()> {
        io::Write::write_all(&mut self.part, bytes)
            .and_then(|()| self.part.as_file().sync_all())
            .and_then(|()| Ok(self.part.persist(self.out).map(drop)?))
            .with_context(|| format!("cannot write {}", self.out.display()))
    }
}

fn part_file(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".async-workbook-").suffix(".part");
    // A temporary file is for its owner's eyes; this one will be a book.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// Page numbers by the name of a place.
type Numbers = BTreeMap<String, usize>;

/// The page with the numbers put in where the book for paper has places for them, and
/// without those that are not known.
fn numbered(html: &str, numbers: &Numbers) -> String {
    let mut parts = html.split("<span class=\"at\">");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (words, rest) = part.split_once("</span>").unwrap_or(("", part));
        // It stands in the link to that page.
        let link =
            out.rsplit_once("href=\"#").and_then(|(_, id)| id.split('"').next());
        if let Some(number) = link.and_then(|id| numbers.get(id)) {
            let words = words.replace("000", &number.to_string());
            out += &format!("<span class=\"at\">{words}</span>");
        }
        out += rest;
    }
    out
}

/// How many pages there are, and on which each place is that a link leads to.
///
/// Chromium writes pages as objects of their own, in their order, and places as
/// `/name [12 0 R /XYZ ...]`, none of it compressed.
fn read(pdf: &[u8]) -> (usize, Numbers) {
    let pdf = String::from_utf8_lossy(pdf);
    let mut pages = BTreeMap::new();
    for (at, _) in pdf.match_indices(" 0 obj\n<</Type /Page\n") {
        let object = pdf[..at].rsplit('\n').next().unwrap_or_default();
        pages.insert(object.to_owned(), pages.len() + 1);
    }
    let mut numbers = BTreeMap::new();
    for (at, _) in pdf.match_indices(" 0 R /XYZ ") {
        let Some((name, object)) = pdf[..at].rsplit_once(" [") else {
            continue;
        };
        let name = name.rsplit('/').next().unwrap_or_default();
        if let Some(page) = pages.get(object) {
            numbers.insert(name.to_owned(), *page);
        }
    }
    (pages.len(), numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PDF: &str = "%PDF-1.4\n2 0 obj\n<</Type /Page\n/Resources 1 0 R>>\n\
        10 0 obj\n<</Type /Page\n/Parent 17 0 R>>\n17 0 obj\n<</Type /Pages\n/Count 2>>\n\
        18 0 obj\n<</a [2 0 R /XYZ 6 82 0]\n/b_2-c [10 0 R /XYZ 6 82 0]>>\n%%EOF\n";

    #[test]
    fn pages_are_counted_and_places_found_on_them() {
        let (count, numbers) = read(PDF.as_bytes());
        assert_eq!(count, 2);
        let expected = [("a".to_owned(), 1), ("b_2-c".to_owned(), 2)];
        assert_eq!(numbers, BTreeMap::from(expected));
    }

    #[test]
    fn a_number_stands_in_the_link_to_its_page_or_is_left_out() {
        let at = "<span class=\"at\">, page 000</span>";
        let html = format!("<a href=\"#x\">X{at}</a> <a href=\"#y\">Y{at}</a>");
        let numbers = BTreeMap::from([("y".to_owned(), 12)]);
        assert_eq!(
            numbered(&html, &numbers),
            "<a href=\"#x\">X</a> <a href=\"#y\">Y<span class=\"at\">, page 12</span></a>"
        );
    }

    #[test]
    fn a_browser_is_found_by_its_usual_names_in_their_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().as_os_str();
        let file =
            |name| dir.path().join(format!("{name}{}", env::consts::EXE_SUFFIX));
        fs::write(file("google-chrome"), "").unwrap();
        assert_eq!(find(path), Some(file("google-chrome")));
        fs::create_dir(file("chromium")).unwrap();
        assert_eq!(
            find(path),
            Some(file("google-chrome")),
            "a folder is no browser"
        );
        fs::write(file("chromium-browser"), "").unwrap();
        assert_eq!(find(path), Some(file("chromium-browser")));
    }
}
