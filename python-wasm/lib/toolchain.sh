# shellcheck shell=bash
# The compilers and the flags that every object in the module shares.

set -euo pipefail

LLVM_BIN=/usr/lib/llvm-$TOOLCHAIN/bin

require_tools() {
    local missing=()
    local tool
    for tool in "$LLVM_BIN/clang" "$LLVM_BIN/wasm-ld" "$LLVM_BIN/llvm-ar" "$LLVM_BIN/llvm-profdata" \
        dpkg-source patch make tclsh xz flock apt-get; do
        command -v "$tool" >/dev/null || missing+=("${tool##*/}")
    done
    ((${#missing[@]} == 0)) || fail "missing: ${missing[*]} (scripts/setup installs them)"
}

# wasm_flags SYSROOT prints the flags of every compilation for the guest. SIMD, bulk memory and saturating conversions are
# on in every engine that the host may be.
wasm_flags() {
    printf '%s ' --target=wasm32-wasi "--sysroot=$1"
    printf '%s ' -O3 -flto -mbulk-memory -mnontrapping-fptoint -msimd128
    printf '%s ' -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_GETPID -D_WASI_EMULATED_PROCESS_CLOCKS
}

# Neither a work directory's name nor this machine's paths belong in the module.
path_flags() { printf '%s ' "-ffile-prefix-map=$WORK=."; }

# profile_flags FILE prints the flags that use a merged profile, if there is one. The profile comes from another target, so a
# function that was compiled differently there is compiled without.
profile_flags() {
    [[ ! -f $1 ]] || printf '%s ' "-fprofile-instr-use=$1" -Wno-profile-instr-out-of-date -Wno-profile-instr-unprofiled
}

# What a link of the guest needs from libc's emulations, after all that uses them.
# shellcheck disable=SC2034  # used by guest.sh
EMULATIONS="-lwasi-emulated-signal -lwasi-emulated-getpid -lwasi-emulated-process-clocks"
