# shellcheck shell=bash
# The static libraries below CPython: zlib, bzip2, liblzma, SQLite; and beside it: yyjson. Each leaves lib/NAME.a and its headers in $DEPS.
# A library that must lie below CPython (sockets, say) is one more function here and one more step in build.sh.

set -euo pipefail

# compile_into ARCHIVE FLAGS... -- SOURCE... compiles sources in the current directory and archives the objects.
compile_into() {
    local archive=$1 flags=() objects=() pids=() source object pid
    shift
    while [[ $1 != -- ]]; do
        flags+=("$1")
        shift
    done
    shift
    for source in "$@"; do
        object=${source//\//_}
        object=${object%.c}.o
        objects+=("$object")
        # shellcheck disable=SC2046  # a list of flags without spaces in them
        "$LLVM_BIN/clang" $(wasm_flags "$SYSROOT") $(path_flags) "${flags[@]}" -c "$source" -o "$object" &
        pids+=($!)
        if ((${#pids[@]} >= JOBS)); then
            wait "${pids[0]}"
            pids=("${pids[@]:1}")
        fi
    done
    for pid in "${pids[@]}"; do wait "$pid"; done
    rm -f "$DEPS/lib/$archive"
    "$LLVM_BIN/llvm-ar" rcs "$DEPS/lib/$archive" "${objects[@]}"
}

build_sysroot() {
    mkdir -p "$SYSROOT/include" "$SYSROOT/lib" "$DEPS/lib" "$DEPS/include"
    cp -a "$WORK/deb/wasi-libc/usr/include/wasm32-wasi" "$SYSROOT/include/"
    cp -a "$WORK/deb/wasi-libc/usr/lib/wasm32-wasi" "$SYSROOT/lib/"
}

# Without the gz* files: CPython reads and writes gzip itself, in Python, over deflate.
build_zlib() {
    cd "$WORK/src/zlib"
    compile_into libz.a -DHAVE_UNISTD_H -- adler32.c compress.c crc32.c deflate.c infback.c inffast.c inflate.c \
        inftrees.c trees.c uncompr.c zutil.c
    cp zlib.h zconf.h "$DEPS/include/"
}

build_bzip2() {
    cd "$WORK/src/bzip2"
    compile_into libbz2.a -D_FILE_OFFSET_BITS=64 -- blocksort.c huffman.c crctable.c randtable.c compress.c decompress.c \
        bzlib.c
    cp bzlib.h "$DEPS/include/"
}

build_lzma() {
    cd "$WORK/src/xz-utils"
    # shellcheck disable=SC2046
    ./configure --host=wasm32-unknown-wasi --disable-shared --enable-static --disable-threads --disable-xz \
        --disable-xzdec --disable-lzmadec --disable-lzmainfo --disable-lzma-links --disable-scripts --disable-doc \
        --disable-nls --enable-sandbox=no CC="$LLVM_BIN/clang" AR="$LLVM_BIN/llvm-ar" RANLIB="$LLVM_BIN/llvm-ranlib" \
        CFLAGS="$(wasm_flags "$SYSROOT") $(path_flags)"
    make -j"$JOBS" -C src/liblzma
    cp src/liblzma/.libs/liblzma.a "$DEPS/lib/"
    cp -R src/liblzma/api/lzma.h src/liblzma/api/lzma "$DEPS/include/"
}

# One file, no extensions to load, no threads, no shared memory (so no write-ahead log), temporary tables in memory. WASI has no
# file locks: the default VFS is one without them, and each scratch directory has one process only.
build_sqlite() {
    cd "$WORK/src/sqlite3"
    CC="$LLVM_BIN/clang" ./configure --disable-tcl --disable-readline --disable-load-extension
    make sqlite3.c
    compile_into libsqlite3.a -I. -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OMIT_WAL \
        -DSQLITE_OMIT_SHARED_CACHE -DSQLITE_MAX_MMAP_SIZE=0 -DSQLITE_TEMP_STORE=3 -DSQLITE_DEFAULT_MEMSTATUS=0 \
        -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_RTREE \
        -DSQLITE_ENABLE_MATH_FUNCTIONS -DSQLITE_ENABLE_COLUMN_METADATA -DSQLITE_ENABLE_DBSTAT_VTAB \
        -DSQLITE_ENABLE_STAT4 -DHAVE_USLEEP=1 -- sqlite3.c
    cp sqlite3.h sqlite3ext.h "$DEPS/include/"
}

# What reads strict JSON.
build_yyjson() {
    cd "$WORK/src/yyjson/yyjson"
    compile_into libyyjson.a -DYYJSON_DISABLE_WRITER -DYYJSON_DISABLE_UTILS -DYYJSON_DISABLE_NON_STANDARD -- yyjson.c
    cp yyjson.h "$DEPS/include/"
}
