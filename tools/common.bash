# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the other tools: where the project is, and what several of them do.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# One sentence on standard error that says what to do, and the end.
fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

say() { printf '%s\n' "$*" >&2; }

# A tool that needs root still builds as whoever owns the checkout, so that no file in it ends up root's.
as_owner() {
  local owner home
  owner=$(stat -c %U "$project")
  home=$(getent passwd "$owner" | cut -d: -f6 || true)
  if [[ $EUID -eq 0 && $owner != root && -n $home ]]; then
    runuser -u "$owner" -- env HOME="$home" USER="$owner" "$@"
  else
    "$@"
  fi
}

# One hash over the names and contents of all files below the given paths of the project, without what a build makes.
hash_of() {
  cd "$project" || return
  find "$@" \( -name node_modules -o -name dist -o -name screenshots \) -prune -o -type f -print0 |
    LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

# Brings FOLDER/node_modules (a folder of the project) up to its package-lock.json.
node_modules() {
  local folder=$1 hash stamp=$project/$1/node_modules/.berth-stamp
  hash=$(hash_of "$folder/package.json" "$folder/package-lock.json")
  [[ -f $stamp && $(<"$stamp") == "$hash" ]] && return
  say "fetching the npm packages of $folder"
  (cd "$project/$folder" && as_owner npm ci --no-audit --no-fund --loglevel=error >&2) ||
    fail "npm ci failed in $folder; check that the npm registry can be reached and run this again"
  as_owner tee "$stamp" <<<"$hash" >/dev/null
}

# Configures PRESET once (ninja repeats it when needed) and builds the TARGETs, or everything.
build() {
  local preset=$1
  shift
  cd "$project" || return
  [[ -f build/$preset/build.ninja ]] || as_owner cmake --preset "$preset" >&2 ||
    fail "the build could not be configured; the message above says why"
  as_owner cmake --build --preset "$preset" ${1:+--target "$@"} >&2 ||
    fail "the build failed; the first error above says where"
}
