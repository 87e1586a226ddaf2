//! The advice for an old Rust or an old clone.

#![cfg(unix)]

use std::fs;
use std::path::Path;
use std::process::Command;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(file)).unwrap()
}

#[test]
fn the_errors_of_an_old_cargo_are_explained() {
    let manifest = read("Cargo.toml");
    let version = manifest.split("rust-version = \"").nth(1).unwrap();
    let version = version.split('"').next().unwrap();
    for file in
        ["README.md", "book/chapters/introduction.md", "book/chapters/how_to_use.md"]
    {
        let text = read(file).replace('\n', " ");
        let needed = format!("requires rustc {version}");
        for part in [&*needed, "edition2024", "`rustup update stable`"] {
            assert!(text.contains(part), "{part:?} in {file}");
        }
    }
}

/// The clone has committed an edited exercise, and upstream has removed it from git.
#[test]
fn an_exercise_that_was_committed_survives_an_update() {
    let page = read("book/chapters/how_to_use.md");
    let row = page.lines().find(|line| line.contains("CONFLICT (modify/delete)"));
    let commands: Vec<_> = row.unwrap().split('`').skip(1).step_by(2).collect();
    let resolve = "git rm --cached 'lessons/*/exercise.rs'";
    assert!(commands.contains(&resolve), "{commands:?}");

    for (pull, proceed) in [
        ("git merge upstream", "git commit --no-edit"),
        ("git rebase upstream", "git rebase --continue"),
    ] {
        assert!(commands.contains(&proceed), "{commands:?}");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("update");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("lessons/03_gather")).unwrap();
        let run = |script: &str| {
            let mut git = Command::new("sh");
            git.args(["-c", script]).current_dir(&folder).env("GIT_EDITOR", "true");
            for who in ["AUTHOR", "COMMITTER"] {
                git.env(format!("GIT_{who}_NAME"), "a");
                git.env(format!("GIT_{who}_EMAIL"), "a@b");
            }
            let output = git.output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            (output.status.success(), text)
        };
        let file = folder.join("lessons/03_gather/exercise.rs");
        fs::write(&file, "starter\n").unwrap();
        assert!(run("git init -q && git add . && git commit -qm old").0);
        fs::write(folder.join(".gitignore"), "/lessons/*/exercise.rs\n").unwrap();
        assert!(
            run("git checkout -qb upstream && git rm -q lessons/03_gather/exercise.rs \
                 && git add . && git commit -qm new && git checkout -q -")
            .0
        );
        fs::write(&file, "mine\n").unwrap();
        assert!(run("git commit -qam mine").0);
        let (merged, text) = run(pull);
        assert!(!merged && text.contains("CONFLICT (modify/delete)"), "{text}");
        assert!(run(resolve).0 && run(proceed).0);
        assert_eq!(run("git status --porcelain"), (true, String::new()));
        assert_eq!(run("git ls-files lessons"), (true, String::new()));
        assert_eq!(fs::read_to_string(&file).unwrap(), "mine\n");
    }
}
