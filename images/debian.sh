# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# What the recipes that start from Debian share.

# Builds a minimal Debian with the packages $2 (between commas) in the folder $1; what follows goes to mmdebstrap.
build_debian() {
  root=$1 packages=$2 suite=bookworm
  shift 2
  command -v mmdebstrap >/dev/null || {
    echo "mmdebstrap is not installed; apt install mmdebstrap"
    exit 1
  }
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || {
    echo "Debian's keys are not installed; apt install debian-archive-keyring"
    exit 1
  }
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  choose_sources
  write_files

  echo "progress 0.01 starting"
  mkfifo "$work/lines"
  report <"$work/lines" &
  mmdebstrap --mode=root --variant=minbase --include="$packages" --aptopt="$work/apt.conf" \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --customize-hook="$work/finish" "$@" "$suite" "$root" ${sources:+"$sources"} >"$work/lines" 2>&1
  wait
  echo "progress 1 done"
}

# A Debian host of the same suite has sources that are known to work from here; they, and how apt reaches them, are used
# to build, and not left in the image.
choose_sources() {
  sources=
  for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
    if [ -z "$sources" ] && [ -s "$file" ] && grep -q "$suite" "$file" && grep -qi debian "$file"; then
      sources=$file
    fi
  done
  apt-config dump | grep -E '^Acquire::(http|https|ftp|Retries|Check-)' >"$work/apt.conf" || :
}

write_files() {
  cat >"$work/sources.list" <<EOF
deb http://deb.debian.org/debian $suite main
deb http://deb.debian.org/debian $suite-updates main
deb http://deb.debian.org/debian-security $suite-security main
EOF

  cat >"$work/finish" <<'EOF'
#!/bin/sh
set -eu
root=$1
rm -f "$root"/etc/apt/sources.list.d/* "$root/etc/apt/apt.conf.d/99mmdebstrap"
cp "$BERTH_SOURCES" "$root/etc/apt/sources.list"
chmod 0644 "$root/etc/apt/sources.list"
# Nothing that starts by itself, and no documentation to carry about: an instance is short-lived.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 0755 "$root/usr/sbin/policy-rc.d"
printf 'APT::Install-Recommends "false";\n' >"$root/etc/apt/apt.conf.d/10berth"
rm -f "$root/etc/hostname" "$root/etc/resolv.conf" "$root/etc/machine-id"
: >"$root/etc/machine-id"
cat >"$root/root/.bashrc" <<'BASHRC'
[ -n "$PS1" ] || return
PS1='\[\e[1;32m\]\u@\h\[\e[0m\]:\[\e[1;34m\]\w\[\e[0m\]\$ '
alias ls='ls --color=auto' ll='ls -l' grep='grep --color=auto'
HISTCONTROL=ignoreboth
[ -r /etc/bash_completion ] && . /etc/bash_completion
BASHRC
cp "$root/root/.bashrc" "$root/etc/skel/.bashrc"
EOF
  chmod +x "$work/finish"
  export BERTH_SOURCES="$work/sources.list"
}

# What mmdebstrap says, as progress: it names each of its steps on a line of its own.
report() {
  while read -r line; do
    case $line in
      *"automatically chosen mode"*) echo "progress 0.02 starting" ;;
      *"running apt-get update"*) echo "progress 0.05 reading package lists" ;;
      *"downloading packages with apt"*) echo "progress 0.15 downloading the base system" ;;
      *"extracting archives"*) echo "progress 0.35 unpacking the base system" ;;
      *"installing essential"*) echo "progress 0.45 configuring the base system" ;;
      *"installing remaining packages"*) echo "progress 0.6 installing packages" ;;
      *"running --customize-hook"*) echo "progress 0.9 finishing" ;;
      *"cleaning package lists"*) echo "progress 0.95 cleaning up" ;;
    esac
    printf '%s\n' "$line"
  done
}
