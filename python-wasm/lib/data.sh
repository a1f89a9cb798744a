# shellcheck shell=bash
# NumPy and pandas for the guest `data`: built from source archives, each extension module as one object whose names are its own.
# Uses $KEPT, the CPython that they are built for; leaves $WORK/libraries. data/ has the archives' hashes, patches and C of ours.

set -euo pipefail

fetch_data() {
    local name patch
    mkdir -p "$WORK/data" "$WORK/tools"
    cd "$WORK/data"
    fetch_archives "$HERE/data/sources" archives
    fetch --only-binary :all: --dest wheels -r "$HERE/data/pure"
    /usr/bin/python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --only-binary :all: \
        --require-hashes --target "$WORK/tools" -r "$HERE/data/tools"
    for patch in "$HERE"/data/patches/*/*.patch; do
        name=$(basename "$(dirname "$patch")")
        echo "patch $name: ${patch##*/}"
        patch -d "$name" -p1 -s -N --fuzz=0 --no-backup-if-mismatch <"$patch"
    done
    # C++'s library, whose headers must fit the compiler's C library: signed, from the release that wasi-libc is from.
    apt_options
    configure_apt
    for name in "libc++-$TOOLCHAIN-dev-wasm32" "libc++abi-$TOOLCHAIN-dev-wasm32"; do
        private_apt_get download "$name" >&2
        dpkg-deb -x "$name"_*.deb "$WORK/data/cxx"
        printf '%s\t%s\t%s\t\n' "$name" "$(dpkg-deb -f "$name"_*.deb Version)" "$(sha256sum "$name"_*.deb | cut -c1-64)"
    done >"$WORK/data/debs.tsv"
}

