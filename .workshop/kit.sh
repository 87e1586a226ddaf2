#!/bin/sh
# Makes a folder and an archive of it for a workshop without a network: this repository, the
# source code of all crates, the wheels of the Python packages, and the built book.
#
#     sh .workshop/kit.sh [FOLDER]
#
# The default is target/kit/async-workbook. Needs the network, Rust, a C compiler, and
# Python with pip. The crates are for all systems; the wheels are for Python 3.11 to 3.13
# on Linux, Windows and macOS.
set -eu
cd "$(dirname "$0")/.."
kit=${1:-target/kit/async-workbook}
if [ -e "$kit" ]; then
    echo "error: $kit exists; remove it first" >&2
    exit 1
fi
mkdir -p "$kit"
kit=$(cd "$kit" && pwd)
case $kit in
"$PWD"/target/*) ;;
"$PWD"/*)
    rmdir "$kit"
    echo "error: $kit is in this repository; use a folder in target, or outside" >&2
    exit 1
    ;;
esac

echo "Copying the repository to $kit"
tar -cf - --exclude=./target --exclude=./.git --exclude=./.venv --exclude=./.workbook \
    --exclude=./book/html '--exclude=./lessons/*/exercise.rs' . | tar -xf - -C "$kit"

echo "Copying the source code of the crates"
(cd "$kit" && cargo vendor --quiet --locked --versioned-dirs vendor)
cat >>"$kit/.cargo/config.toml" <<'END'

# Only in a kit: the crates of `cargo vendor`.
[source.crates-io]
replace-with = "vendored-sources"

[source.vendored-sources]
directory = "vendor"
END
home=$(mktemp -d)
(cd "$kit" && CARGO_HOME=$home cargo fetch --quiet --locked --offline)
rm -rf "$home"

echo "Downloading the wheels of the Python packages"
wheels() {
    for version in 3.11 3.12 3.13; do
        python3 -m pip download --quiet --disable-pip-version-check --only-binary=:all: \
            --python-version "$version" --dest "$kit/wheels" \
            -r lessons/requirements.txt "$@"
    done
}
wheels --platform manylinux2014_x86_64 --platform manylinux_2_28_x86_64
wheels --platform win_amd64
wheels --platform macosx_11_0_arm64

echo "Building the book"
cargo book build --dest "$kit/book/html" >/dev/null

cat >"$kit/KIT.md" <<'END'
# Without a network

Everything that the workbook needs is in this folder, except three programs. To see which
of them this machine lacks, run `sh .workshop/prepare.sh`, or on Windows
`powershell -ExecutionPolicy Bypass -File .workshop\prepare.ps1`:

- Rust 1.89 or newer, for example a standalone installer from
  <https://forge.rust-lang.org/infra/other-installation-methods.html>;
- a C compiler;
- PostgreSQL, for lessons 05 and 14 only.

Copy the folder to your disk, or unpack the archive there, and run the first lesson in it:

    cargo run --example 03_gather

The first build compiles the crates in `vendor`, which takes one to two minutes of CPU
time. Then `cargo workbook` and `cargo book serve` work as the README describes. The book is also
built: open `book/html/index.html` in a browser.

The Python programs need Python 3.11 to 3.13:

    python3 -m venv .venv
    .venv/bin/pip install --no-index --find-links wheels -r lessons/requirements.txt

On Windows, the second line begins with `.venv\Scripts\pip`.
END

tar -czf "$kit.tar.gz" -C "$(dirname "$kit")" "$(basename "$kit")"
du -sh "$kit" "$kit.tar.gz"
