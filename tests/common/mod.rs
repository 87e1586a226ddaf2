//! What several tests need.

use std::{
    collections::HashMap,
    env,
    io::{self, Write},
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

use async_workbook::postgres::{self, Problem};

/// Has cargo build something; returns the programs by their targets' names, as cargo
/// names them: wherever the target folder is, they are neither missing nor old.
pub fn built(args: &[&str]) -> HashMap<String, PathBuf> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(args).arg("--message-format=json");
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit());
    // What cargo told this test about its package would make build scripts run
    // again.
    let for_this_test = |name: &str| {
        [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
            "CARGO_PRIMARY_",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix))
    };
    for (name, _) in env::vars().filter(|(name, _)| for_this_test(name)) {
        cargo.env_remove(name);
    }
    let output = cargo.output().expect("cargo starts");
    assert!(output.status.success(), "cargo {args:?} does not build");
    let messages = String::from_utf8(output.stdout).expect("cargo writes UTF-8");
    let messages = messages.lines().map(|line| serde_json::from_str(line).unwrap());
    messages
        .filter_map(|message: serde_json::Value| {
            let name = message["target"]["name"].as_str()?.to_owned();
            Some((name, message["executable"].as_str()?.into()))
        })
        .collect()
}

/// Whether there is neither a `DATABASE_URL` nor an installed PostgreSQL, so that a
/// test that needs one has to let it pass. Says so on standard error.
///
/// # Panics
///
/// When `CI` is `true`: a test that silently checks nothing is worth nothing there.
pub fn postgres_missing() -> bool {
    static MISSING: OnceLock<bool> = OnceLock::new();
    let missing = *MISSING.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let started = runtime.block_on(postgres::start());
        // Any other problem is for the test to fail with.
        started.is_err_and(|error| {
            matches!(
                error.downcast_ref(),
                Some(Problem::NoPrograms { .. } | Problem::NotHere)
            )
        })
    });
    if missing {
        assert!(env::var("CI").as_deref() != Ok("true"), "CI has no PostgreSQL");
        say("NOT TESTED: found no PostgreSQL. Install it, or set DATABASE_URL.");
    }
    missing
}

/// Tells whoever runs the tests. What `eprintln!` says, cargo shows of failing tests
/// only.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
