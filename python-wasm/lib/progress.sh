# shellcheck shell=bash
# Progress and failure: one line per step with its seconds; everything a step prints goes to $LOG.

set -euo pipefail

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "build.sh: $*"
    exit 1
}

# step TITLE COMMAND... runs COMMAND in a subshell; on failure shows where the log is and how it ends.
step() {
    local title=$1 began=$SECONDS status=0
    shift
    printf '  %-58s ' "$title" >&2
    printf '\n=== %s\n' "$title" >>"$LOG"
    # A plain subshell, not `if`/`||`: those would switch `set -e` off inside it.
    set +e
    (
        set -euo pipefail
        "$@"
    ) >>"$LOG" 2>&1 </dev/null
    status=$?
    set -e
    if ((status != 0)); then
        say "FAILED after $((SECONDS - began)) s"
        say "The last 20 lines of $LOG:"
        tail -n 20 "$LOG" | sed 's/^/    /' >&2
        exit 1
    fi
    printf '%4d s\n' "$((SECONDS - began))" >&2
    grep -a '^WARNING: ' "$LOG" | tail -n +"$((WARNINGS_SHOWN + 1))" >&2 || true
    WARNINGS_SHOWN=$(grep -ac '^WARNING: ' "$LOG" || true)
}
WARNINGS_SHOWN=0

# hash_of FILE... prints one hash over the names and contents of files, in the order given.
hash_of() { sha256sum -- "$@" | sha256sum | cut -c1-64; }

# tree_hash DIR prints the SHA-256 over the sorted "sha256  path" lines of every file below DIR.
tree_hash() {
    (
        cd "$1"
        find . -type f -printf '%P\0' | LC_ALL=C sort -z | xargs -0 -r sha256sum | LC_ALL=C sort | sha256sum | cut -c1-64
    )
}

# publish TEMPORARY FINAL makes a finished directory visible in one rename, after its contents are on disk.
publish() {
    find "$1" -type f -print0 | xargs -0 -r sync
    find "$1" -type d -print0 | xargs -0 -r sync
    mv -T "$1" "$2"
    sync "$(dirname "$2")"
}
