#!/usr/bin/env bash
# Builds the service as it is released: a run of the bench tells which parts run often, and the compiler makes the most of
# these. About a fifth less processor time than by `cargo build --release`, for twice the time of building and the
# programs that the bench needs.
set -euo pipefail
cd "$(dirname "$0")"

host=$(rustc -vV | sed -n 's/^host: //p')
profile=$PWD/target/profile

# The profile has the form of the compiler's LLVM, or of one little older.
profdata() {
  local program
  for program in "$(rustc --print sysroot)/lib/rustlib/$host/bin/llvm-profdata" llvm-profdata-{22,21,20,19}; do
    if command -v "$program" > /dev/null; then
      echo "$program"
      return
    fi
  done
  echo "llvm-profdata is missing: rustup component add llvm-tools, or Debian's package llvm-19" >&2
  return 1
}

# Of this target alone: programs that run while others are built need no profile.
build() {
  RUSTFLAGS="${RUSTFLAGS:-} $1" cargo build --release --locked --target "$host" --target-dir "$2" -p portico-server
}

merge=$(profdata)
# The folder is named here as below: it may be set to another, where this script would not look.
cargo build --release --locked --target-dir target -p portico-bench
build "-Cprofile-generate=$profile/raw" "$profile"
cp target/release/portico-bench "$profile/$host/release/"
rm -rf "$profile/raw"
"$profile/$host/release/portico-bench" --quick
"$merge" merge -o "$profile/portico.profdata" "$profile/raw"
build "-Cprofile-use=$profile/portico.profdata" target
cp target/release/portico-bench "target/$host/release/"
rm -rf "$profile"
echo "target/$host/release/portico"
