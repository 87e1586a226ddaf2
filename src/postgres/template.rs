//! Keeps what `initdb` made, because a copy takes a tenth of its time.

use std::{
    env,
    fs::{self, DirBuilder},
    io,
    os::unix::fs::{DirBuilderExt, chown},
    path::{Path, PathBuf},
    process,
    time::SystemTime,
};

use super::programs::User;

/// Where the template for a PostgreSQL version belongs, if this program was built by
/// Cargo: Cargo marks its target folder with a `CACHEDIR.TAG`.
pub(super) fn folder(version: &str) -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let target =
        program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file())?;
    Some(target.join("workbook-postgres").join(version))
}

/// Keeps a copy of `data` as the template. Several programs may do so at once, and
/// be killed while they do: a template appears whole, by its rename, or not at all.
pub(super) fn save(data: &Path, template: &Path) -> io::Result<()> {
    let parent = template.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(parent)?;
    let unfinished = parent.join(unique("new"));
    let saved = copy(data, &unfinished, None)
        .and_then(|()| fs::rename(&unfinished, template));
    if saved.is_err() {
        let _ = fs::remove_dir_all(&unfinished);
    }
    saved
}

/// Removes a template. The rename comes first: whoever copies it now finds files
/// missing and knows, instead of taking a half for the whole.
pub(super) fn discard(template: &Path) {
    let rubbish = template.with_file_name(unique("old"));
    if fs::rename(template, &rubbish).is_ok() {
        let _ = fs::remove_dir_all(&rubbish);
    }
}

/// Copies a folder, all of it for `owner`. PostgreSQL takes no data folder that
/// others can enter.
pub(super) fn copy(from: &Path, to: &Path, owner: Option<User>) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(to)?;
    give(to, owner)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to, owner)?;
        } else {
            fs::copy(entry.path(), &to)?;
            give(&to, owner)?;
        }
    }
    Ok(())
}

fn give(path: &Path, owner: Option<User>) -> io::Result<()> {
    match owner {
        Some(User { uid, gid }) => chown(path, Some(uid), Some(gid)),
        None => Ok(()),
    }
}

/// A file name that no other program, and no other call in this one, comes up with.
pub(super) fn unique(prefix: &str) -> String {
    // A clock before 1970 costs uniqueness between two calls, nothing more.
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    format!("{prefix}-{}-{:x}", process::id(), now.subsec_nanos())
}
