//! Caches the result of `initdb`, because copying it takes a tenth of the time.
//!
//! The cache lives in Cargo's target directory, which `cargo clean` removes. Several
//! programs may create, use and discard a template at the same time, and each may be
//! killed at any moment. Both creating and discarding therefore go through a rename,
//! which is atomic: a template is there completely or not at all.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{env, io, process};

use super::programs::User;

/// Much longer than saving or discarding a template takes.
const LEFTOVER_AGE: Duration = Duration::from_secs(60 * 60);

/// Returns the directory of the template for a PostgreSQL version, if this program
/// was built by Cargo: its target directory has these files, the first one only if Cargo
/// created the directory.
pub(super) fn dir(version: &str) -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let is_target = |dir: &Path| {
        let files = ["CACHEDIR.TAG", ".rustc_info.json"];
        files.iter().any(|file| dir.join(file).is_file())
    };
    let target = program.ancestors().find(|dir| is_target(dir))?;
    Some(target.join("workbook-postgres").join(version))
}

/// Saves a copy of `data` as the template.
pub(super) fn save(data: &Path, template: &Path) -> io::Result<()> {
    let parent = template.parent().ok_or(io::ErrorKind::InvalidInput)?;
    if fs::create_dir(parent).is_ok() {
        // Whatever the umask is.
        fs::set_permissions(parent, Permissions::from_mode(0o755))?;
    }
    remove_leftovers(parent);
    let partial = parent.join(unique("new"));
    let saved =
        copy(data, &partial, None).and_then(|()| fs::rename(&partial, template));
    if saved.is_err() {
        let _ = fs::remove_dir_all(&partial);
    }
    saved
}

/// Removes what programs left that were killed while they saved or discarded a
/// template.
fn remove_leftovers(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name().into_encoded_bytes();
        let leftover = name.starts_with(b"new-") || name.starts_with(b"old-");
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|time| time.elapsed().ok());
        if leftover && age.is_some_and(|age| age > LEFTOVER_AGE) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Removes a template.
///
/// It is renamed first, so that a program that is copying it runs into a missing
/// file and fails, rather than ending up with an incomplete copy.
pub(super) fn discard(template: &Path) {
    let trash = template.with_file_name(unique("old"));
    if fs::rename(template, &trash).is_ok() {
        let _ = fs::remove_dir_all(&trash);
    }
}

/// Copies a directory recursively and changes its owner. Only the owner can enter
/// the copy, as PostgreSQL requires, whatever the umask is.
pub(super) fn copy(from: &Path, to: &Path, owner: Option<User>) -> io::Result<()> {
    fs::create_dir(to)?;
    fs::set_permissions(to, Permissions::from_mode(0o700))?;
    set_owner(to, owner)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to, owner)?;
        } else {
            fs::copy(entry.path(), &to)?;
            set_owner(&to, owner)?;
        }
    }
    Ok(())
}

fn set_owner(path: &Path, owner: Option<User>) -> io::Result<()> {
    match owner {
        Some(User { uid, gid }) => chown(path, Some(uid), Some(gid)),
        None => Ok(()),
    }
}

/// Returns a file name that is unique among all programs and calls.
pub(super) fn unique(prefix: &str) -> String {
    // With a clock before 1970, two calls in one program may return the same name.
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    format!("{prefix}-{}-{:x}", process::id(), now.subsec_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_leftovers_are_removed() {
        let parent = env::temp_dir().join(unique("workbook-test-template"));
        for name in ["new-1", "old-1", "new-2", "15.1"] {
            fs::create_dir_all(parent.join(name).join("base")).unwrap();
        }
        for name in ["new-1", "old-1", "15.1"] {
            let old = SystemTime::now() - LEFTOVER_AGE * 2;
            fs::File::open(parent.join(name)).unwrap().set_modified(old).unwrap();
        }
        remove_leftovers(&parent);
        let exists = |name| parent.join(name).exists();
        let left = ["new-1", "old-1", "new-2", "15.1"].map(exists);
        fs::remove_dir_all(&parent).unwrap();
        assert_eq!(left, [false, false, true, true]);
    }
}
