//! `cargo book pdf`: prints the book with an installed Chromium.
//!
//! mdBook writes all chapters into one page, `print.html`, and `theme/print.css`
//! lays it out for paper: folds are open, buttons and menus are gone. Headless
//! Chromium prints it in one pass.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use tokio::time::timeout;

use crate::process::{Process, ProcessEvent};
use crate::render;

/// The environment variable that names a browser.
pub const VARIABLE: &str = "CHROMIUM";

/// The deadline for printing, which takes seconds.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// The size of the paper. A reader who prints a page chooses their own.
const PAPER: &str = "<style>@page { size: A4 }</style></head>";

/// Prints the book in the folder `book` to the file `out`, and returns the file's
/// size in bytes. Dropping the future kills the browser.
///
/// # Errors
///
/// If the book cannot be built, if the browser fails or exceeds the deadline, or if
/// `out` cannot be written. An existing file is replaced only after a successful
/// print.
pub async fn print(
    book: &Path,
    browser: &Path,
    out: &Path,
    deadline: Duration,
) -> Result<u64> {
    if out.is_dir() {
        bail!("{} is a folder; name a file", out.display());
    }
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        bail!("could not write {}: no folder {}", out.display(), folder.display());
    }
    let work = render::work_folder()?;
    let page =
        render::build(book, Some(&work.path().join("html")))?.join("print.html");
    let html = fs::read_to_string(&page)
        .with_context(|| format!("could not read {}", page.display()))?;
    fs::write(&page, html.replacen("</head>", PAPER, 1))?;
    let pdf = work.path().join("book.pdf");
    run(browser, &arguments(work.path(), &page, &pdf), deadline).await?;
    let bytes = fs::read(&pdf).unwrap_or_default();
    if !bytes.starts_with(b"%PDF-") || !bytes.trim_ascii_end().ends_with(b"%%EOF") {
        let name = browser.display();
        bail!("`{name}` wrote no PDF; is it Chromium, Chrome or Edge?");
    }
    fs::write(out, &bytes)
        .with_context(|| format!("could not write {}", out.display()))?;
    Ok(bytes.len() as u64)
}

/// Finds a browser: `requested`, the one in the variable `CHROMIUM`, or the first
/// Chromium, Chrome or Edge that is installed.
///
/// # Errors
///
/// If none is installed. If the first two do not exist, starting them fails.
pub fn browser(requested: Option<PathBuf>) -> Result<PathBuf> {
    let variable = env::var_os(VARIABLE).filter(|name| !name.is_empty());
    if let Some(browser) = requested.or(variable.map(PathBuf::from)) {
        return Ok(browser);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    find(&path).with_context(|| {
        format!(
            "found no Chromium to print with. Install one (`sudo apt-get install \
             chromium`, `sudo dnf install chromium`, `brew install --cask chromium`), \
             or name a Chromium, Chrome or Edge with --browser or the environment \
             variable {VARIABLE}"
        )
    })
}

/// File names on the `PATH`.
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

/// Standard locations, below `/` on macOS, and below one of three folders on
/// Windows.
const LOCATIONS: [&str; 5] = [
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
    let variables = ["ProgramFiles", "ProgramFiles(x86)", "LocalAppData"];
    let mut roots: Vec<PathBuf> =
        variables.iter().filter_map(env::var_os).map(PathBuf::from).collect();
    roots.push(PathBuf::from("/"));
    let in_locations = roots
        .iter()
        .flat_map(|root| LOCATIONS.iter().map(move |location| root.join(location)));
    on_path.chain(in_locations).find(|file| file.is_file())
}

fn arguments(work: &Path, page: &Path, pdf: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = [
        "--headless",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-extensions",
        "--disable-sync",
        "--no-first-run",
        "--no-default-browser-check",
        // /dev/shm is small in containers.
        "--disable-dev-shm-usage",
        // The book needs no network, so Chromium gets none.
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--no-pdf-header-footer",
        "--generate-pdf-document-outline",
    ]
    .map(OsString::from)
    .into();
    // Chromium refuses to use its sandbox as root.
    if is_owned_by_root(work) {
        arguments.push("--no-sandbox".into());
    }
    for (option, path) in
        [("--user-data-dir=", &*work.join("profile")), ("--print-to-pdf=", pdf)]
    {
        let mut argument = OsString::from(option);
        argument.push(path);
        arguments.push(argument);
    }
    arguments.push(page.into());
    arguments
}

/// Returns whether this process, which created the folder, runs as root.
#[cfg(unix)]
fn is_owned_by_root(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    folder.metadata().is_ok_and(|metadata| metadata.uid() == 0)
}

#[cfg(not(unix))]
fn is_owned_by_root(_: &Path) -> bool {
    false
}

/// Runs the browser to its end.
async fn run(
    browser: &Path,
    arguments: &[OsString],
    deadline: Duration,
) -> Result<()> {
    let name = browser.display();
    let mut command = Command::new(browser);
    command.args(arguments);
    let mut process = Process::spawn(command).map_err(|error| {
        anyhow!(
            "{error:#}; name another browser with --browser or the environment \
             variable {VARIABLE}"
        )
    })?;
    let mut output = String::new();
    let exited = timeout(deadline, wait(&mut process, &mut output)).await;
    let Ok(status) = exited else {
        process.terminate().await;
        let seconds = deadline.as_secs_f32();
        bail!("`{name}` timed out after {seconds} s");
    };
    let status = status?;
    if !status.success() {
        bail!("`{name}` failed ({status}){}", last_lines(&output));
    }
    Ok(())
}

/// Waits until the process exits, and collects the end of its output.
async fn wait(process: &mut Process, output: &mut String) -> Result<ExitStatus> {
    loop {
        match process.next().await? {
            ProcessEvent::Exited(status) => return Ok(status),
            ProcessEvent::Output(_) if output.len() > 1 << 16 => output.clear(),
            ProcessEvent::Output(text) => output.push_str(&text),
        }
    }
}

fn last_lines(output: &str) -> String {
    let lines: Vec<_> =
        output.lines().filter(|line| !line.trim().is_empty()).collect();
    let first = lines.len().saturating_sub(8);
    lines[first..].iter().map(|line| format!("\n  {line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_searched_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().as_os_str();
        let file =
            |name| dir.path().join(format!("{name}{}", env::consts::EXE_SUFFIX));
        fs::write(file("google-chrome"), "").unwrap();
        assert_eq!(find(path), Some(file("google-chrome")));
        // A folder is not a browser.
        fs::create_dir(file("chromium")).unwrap();
        assert_eq!(find(path), Some(file("google-chrome")));
        fs::write(file("chromium-browser"), "").unwrap();
        assert_eq!(find(path), Some(file("chromium-browser")));
    }
}
