//! Printing the book: with a fake browser that fails in several ways, and with
//! Chromium.

use std::fs;
use std::path::Path;
use std::time::Duration;

use book::{pdf, render};

/// Prints the book.
fn print(browser: &Path, out: &Path, deadline: Duration) -> Result<u64, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime
        .block_on(pdf::print(&render::book_dir(), browser, out, deadline))
        .map_err(|error| format!("{error:#}"))
}

#[cfg(unix)]
mod fake {
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;
    use std::process::Command;

    use tempfile::TempDir;

    use super::*;

    const DEADLINE: Duration = Duration::from_secs(2);

    // A symlink rather than a new script: another test's thread may fork while this
    // one writes, and executing a file that is open for writing fails with ETXTBSY.
    fn browser(dir: &TempDir, behavior: &str) -> PathBuf {
        let path = dir.path().join(behavior);
        symlink(render::book_dir().join("tests/fake_browser.sh"), &path).unwrap();
        path
    }

    /// Returns the error, after checking that the existing file was not replaced.
    fn error(behavior: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("book.pdf");
        fs::write(&out, "old").unwrap();
        let error = print(&browser(&dir, behavior), &out, DEADLINE).unwrap_err();
        assert_eq!(fs::read_to_string(&out).unwrap(), "old");
        error
    }

    #[test]
    fn the_output_of_a_failed_browser_is_quoted() {
        let error = error("fails");
        assert!(error.contains("failed (exit status: 7)"), "{error}");
        assert!(error.ends_with("\n  no usable sandbox"), "{error}");
    }

    #[test]
    fn a_browser_that_writes_no_pdf_or_half_of_one() {
        for behavior in ["nothing", "half"] {
            let error = error(behavior);
            assert!(
                error.contains("wrote no PDF; is it Chromium, Chrome or Edge?"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_hanging_browser_is_killed_with_its_children() {
        let dir = tempfile::tempdir().unwrap();
        let browser = browser(&dir, "hangs");
        let error = print(&browser, &dir.path().join("book.pdf"), DEADLINE);
        let error = error.unwrap_err();
        assert!(error.contains("timed out after 2 s"), "{error}");
        let pid = fs::read_to_string(dir.path().join("pid")).unwrap();
        let state = Command::new("ps")
            .args(["-o", "stat=", "-p", pid.trim()])
            .output()
            .unwrap();
        let state = String::from_utf8(state.stdout).unwrap();
        // It remains a zombie if there is no init process that reaps it.
        assert!(state.is_empty() || state.starts_with('Z'), "{state}");
    }

    #[test]
    fn the_command_reports_the_file_or_what_to_install() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("book.pdf");
        fs::write(&out, "old").unwrap();
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_book"));
            command.arg("pdf").arg("--out").arg(&out).env_remove(pdf::VARIABLE);
            command
        };
        let printed =
            command().env(pdf::VARIABLE, browser(&dir, "prints")).output().unwrap();
        let stdout = String::from_utf8(printed.stdout).unwrap();
        let expected = format!("Wrote {} (0.0 MiB) in ", out.display());
        assert!(stdout.starts_with(&expected), "{stdout}");
        assert!(fs::read(&out).unwrap().starts_with(b"%PDF-1.4"));
        if cfg!(target_os = "linux") {
            let none = command().env("PATH", dir.path()).output().unwrap();
            assert_eq!(none.status.code(), Some(1));
            let stderr = String::from_utf8(none.stderr).unwrap();
            assert!(stderr.starts_with("error: found no Chromium"), "{stderr}");
            assert!(stderr.contains("--browser"), "{stderr}");
        }
    }
}

#[test]
fn a_missing_browser() {
    let dir = tempfile::tempdir().unwrap();
    let browser = dir.path().join("missing");
    let out = dir.path().join("book.pdf");
    let error = print(&browser, &out, pdf::DEADLINE).unwrap_err();
    assert!(
        error.contains(&format!("could not start {}", browser.display())),
        "{error}"
    );
    assert!(error.contains("name another browser with --browser"), "{error}");
}

#[test]
fn an_unwritable_file_is_reported_before_anything_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let browser = dir.path().join("missing");
    let error = print(&browser, dir.path(), pdf::DEADLINE).unwrap_err();
    assert!(error.ends_with("is a folder; name a file"), "{error}");
    let out = dir.path().join("no folder/book.pdf");
    let error = print(&browser, &out, pdf::DEADLINE).unwrap_err();
    assert!(
        error.starts_with(&format!("could not write {}", out.display())),
        "{error}"
    );
}

#[test]
fn chromium_prints_the_book() {
    let Ok(browser) = pdf::browser(None) else {
        assert!(std::env::var_os("CI").is_none(), "CI has no Chromium");
        eprintln!("skipped: no Chromium is installed");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("Bücher, 100% #1.pdf");
    let bytes = print(&browser, &out, pdf::DEADLINE).unwrap();
    let pdf = fs::read(&out).unwrap();
    assert_eq!(pdf.len() as u64, bytes);
    // A page with all chapters, an outline for the sidebar of a PDF viewer, and
    // links.
    let pdf = String::from_utf8_lossy(&pdf);
    for part in ["/Type /Outlines", "/Subtype /Link", "/Dests"] {
        assert!(pdf.contains(part), "no {part}");
    }
    assert!(pdf.matches("/Type /Page\n").count() > 10);
}