# The programs that meson calls. A "shared module" comes out as an archive of its objects: nothing is loaded in a guest.
data_tools() {
    local bin=$WORK/data/bin include=$WORK/data/cxx/usr/lib/llvm-$TOOLCHAIN/include/wasm32-wasi/c++/v1 flags
    mkdir -p "$bin" "$WORK/data/python"
    # As the rest of the guest, but not optimised over modules: that would cost minutes and gains little here.
    flags="$(wasm_flags "$KEPT/sysroot") -fno-lto $(path_flags) -I$HERE/data/include -I$HERE/net/include -fvisibility=hidden -DNPY_NO_SIGNAL"
    compiler "$bin/cc" "$LLVM_BIN/clang" "$flags"
    compiler "$bin/c++" "$LLVM_BIN/clang++" "-nostdinc++ -isystem $include $flags"
    printf '#!/bin/sh\nPYTHONPATH=%s:%s exec /usr/bin/python3 -m cython "$@"\n' "$WORK/tools" "$WORK/data/installed" >"$bin/cython"
    # The interpreter of this machine, which describes that of the guest.
    cp -R "$KEPT/native/." "$WORK/data/python"
    rm -rf "$WORK/data/python/include"
    ln -s "$KEPT/include" "$WORK/data/python/include"
    cp "$KEPT/_sysconfigdata__wasi_wasm32-wasi.py" "$WORK/data/python/lib/python$PYTHON/"
    cat >"$bin/python" <<TEXT
#!/bin/sh
export _PYTHON_HOST_PLATFORM=wasi-wasm32 _PYTHON_SYSCONFIGDATA_NAME=_sysconfigdata__wasi_wasm32-wasi PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH="$HERE/stand-in:$WORK/tools" ACTIOND_NUMPY_INCLUDE="$WORK/data/installed/numpy/_core/include"
exec "$WORK/data/python/bin/python3" "\$@"
TEXT
    chmod +x "$bin"/*
    printf "[binaries]\ncython = '%s/cython'\n" "$bin" >"$WORK/data/native.ini"
    sed -e "s#@BIN@#$bin#" -e "s#@LLVM@#$LLVM_BIN#" "$HERE/data/wasi.cross.in" >"$WORK/data/wasi.cross"
}

# compiler FILE PROGRAM FLAGS
compiler() {
    cat >"$1" <<TEXT
#!/bin/bash
for argument; do
    if [[ \$argument == -shared ]]; then
        objects=() output=
        while ((\$#)); do
            case \$1 in
                -o) output=\$2; shift ;;
                *.o) objects+=("\$1") ;;
            esac
            shift
        done
        rm -f "\$output"
        exec "$LLVM_BIN/llvm-ar" rcs "\$output" "\${objects[@]}"
    fi
done
exec "$2" $3 "\$@"
TEXT
}

# with_meson NAME ARGUMENT... configures, builds and installs into data/installed. NumPy brings the meson that knows its options.
with_meson() {
    local name=$1 meson=(env PYTHONPATH="$HERE/stand-in" /usr/bin/python3 "$WORK/data/numpy/vendored-meson/meson/meson.py")
    shift
    cd "$WORK/data"
    "${meson[@]}" setup "build-$name" "$name" --cross-file wasi.cross --native-file native.ini --prefix=/usr -Ddefault_library=static "$@"
    ninja -C "build-$name" -j"$JOBS"
    DESTDIR=$WORK/data/dest "${meson[@]}" install -C "build-$name" --no-rebuild --quiet
    mkdir -p installed
    cp -R dest/usr/lib/python"$PYTHON"/site-packages/. installed/
    rm -rf dest
}

# Neither BLAS nor code for other processors. Its threads stay on, for code of its own relies on what they bring.
build_numpy() {
    data_tools
    with_meson numpy -Dbuildtype=release -Dallow-noblas=true -Dblas=none -Dlapack=none -Ddisable-optimization=true \
        -Dcpu-baseline=none -Dcpu-dispatch=none -Ddisable-highway=true -Ddisable-svml=true -Ddisable-intel-sort=true \
        -Ddisable-threading=false
}

# For size: it is no slower, and the guest is 7 MB smaller.
build_pandas() {
    with_meson pandas -Dbuildtype=minsize
}

# One object for each extension module, as PACKAGE.MODULE.o, and modules.def, by which entry.c makes them known.
isolate_modules() {
    local to=$WORK/libraries/lib extension name libraries
    mkdir -p "$to"
    : >"$WORK/libraries/modules.def"
    while read -r extension; do
        name=${extension%%.cpython-*}
        name=${name//\//.}
        mapfile -t libraries < <(libraries_of "$name")
        "$LLVM_BIN/wasm-ld" -r --whole-archive "$WORK/data/installed/$extension" --no-whole-archive "${libraries[@]}" \
            -o "$WORK/whole.o"
        "$KEPT/native/bin/python3" -I "$HERE/lib/localize.py" "$WORK/whole.o" "$to/$name.o"
        printf 'MODULE("%s", PyInit_%s)\n' "$name" "${name##*.}" >>"$WORK/libraries/modules.def"
    done < <(cd "$WORK/data/installed" && find . -name '*.so' -printf '%P\n' | LC_ALL=C sort)
}

# libraries_of MODULE prints the static libraries that meson would have linked it with.
libraries_of() {
    local build=$WORK/data/build-numpy
    [[ $1 == numpy.* ]] || return 0
    case $1 in
        numpy._core.*) find "$build/numpy/_core" -maxdepth 1 -name '*.a' | LC_ALL=C sort ;;
        # It has distributions of its own, of an older time, under the same names.
        numpy.random.mtrand) find "$build" -name libnpymath.a ;;
        numpy.random.*) find "$build" -name libnpymath.a -o -name libnpyrandom.a ;;
        *) find "$build" -name libnpymath.a ;;
    esac
}

# keep_libraries leaves what links, guests and tests need: objects, the trees in source with their tests, what stands for the
# packages where someone asks which are installed.
keep_libraries() {
    local to=$WORK/libraries name
    "$WORK/data/bin/cc" -Wall -Wextra -c "$HERE/data/status.c" -o "$to/lib/status.o"
    "$WORK/data/bin/c++" -Wall -Wextra -c "$HERE/data/throw.cpp" -o "$to/lib/throw.o"
    for name in libc++.a libc++abi.a; do
        cp "$WORK/data/cxx/usr/lib/wasm32-wasi/$name" "$to/lib/"
    done
    mkdir -p "$to/python"
    cp -R "$WORK/data/installed/numpy" "$WORK/data/installed/pandas" "$to/python/"
    find "$to/python" -name '*.so' -delete
    for name in "$WORK"/data/wheels/*.whl; do
        [[ $name == */tzdata-* ]] || "$KEPT/native/bin/python3" -m zipfile -e "$name" "$to/python"
    done
    cp "$WORK/data/debs.tsv" "$to/sources.tsv"
    "$KEPT/native/bin/python3" -I "$HERE/lib/wheels.py" "$WORK/data" "$to"
    (cd "$to" && find . -type f ! -name hashes -printf '%P\0' | LC_ALL=C sort -z | xargs -0 sha256sum >"$WORK/hashes")
    mv "$WORK/hashes" "$to/hashes"
    # shellcheck disable=SC2153  # build.sh sets it
    publish "$to" "$LIBRARIES"
}

libraries_are_whole() {
    [[ -f $LIBRARIES/hashes ]] || return 1
    if ! (cd "$LIBRARIES" && sha256sum --status -c hashes); then
        say "$LIBRARIES was changed since it was built: building it again"
        return 1
    fi
}

build_libraries() {
    say "NumPy and pandas (once per machine and set of inputs; the log: $LOG)"
    step "fetch archives, check hashes, patch" fetch_data
    step "NumPy" build_numpy
    step "pandas" build_pandas
    step "modules as objects" isolate_modules
    rm -rf "$LIBRARIES"
    step "keep" keep_libraries
}
