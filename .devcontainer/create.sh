#!/bin/sh
# Prepares the container once, after it was created.
set -eu
cd "$(dirname "$0")/.."
sudo apt-get update -q
sudo apt-get install -y -q --no-install-recommends postgresql python3-venv
rustup update stable
rustup default stable
sh .workshop/prepare.sh
python3 -m venv .venv
.venv/bin/pip install -q -r lessons/requirements.txt
cargo build --examples
cargo book build
cargo workbook doctor
