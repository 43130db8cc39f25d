# Sourced by the scripts beside it, which stand at the top of the checkout then.
# Makes .venv and installs what a script needs, on a bare Debian 12 as well.

# Print a problem and end.
give_up() {
    echo "$0: $*" >&2
    exit 1
}

# Install Debian packages; none of their services is started meanwhile. One at a time
# on a machine: who is first removes the policy that the second relies on.
install_packages() {
    (
        flock 9
        policy=/usr/sbin/policy-rc.d
        mark='# while confwatch installs packages'
        # One of ours was left by a run that was killed.
        if [ ! -e "$policy" ] || grep -qxF "$mark" "$policy"; then
            trap 'rm -f "$policy"' EXIT
            trap 'exit 130' INT TERM
            printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
            chmod 755 "$policy"
        fi
        # Without the lock for whatever they leave running.
        apt-get update -qq 9>&- &&
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
                -o DPkg::Lock::Timeout=600 --no-install-recommends "$@" 9>&-
    ) >/dev/null 9</etc/apt
}

# Make .venv, whole or not at all.
make_venv() {
    [ ! -e .venv/bin/pip ] || return 0
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        give_up "needs Python 3.11 or newer as python3"
    # Without python3-venv Debian's python3 leaves a folder without pip behind.
    rm -rf .venv
    if ! python3 -m venv .venv >/dev/null 2>&1; then
        rm -rf .venv
        [ "$(id -u)" = 0 ] && [ -x /usr/bin/apt-get ] ||
            give_up "python3 cannot make a venv; install it: apt-get install python3-venv"
        install_packages python3-venv || give_up "cannot install python3-venv"
        python3 -m venv .venv
    fi
}

# Install this checkout into .venv, with the extras named; nothing where that is done.
install_project() {
    make_venv
    stamp=.venv/installed-$(echo "$1" | tr -c 'a-z\n' '-')
    if [ -e "$stamp" ] && cmp -s "$stamp" pyproject.toml; then
        return 0
    fi
    echo "installing into .venv ..."
    .venv/bin/pip install --quiet --disable-pip-version-check -e ".$1" ||
        give_up "cannot install into .venv"
    cp pyproject.toml "$stamp"
}
