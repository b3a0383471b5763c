# Installs what a build or a run needs and the machine lacks. Sourced by the other scripts, from
# the repository's root.
#
# Only Debian's and Ubuntu's packages are known here. Elsewhere one line says what is missing.

# The oldest PostgreSQL that the service works with. The program checks it again.
postgres_major_min=15

fail() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

as_root() {
    if [[ $EUID -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "this needs root, and sudo is not installed: as root, run: $*"
    fi
}

install_packages() {
    command -v apt-get >/dev/null || fail "install the equivalent of these packages first: $*"
    echo "Installing packages: $*"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update </dev/null
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends "$@" </dev/null
}

# Rust itself is expected. Rustup's own directory is not on the path of every kind of shell.
require_rust() {
    if ! command -v cargo >/dev/null && [[ -x ${CARGO_HOME:-$HOME/.cargo}/bin/cargo ]]; then
        export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    fi
    command -v cargo >/dev/null || fail "install Rust first: see https://rustup.rs"
}

# Rust links with it, and the cryptography library is partly C.
require_compiler() {
    command -v cc >/dev/null || install_packages gcc libc6-dev
}

# Whether server programs that are new enough lie where the program will look for them.
postgres_is_installed() {
    local directory version
    for directory in "${THROUGHLINE_PG_BINDIR:-}" \
        "$(pg_config --bindir 2>/dev/null || true)" \
        /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin \
        "$(dirname "$(command -v postgres || true)")"; do
        [[ -x $directory/postgres && -x $directory/initdb ]] || continue
        version=$("$directory/postgres" --version)
        version=${version#*(PostgreSQL) }
        [[ ${version%%[!0-9]*} -ge $postgres_major_min ]] && return 0
    done
    return 1
}

# A server to launch privately. A DATABASE_URL names one that runs already.
require_postgres() {
    if [[ -n ${DATABASE_URL:-} ]] || postgres_is_installed; then
        return 0
    fi
    # The package would make a cluster of its own and start it: the programs are all we need.
    # Said in a file of our own name, and only for this installation, so that it neither collides
    # with the package's file nor changes what a later one does.
    local setting=/etc/postgresql-common/createcluster.d/throughline.conf
    as_root mkdir -p "$(dirname "$setting")"
    echo 'create_main_cluster = false' | as_root tee "$setting" >/dev/null
    local installed=0
    (install_packages postgresql) || installed=$?
    as_root rm -f "$setting"
    [[ $installed -eq 0 ]] || exit "$installed"
    postgres_is_installed ||
        fail "this system's packages have no PostgreSQL $postgres_major_min: install it, or set DATABASE_URL"
}
