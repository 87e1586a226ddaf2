#!/bin/sh
# Checks that this machine has what the workbook needs, and downloads its crates. Builds
# nothing, so it also works where no build can: without a C compiler, or with an old Rust.
#
#     sh .workshop/prepare.sh
#
# For each thing that is missing, prints the command that installs it. The exit status is
# 1 if something is missing that all lessons need.
cd "$(dirname "$0")/.." || exit 1
status=0

ok() { echo "ok        $1"; }

# missing WHAT COMMAND...
missing() {
    echo "MISSING   $1"
    shift
    advise "$@"
    status=1
}

# optional WHAT COMMAND...
optional() {
    echo "optional  $1"
    shift
    advise "$@"
}

advise() { for line in "$@"; do echo "            $line"; done; }

# install DEBIAN FEDORA HOMEBREW WHAT: prints the command of this system's package manager.
install() {
    if command -v apt-get >/dev/null; then
        echo "sudo apt-get install $1"
    elif command -v dnf >/dev/null; then
        echo "sudo dnf install $2"
    elif command -v brew >/dev/null || command -v xcode-select >/dev/null; then
        echo "$3"
    else
        echo "install $4 with your system's package manager"
    fi
}

# The version that Cargo.toml requires, such as 1.89.
required=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
version=$(rustc --version 2>/dev/null | sed -n 's/^rustc \([0-9.]*\).*/\1/p')
minor=${version#*.}
minor=${minor%%.*}
rust=ok
if [ -z "$version" ]; then
    rust=missing
    missing "Rust $required or newer: found no working rustc on PATH" \
        "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" \
        "Then open a new terminal."
elif [ "${version%%.*}" -eq 1 ] && [ "$minor" -lt "${required#*.}" ]; then
    rust=missing
    if command -v rustup >/dev/null; then
        missing "Rust $required or newer: this folder uses Rust $version" \
            "rustup update stable && rustup default stable" \
            "If it stays old: rustup override unset"
    else
        missing "Rust $required or newer: found Rust $version, which rustup did not install" \
            "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" \
            "Then open a new terminal, in which \`rustc --version\` is the new one."
    fi
else
    ok "Rust $version"
fi

# rustc links with `cc`, and the crate ring has C code. A compiler without the C library's
# headers, or the `cc` of a Mac without the command line tools, fails here too.
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
printf '#include <stdlib.h>\nint main(void) { return 0; }\n' >"$folder/main.c"
if cc -o "$folder/main" "$folder/main.c" >/dev/null 2>&1; then
    ok "C compiler and linker: cc"
else
    missing "C compiler and linker: \`cc\` cannot build a program" \
        "$(install build-essential gcc 'xcode-select --install' 'gcc or clang')"
fi

# As the lessons do, see src/postgres/programs.rs.
postgres=$WORKBOOK_POSTGRES_BIN
if [ -z "$postgres" ]; then
    for dir in "$(dirname "$(command -v initdb)")" /usr/lib/postgresql/*/bin /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql@*/bin /usr/local/opt/postgresql@*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin /opt/homebrew/bin \
        /usr/local/opt/postgresql/bin /usr/local/pgsql/bin; do
        [ -x "$dir/initdb" ] && postgres=$dir
    done
fi
if [ -n "$DATABASE_URL" ]; then
    ok "PostgreSQL: the server in DATABASE_URL (not contacted)"
elif [ -x "$postgres/initdb" ] && [ -x "$postgres/postgres" ]; then
    ok "PostgreSQL: $postgres"
else
    optional "PostgreSQL: found no initdb and postgres (only lessons 05 and 14 need it)" \
        "$(install postgresql postgresql-server 'brew install postgresql@17' PostgreSQL)"
fi

python=
for program in .venv/bin/python python3 python; do
    if [ -z "$python" ] && "$program" -c 'import ensurepip, venv, sys
sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
        python=$program
    fi
done
if [ -n "$python" ]; then
    ok "Python 3.11 or newer with venv: $python"
else
    optional "Python 3.11 or newer with venv (only the lessons' Python programs need it)" \
        "$(install 'python3 python3-venv' python3 'brew install python' 'Python 3.11')"
fi

# All programs, tests and the book take about 4 GB in `target`.
free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1048576) }')
if [ "$free" -ge 4 ]; then
    ok "disk space: $free GB free"
else
    missing "disk space: $free GB free, 4 GB needed" "Delete files, or move this folder."
fi

if [ $rust = missing ]; then
    echo "skipped   download of the crates, which needs Rust $required"
elif cargo fetch --locked >"$folder/log" 2>&1; then
    ok "all crates are downloaded"
else
    missing "crates: \`cargo fetch --locked\` failed; is there a network?" \
        "$(tail -n 1 "$folder/log")" \
        "Behind a proxy, set HTTPS_PROXY=http://NAME:PORT, and run this again."
fi

echo
if [ $status = 0 ]; then
    echo "Ready. Next: cargo build --examples, then cargo workbook doctor"
else
    echo "Install what is MISSING, then run this again."
fi
exit $status
