# shellcheck shell=bash
# Sources: fetched by apt with a private configuration (the machine's own lists stay as they are), signatures checked by apt,
# unpacked, and patched; a few by pip, with hashes of ours. Uses $WORK and `versions`; leaves $WORK/src/NAME, $WORK/deb/NAME and $WORK/sources.tsv.

set -euo pipefail

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# mirror_of LABEL prints the address under which this machine's apt reaches a Debian archive.
mirror_of() {
    # shellcheck disable=SC2016  # apt's own placeholders
    apt-get indextargets --format '$(LABEL)|$(CREATED_BY)|$(SIGNED_BY)|$(REPO_URI)' |
        awk -F'|' -v label="$1" '$1 == label && $2 == "Packages" { print $4; exit }'
}

private_apt_get() { apt-get "${APT_OPTIONS[@]}" "$@"; }
private_apt_cache() { apt-cache "${APT_OPTIONS[@]}" "$@"; }

apt_options() {
    local apt=$WORK/apt
    APT_OPTIONS=(
        -q
        -o "Dir::Etc::sourcelist=$apt/debian.sources" -o Dir::Etc::sourceparts=-
        -o Dir::Etc::preferences=- -o Dir::Etc::preferencesparts=-
        -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/status"
        -o "Dir::Cache=$apt/cache" -o APT::Default-Release= -o Acquire::Languages=none -o Acquire::Retries=3
        -o Acquire::AllowInsecureRepositories=false -o APT::Get::AllowUnauthenticated=false
        # The work directory may lie where apt's own user cannot reach.
        -o APT::Sandbox::User=root
    )
}

configure_apt() {
    local apt=$WORK/apt main security
    mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$WORK/download"
    : >"$apt/status"
    main=$(mirror_of Debian)
    security=$(mirror_of Debian-Security)
    if [[ -z $main ]]; then
        echo "apt knows no Debian archive on this machine: add one to its sources and run apt-get update" >&2
        return 1
    fi
    write_suites "$main" "$RELEASE $RELEASE-updates" >"$apt/debian.sources"
    if [[ -n $security ]]; then
        write_suites "$security" "$RELEASE-security" >>"$apt/debian.sources"
    else
        echo "WARNING: apt knows no Debian security archive here: only $RELEASE itself and its updates are used"
    fi
    private_apt_get update --error-on=any
}

write_suites() {
    printf 'Types: deb deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n\n' "$1" "$2" "$KEYRING"
}

# fetch ARGUMENTS... downloads by pip what a list names, each file only if it has the hash that stands there.
fetch() {
    PYTHONPATH=$HERE/stand-in /usr/bin/python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes "$@"
}

# fetch_archives LIST TO downloads source archives to TO and unpacks them here, each as its name without the version.
fetch_archives() {
    local archive name
    fetch --no-build-isolation --no-binary :all: --dest "$2" -r "$1"
    for archive in "$2"/*.tar.gz; do
        tar -xzf "$archive"
        name=$(basename "$archive" .tar.gz)
        mv "$name" "${name%-*}"
    done
}

fetch_sources() {
    local name archive
    apt_options
    configure_apt
    cd "$WORK/download"
    : >"$WORK/sources.tsv"
    for name in $SOURCES; do fetch_source "$name"; done
    for name in $BINARIES; do
        private_apt_get download "$name"
        mkdir -p "$WORK/deb/$name"
        dpkg-deb -x "$name"_*.deb "$WORK/deb/$name"
        record_source "$name" "$(dpkg-deb -f "$name"_*.deb Version)" "$name"_*.deb ""
    done
    cd "$WORK/src"
    fetch_archives "$HERE/sources" "$WORK/archives"
    for archive in "$WORK"/archives/*.tar.gz; do
        name=$(basename "$archive" .tar.gz)
        record_source "${name%-*}" "${name##*-}" "$archive" ""
    done
}

# The newest version that the signed index names and the mirror serves, not below the floor.
fetch_source() {
    local name=$1 newest="" version behind=""
    while read -r version; do
        newest=${newest:-$version}
        dpkg --compare-versions "$version" ge "${FLOOR[$name]}" || break
        if private_apt_get source --download-only "$name=$version"; then
            [[ $version == "$newest" ]] || behind=$newest
            if [[ -n $behind ]]; then
                echo "WARNING: the mirror lists $name $behind but does not serve it: building $version"
            fi
            unpack_source "$name" "$version" "$behind"
            return 0
        fi
    done < <(private_apt_cache showsrc --only-source "$name" | sed -n 's/^Version: //p' | sort -u | newest_first)
    echo "no version of $name from ${FLOOR[$name]} on can be fetched (newest listed: ${newest:-none})" >&2
    return 1
}

# newest_first orders Debian versions, one a line; lists are a handful of lines long.
newest_first() {
    local versions=() sorted=() version other place
    mapfile -t versions
    for version in "${versions[@]}"; do
        place=0
        for other in "${sorted[@]}"; do
            dpkg --compare-versions "$version" lt "$other" || break
            place=$((place + 1))
        done
        sorted=("${sorted[@]:0:place}" "$version" "${sorted[@]:place}")
    done
    printf '%s\n' "${sorted[@]}"
}

unpack_source() {
    local name=$1 version=$2 behind=$3 dsc
    dsc=${name}_${version#*:}.dsc
    mkdir -p "$WORK/src"
    dpkg-source --no-check --skip-patches -x "$dsc" "$WORK/src/$name"
    record_source "$name" "$version" "$dsc" "$behind"
    apply_patches "$name"
}

# Of the package's own patches all but those named in SKIP_PATCHES, then ours in patches/NAME/.
apply_patches() {
    local name=$1 patch ours=$HERE/patches/$1
    local theirs=$WORK/src/$1/debian/patches
    if [[ -f $theirs/series ]]; then
        while read -r patch _; do
            if [[ -z $patch || $patch == \#* ]] || grep -qxF "$patch" <(tr -s ' \n' '\n' <<<"${SKIP_PATCHES[$name]}"); then
                continue
            fi
            echo "patch $name: $patch"
            patch -d "$WORK/src/$name" -p1 -s -N --no-backup-if-mismatch <"$theirs/$patch"
        done < <(cat "$theirs/series")
    fi
    for patch in "$ours"/*.patch; do
        [[ -f $patch ]] || continue
        echo "patch $name: ${patch##*/} (ours)"
        patch -d "$WORK/src/$name" -p1 -s -N --no-backup-if-mismatch <"$patch"
    done
}

# record_source NAME VERSION FILE BEHIND: FILE is the .dsc (which holds the hashes of its parts) or the .deb.
record_source() {
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$(sha256sum "$3" | cut -c1-64)" "$4" >>"$WORK/sources.tsv"
}
