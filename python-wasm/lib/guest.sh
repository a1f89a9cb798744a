# shellcheck shell=bash
# The guest: entry.c linked with what `cpython-KEY` holds, the standard library, the shim, the manifest. Uses $KEPT.

set -euo pipefail

# base_recipe sets what the guest `base` links; another guest adds to it.
base_recipe() {
    LINK_LIBRARIES="-lpython$PYTHON -lmpdec -lexpat -lHacl_Hash_SHA2 -lz -lbz2 -llzma -lsqlite3 -lyyjson"
    COMPILE_FLAGS=() LINK_OBJECTS=()
}

# Modules of NumPy and pandas, which are objects: an archive's would not be linked when nobody calls them by name. Long doubles are
# printed and read by a library of their own.
data_recipe() {
    base_recipe
    LINK_OBJECTS=("$LIBRARIES"/lib/*.o)
    LINK_LIBRARIES="$LINK_LIBRARIES -L$LIBRARIES/lib -lc++ -lc++abi -lc-printscan-long-double"
    COMPILE_FLAGS=("-DMODULES=\"$LIBRARIES/modules.def\"")
}

# What of libc goes through net/*.c, for sockets are not WASI's descriptors.
WRAPPED="close read write fcntl ioctl fstat inet_pton inet_ntop strerror"

# compile_own SOURCE...: our C against what CPython was built with; the objects are listed in OBJECTS.
compile_own() {
    local source object
    OBJECTS=()
    for source in "$@"; do
        object=$WORK/$(basename "${source%.c}").o
        # shellcheck disable=SC2046  # a list of flags without spaces in them
        "$LLVM_BIN/clang" -I"$HERE/net/include" $(wasm_flags "$KEPT/sysroot") "-ffile-prefix-map=$HERE=python-wasm" \
            "${COMPILE_FLAGS[@]}" -Wall -Wextra -I"$HERE" -I"$KEPT/include/python$PYTHON" -I"$KEPT/include" -c "$source" -o "$object"
        OBJECTS+=("$object")
    done
}

# link_module TO: entry.c, decode.c, net/*.c and the libraries, optimised as one program, as a reactor (exports, no main).
link_module() {
    local to=$1
    "${GUEST}_recipe"
    compile_own "$ENTRY" "$HERE/decode.c" "$HERE"/net/*.c
    # -lm and friends are empty in wasi-libc. Function names stay, for profiles and traps; line tables do not.
    # shellcheck disable=SC2046,SC2086  # lists of flags without spaces in them
    "$LLVM_BIN/clang" $(wasm_flags "$KEPT/sysroot") -mexec-model=reactor -Wl,--lto-O3 \
        -Wl,-z,stack-size=8388608 -Wl,--stack-first -Wl,--strip-debug $(printf -- '-Wl,--wrap=%s ' $WRAPPED) \
        "${OBJECTS[@]}" "${LINK_OBJECTS[@]}" -L"$KEPT/lib" $LINK_LIBRARIES $EMULATIONS -lm -o "$to"
}

# The linked module is a cache of its own, so that a change of the shim alone costs no link.
cached_module() {
    local directory=$CACHE/module-$GUEST-$MODULE_KEY
    if [[ -f $directory/python.wasm && -f $directory/sha256 ]] &&
        (cd "$directory" && sha256sum --status -c sha256); then
        return 0
    fi
    rm -rf "$directory" "$directory.new"
    mkdir "$directory.new"
    link_module "$directory.new/python.wasm"
    (cd "$directory.new" && sha256sum python.wasm >sha256)
    publish "$directory.new" "$directory"
}

# assemble_guest lays the guest out in a directory without a name, then gives it its name.
assemble_guest() {
    local new=$CACHE/guest-$GUEST-$GUEST_KEY.new wasm lib shim_hash
    rm -rf "$new"
    mkdir -p "$new/lib" "$new/shim"
    cp "$CACHE/module-$GUEST-$MODULE_KEY/python.wasm" "$new/"
    cp -R "$KEPT/stdlib/python$PYTHON" "$new/lib/"
    lay_over_stdlib "$new/lib/python$PYTHON"
    [[ $GUEST == base ]] || add_packages "$new"
    "$KEPT/native/bin/python3" -I "$HERE/lib/compile.py" "$SHIM" "$new/shim" /shim
    wasm=$(sha256sum "$new/python.wasm" | cut -c1-64)
    lib=$(tree_hash "$new/lib")
    shim_hash=$(tree_hash "$new/shim")
    "$KEPT/native/bin/python3" -I "$HERE/lib/manifest.py" "$KEPT" "$(libraries_of_guest)" "$GUEST" "$GUEST_KEY" "$wasm" "$lib" \
        "$shim_hash" "$new"
    rm -rf "$GUEST_DIR"
    publish "$new" "$GUEST_DIR"
}

libraries_of_guest() {
    [[ $GUEST == base ]] || echo "$LIBRARIES"
}

# add_packages NEW: the Python of NumPy, pandas and their needs, without tests and what needs compilers; and what says that they are
# installed, for those who look in the guest and for those who look for packages.
add_packages() {
    local to=$1/lib/python$PYTHON/site-packages tree=$WORK/packages wheel
    cp -R "$LIBRARIES/python" "$tree"
    (
        cd "$tree"
        rm -rf numpy/f2py numpy/_pyinstaller numpy/_core/include numpy/_core/lib numpy/random/lib numpy/distutils
        find . -type d \( -name tests -o -name __pycache__ \) -prune -exec rm -rf {} +
    )
    "$KEPT/native/bin/python3" -I "$HERE/lib/compile.py" "$tree" "$to" "/lib/python$PYTHON/site-packages"
    (
        cd "$tree"
        find . -type f ! -name '*.py' ! -name '*.pyi' ! -name '*.pyx' ! -name '*.pxd' ! -name '*.pxi' ! -name '*.in' ! -name '*.h' \
            ! -name '*.c' ! -name '*.build' ! -name '*.a' -exec cp --parents -t "$to" {} +
    )
    # pandas asks which version the time zones are, and works with none that does not say.
    mkdir -p "$WORK/zones/tzdata"
    sed -n 's/^tzdata\t\(.*\)/__version__ = "\1"/p' "$LIBRARIES/packages.tsv" >"$WORK/zones/tzdata/__init__.py"
    "$KEPT/native/bin/python3" -I "$HERE/lib/compile.py" "$WORK/zones" "$1/lib/python$PYTHON" "/lib/python$PYTHON"
    cp -R "$LIBRARIES/wheels" "$1/"
    for wheel in "$LIBRARIES"/wheels/*.whl; do
        "$KEPT/native/bin/python3" -m zipfile -e "$wheel" "$to"
    done
}

# lay_over_stdlib TO: stdlib/ replaces modules of the standard library, whole (*.py) or in places (*.patch).
lay_over_stdlib() {
    local to=$1 tree=$WORK/over patch name
    rm -rf "$tree"
    mkdir -p "$tree"
    for patch in "$HERE"/stdlib/*.patch; do
        while read -r name; do
            mkdir -p "$tree/$(dirname "$name")"
            [[ -f $tree/$name ]] || cp "$KEPT/Lib/$name" "$tree/$name"
        done < <(sed -n 's#^+++ b/\([^[:space:]]*\).*#\1#p' "$patch")
        patch -s -p1 --fuzz=0 --no-backup-if-mismatch -d "$tree" <"$patch"
    done
    cp -R "$HERE/stdlib/." "$tree/"
    "$KEPT/native/bin/python3" -I "$HERE/lib/compile.py" "$tree" "$to" "/lib/python$PYTHON"
}

# verify_guest compares every hash of the manifest with the files, and says which does not fit.
verify_guest() {
    local manifest=$GUEST_DIR/manifest.json
    if [[ ! -f $manifest ]]; then
        say "no guest at $GUEST_DIR"
        return 1
    fi
    expect_hash "$manifest" key "$GUEST_KEY" &&
        expect_hash "$manifest" python.wasm "$(sha256sum "$GUEST_DIR/python.wasm" | cut -c1-64)" &&
        expect_hash "$manifest" lib "$(tree_hash "$GUEST_DIR/lib")" &&
        expect_hash "$manifest" shim "$(tree_hash "$GUEST_DIR/shim")"
}

# The manifest is ours and holds one entry a line, so a line is enough of a parser.
expect_hash() {
    if ! grep -qF "\"$2\": \"$3\"" "$1"; then
        say "$1: $2 is not $3"
        return 1
    fi
}

point_default() {
    local link=$CACHE/guest
    [[ $GUEST == base ]] || link=$link-$GUEST
    ln -sfn "$(basename "$GUEST_DIR")" "$link.new"
    mv -T "$link.new" "$link"
}
