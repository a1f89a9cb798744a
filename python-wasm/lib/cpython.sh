# shellcheck shell=bash
# CPython, twice from one source: natively (instrumented: it compiles the standard library, configure needs it, and it writes the
# profile), then for WASI as a static library. Uses $WORK and $DEPS.

set -euo pipefail

PYTHON_SOURCE=python$PYTHON

# The same choices on both sides, or the profile of a function would not fit: configure cannot probe computed gotos when it
# cross-compiles and leaves them off. A stray run of this interpreter writes its counters nowhere.
build_native() {
    local instrument=-fprofile-instr-generate=/dev/null
    mkdir -p "$WORK/native"
    cd "$WORK/native"
    "../src/$PYTHON_SOURCE/configure" --prefix=/usr --with-pymalloc --without-computed-gotos --without-ensurepip \
        --without-readline --disable-test-modules CC="$LLVM_BIN/clang" \
        CFLAGS="$instrument -Wno-unused-command-line-argument" LDFLAGS="$instrument" \
        py_cv_module__tkinter=n/a py_cv_module__ssl=n/a py_cv_module__ctypes=n/a py_cv_module__curses=n/a \
        py_cv_module__gdbm=n/a py_cv_module__dbm=n/a
    make -j"$JOBS"
}

# One profile from all of profile/*.py: they do what actions do with log records.
record_profile() {
    local workload
    mkdir -p "$WORK/counters"
    for workload in "$HERE"/profile/*.py; do
        echo "workload ${workload##*/}"
        # A fixed hash seed: the same workload counts the same.
        LLVM_PROFILE_FILE="$WORK/counters/${workload##*/}-%m.profraw" PYTHONHASHSEED=0 \
            timeout 300 "$WORK/native/python" -P -s -B "$workload"
    done
    "$LLVM_BIN/llvm-profdata" merge -o "$WORK/profile.profdata" "$WORK"/counters/*.profraw
}

# What configure links its questions about sockets with: the names in net/functions, each a function that does nothing. The real ones
# are compiled when the guest is linked, so that a change of them does not build CPython again; one that is missing fails that link.
build_net_names() {
    local source=$WORK/names.c name
    mkdir -p "$WORK/names"
    while read -r name; do printf 'void %s(void) {}\n' "$name"; done <"$HERE/net/functions" >"$source"
    # Not for LTO, and under no name that the compiler knows.
    "$LLVM_BIN/clang" --target=wasm32-wasi -O0 -fno-builtin -w -c "$source" -o "$WORK/names/names.o"
    "$LLVM_BIN/llvm-ar" rcs "$WORK/names/libnet.a" "$WORK/names/names.o"
}

# net/pyconfig lists what CPython must have found of it: sockets would be left out without a word.
check_pyconfig() {
    local name missing=()
    while read -r name; do
        grep -qE "^#define $name 1$" "$WORK/wasi/pyconfig.h" || missing+=("$name")
    done <"$HERE/net/pyconfig"
    ((${#missing[@]} == 0)) || fail "configure did not find: ${missing[*]}"
}

build_wasi() {
    local build flags
    # The date in sys.version is that of the source package, so that the same inputs give the same module.
    SOURCE_DATE_EPOCH=$(dpkg-parsechangelog -l "$WORK/src/$PYTHON_SOURCE/debian/changelog" -S Timestamp)
    export SOURCE_DATE_EPOCH
    build=$("$WORK/src/$PYTHON_SOURCE/config.guess")
    build_net_names
    flags="-I$HERE/net/include $(wasm_flags "$SYSROOT") $(path_flags) $(profile_flags "$WORK/profile.profdata")"
    mkdir -p "$WORK/wasi"
    cd "$WORK/wasi"
    # /nonexistent: else pkg-config finds this machine's libraries. No dlopen: the module cannot load code, so let the importer
    # not look for extension files.
    PKG_CONFIG_LIBDIR=/nonexistent CONFIG_SITE="../src/$PYTHON_SOURCE/Tools/wasm/config.site-wasm32-wasi" \
        "../src/$PYTHON_SOURCE/configure" --host=wasm32-unknown-wasi "--build=$build" \
        --with-build-python="$WORK/native/python" --prefix=/usr --with-pymalloc --without-readline --without-ensurepip \
        --disable-test-modules --enable-ipv6 CC="$LLVM_BIN/clang --target=wasm32-wasi --sysroot=$SYSROOT" \
        AR="$LLVM_BIN/llvm-ar" RANLIB="$LLVM_BIN/llvm-ranlib" \
        CPPFLAGS="-I$HERE/net/include" CFLAGS="$flags" \
        LDFLAGS="-Wl,-z,stack-size=8388608 -Wl,--stack-first -L$WORK/names" LIBS=-lnet \
        ZLIB_CFLAGS="-I$DEPS/include" ZLIB_LIBS="-L$DEPS/lib -lz" \
        BZIP2_CFLAGS="-I$DEPS/include" BZIP2_LIBS="-L$DEPS/lib -lbz2" \
        LIBLZMA_CFLAGS="-I$DEPS/include" LIBLZMA_LIBS="-L$DEPS/lib -llzma" \
        LIBSQLITE3_CFLAGS="-I$DEPS/include" LIBSQLITE3_LIBS="-L$DEPS/lib -lsqlite3" \
        ac_cv_func_dlopen=no ac_cv_lib_dl_dlopen=no
    check_pyconfig
    # The libraries only: the interpreter as a program is never linked, that would cost a whole LTO run.
    make -j"$JOBS" pybuilddir.txt "libpython$PYTHON.a" Modules/_decimal/libmpdec/libmpdec.a Modules/expat/libexpat.a \
        Modules/_hacl/libHacl_Hash_SHA2.a
}

# keep_cpython DIR copies what links and tests need later. Lib/ is the source of the standard library, its tests included.
keep_cpython() {
    local to=$1
    mkdir -p "$to/lib" "$to/include"
    cp -a "$SYSROOT" "$to/sysroot"
    cp "$DEPS"/lib/*.a "$WORK/wasi/libpython$PYTHON.a" "$WORK/wasi/Modules/_decimal/libmpdec/libmpdec.a" \
        "$WORK/wasi/Modules/expat/libexpat.a" "$WORK/wasi/Modules/_hacl/libHacl_Hash_SHA2.a" "$to/lib/"
    cp -R "$DEPS/include/." "$to/include/"
    cp -R "$WORK/src/$PYTHON_SOURCE/Include" "$to/include/python$PYTHON"
    cp "$WORK/wasi/pyconfig.h" "$to/include/python$PYTHON/"
    cp -R "$WORK/src/$PYTHON_SOURCE/Lib" "$to/Lib"
    # Where numpy and pandas, and whoever else asks sysconfig, look; without the paths of the build.
    sed "s#$WORK#/build#g" "$WORK"/wasi/build/lib.wasi-wasm32-"$PYTHON"/_sysconfigdata__wasi_wasm32-wasi.py \
        >"$to/_sysconfigdata__wasi_wasm32-wasi.py"
    cp "$WORK/sources.tsv" "$to/"
    [[ ! -f $WORK/profile.profdata ]] || cp "$WORK/profile.profdata" "$to/"
    printf 'clang\t%s\n' "$("$LLVM_BIN/clang" --version | sed -n 1p)" >"$to/toolchain.tsv"
    printf 'lld\t%s\n' "$("$LLVM_BIN/wasm-ld" --version | sed -n 1p)" >>"$to/toolchain.tsv"
    keep_native "$to/native"
    compile_stdlib "$to" "$to/stdlib/python$PYTHON"
    kept_hashes "$to" >"$to/hashes"
}

# The parts that end up in a guest; whoever runs CPython's own tests may write beside them.
kept_hashes() {
    local part hash
    for part in lib include sysroot stdlib; do
        hash=$(tree_hash "$1/$part")
        echo "$hash  $part"
    done
}

kept_is_whole() {
    # shellcheck disable=SC2153  # build.sh sets it
    [[ -f $KEPT/hashes ]] || return 1
    if [[ $(kept_hashes "$KEPT") != "$(<"$KEPT/hashes")" ]]; then
        say "$KEPT was changed since it was built: building it again"
        return 1
    fi
}

# A relocatable native interpreter: it finds its library beside itself, so it needs no environment.
keep_native() {
    local lib=$1/lib/python$PYTHON
    mkdir -p "$1/bin" "$lib/lib-dynload"
    cp "$WORK/native/python" "$1/bin/python3"
    strip "$1/bin/python3"
    cp -R "$WORK/src/$PYTHON_SOURCE/Lib/." "$lib"
    rm -rf "$lib/test" "$lib/idlelib" "$lib/turtledemo" "$lib/tkinter"
    cp "$WORK"/native/build/lib.*/*.so "$lib/lib-dynload/"
    cp "$WORK"/native/build/lib.*/_sysconfigdata_*.py "$lib/"
    strip "$lib"/lib-dynload/*.so
}

# compile_stdlib KEPT TO: the standard library as the guest gets it.
compile_stdlib() {
    local kept=$1 to=$2 tree=$WORK/stdlib
    cp -R "$kept/Lib" "$tree"
    (
        cd "$tree"
        rm -rf test idlelib tkinter turtledemo turtle.py ensurepip lib2to3 site-packages __phello__ pydoc_data/topics.py
        find . -type d \( -name test -o -name tests -o -name idle_test -o -name __pycache__ \) -prune -exec rm -rf {} +
    )
    cp "$kept/_sysconfigdata__wasi_wasm32-wasi.py" "$tree/"
    build_tzdata "$tree/tzdata"
    "$kept/native/bin/python3" -I "$HERE/lib/compile.py" "$tree" "$to" "/lib/python$PYTHON"
    (
        cd "$tree"
        find tzdata -type f ! -name '*.py' -exec cp --parents -t "$to" {} +
    )
}

# The package `tzdata` that `zoneinfo` falls back to, in the layout of the one on PyPI, from Debian's compiled zones. The
# old names are links into the other package.
build_tzdata() {
    local to=$1 merged=$WORK/zoneinfo
    mkdir -p "$merged" "$to"
    cp -a "$WORK/deb/tzdata/usr/share/zoneinfo/." "$WORK/deb/tzdata-legacy/usr/share/zoneinfo/." "$merged"
    (
        cd "$merged"
        rm -rf right posix localtime posixrules leap-seconds.list
    )
    cp -RL "$merged" "$to/zoneinfo"
    (
        cd "$to/zoneinfo"
        find . -type f -printf '%P\n' | grep -vE '\.(tab|zi)$|^leapseconds$' | LC_ALL=C sort >../zones
    )
    find "$to" -type d -exec touch {}/__init__.py \;
}
