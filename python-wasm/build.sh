#!/usr/bin/env bash
# Builds a guest: CPython for WebAssembly with its standard library and our shim, into a cache outside the clone.
#
# This file owns the order of the steps and the keys under which their results are kept; lib/*.sh own the steps.
# README.md says what comes out, and how to add a library or a second guest.
# shellcheck source-path=SCRIPTDIR
set -euo pipefail
export LC_ALL=C.UTF-8
umask 022

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${ACTIOND_CACHE:-${XDG_CACHE_HOME:-${HOME:?set HOME or ACTIOND_CACHE}/.cache}/actiond}
# Whoever sets other files here (a test, an experiment) gets other keys, so never someone else's guest.
ENTRY=${ACTIOND_ENTRY:-$HERE/entry.c}
SHIM=${ACTIOND_SHIM:-$HERE/shim}
JOBS=$(nproc)

source "$HERE/versions"
source "$HERE/lib/progress.sh"
source "$HERE/lib/toolchain.sh"
source "$HERE/lib/sources.sh"
source "$HERE/lib/libraries.sh"
source "$HERE/lib/cpython.sh"
source "$HERE/lib/data.sh"
source "$HERE/lib/guest.sh"

usage() {
    cat <<'TEXT'
usage: build.sh [GUEST]               build what is missing (GUEST: base, the default; data: with NumPy and pandas)
       build.sh --print-dir [GUEST]   print where the guest of these inputs is or will be; build nothing
       build.sh --verify [GUEST]      check the guest's files against its manifest; 0 if right

The result lies under $ACTIOND_CACHE, else $XDG_CACHE_HOME/actiond, else ~/.cache/actiond; `guest` there points
to the newest base guest, `guest-data` to the newest of the other.
TEXT
}

# The keys: each is a hash of every input of its part, so no other change costs anything and none is missed.
find_keys() {
    local slow=() shim=()
    mapfile -t slow < <(find "$HERE"/{versions,sources} "$HERE/patches" "$HERE/profile" "$HERE/lib/compile.py" \
        "$HERE"/net/{include,functions,pyconfig} \
        "$HERE"/lib/{toolchain,sources,libraries,cpython}.sh -type f ! -name 'README*' ! -name '*.pyc' | LC_ALL=C sort)
    CPYTHON_KEY=$(cd "$HERE" && hash_of "${slow[@]#"$HERE/"}" | cut -c1-16)
    LIBRARIES_KEY=$({
        echo "$CPYTHON_KEY"
        cd "$HERE" && find data stand-in lib/data.sh lib/localize.py lib/wheels.py -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z |
            xargs -0 sha256sum
    } | sha256sum | cut -c1-16)
    MODULE_KEY=$({
        echo "$CPYTHON_KEY $GUEST"
        [[ $GUEST == base ]] || echo "$LIBRARIES_KEY"
        sha256sum <"$ENTRY"
        sha256sum <"$HERE/lib/guest.sh"
        cd "$HERE" && hash_of builtins.def decode.[ch] net/*.[ch]
    } | sha256sum | cut -c1-16)
    mapfile -t shim < <(cd "$SHIM" && find . -type f -name '*.py' | LC_ALL=C sort)
    ((${#shim[@]} > 0)) || fail "no shim in $SHIM"
    GUEST_KEY=$({
        echo "$MODULE_KEY"
        sha256sum <"$HERE/lib/manifest.py"
        cd "$HERE" && find stdlib -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
        cd "$SHIM" && hash_of "${shim[@]}"
    } | sha256sum | cut -c1-16)
    KEPT=$CACHE/cpython-$CPYTHON_KEY
    LIBRARIES=$CACHE/libraries-$LIBRARIES_KEY
    GUEST_DIR=$CACHE/guest-$GUEST-$GUEST_KEY
}

build_cpython() {
    SYSROOT=$WORK/sysroot
    DEPS=$WORK/deps
    say "CPython $PYTHON (once per machine and set of inputs; the log: $LOG)"
    step "fetch sources, check signatures, patch" fetch_sources
    step "C library" build_sysroot
    step "zlib" build_zlib
    step "bzip2" build_bzip2
    step "liblzma" build_lzma
    step "SQLite" build_sqlite
    step "yyjson" build_yyjson
    step "CPython for this machine, counting" build_native
    step "profile of the workloads" record_profile
    step "CPython for WASI" build_wasi
    rm -rf "$KEPT" "$KEPT.new"
    step "standard library" keep_cpython "$KEPT.new"
    step "keep" publish "$KEPT.new" "$KEPT"
}

# A build takes minutes, and someone may edit meanwhile: everything is built from a copy, and the keys are those of the copy.
freeze_inputs() {
    WORK=$(mktemp -d "$CACHE/work-XXXXXX")
    LOG=$WORK/build.log
    : >"$LOG"
    cp -R "$HERE" "$WORK/python-wasm"
    cp "$ENTRY" "$WORK/python-wasm/entry.c"
    rm -rf "$WORK/python-wasm/shim"
    cp -RL "$SHIM" "$WORK/python-wasm/shim"
    HERE=$WORK/python-wasm
    ENTRY=$HERE/entry.c
    SHIM=$HERE/shim
    find_keys
}

build() {
    require_tools
    [[ $GUEST == base ]] || command -v ninja >/dev/null || fail "missing: ninja (scripts/setup installs it)"
    mkdir -p "$CACHE"
    exec 9>"$CACHE/build.lock"
    if ! flock -n 9; then
        say "waiting for another build to finish"
        flock 9
    fi
    # The lock is ours: what a stopped build left behind is nobody's.
    rm -rf "$CACHE"/work-* "$CACHE"/*.new
    freeze_inputs
    # Another build may have made it meanwhile.
    if verify_guest 2>/dev/null; then
        point_default
        rm -rf "$WORK"
        return
    fi
    kept_is_whole || build_cpython
    [[ $GUEST == base ]] || libraries_are_whole || build_libraries
    say "guest $GUEST"
    step "link" cached_module
    step "assemble" assemble_guest
    verify_guest || fail "the guest just built does not verify"
    point_default
    rm -rf "$WORK"
}

main() {
    local mode=build
    case ${1:-} in
        --help | -h)
            usage
            return
            ;;
        --print-dir | --verify)
            mode=${1#--}
            shift
            ;;
    esac
    GUEST=${1:-base}
    if (($# > 1)) || ! declare -F "${GUEST}_recipe" >/dev/null; then
        usage >&2
        exit 2
    fi
    find_keys
    case $mode in
        print-dir) echo "$GUEST_DIR" ;;
        verify) verify_guest ;;
        build)
            build
            say "guest: $GUEST_DIR"
            ;;
    esac
}

# On one line: bash reads no further, whatever happens to this file meanwhile.
main "$@"; exit
