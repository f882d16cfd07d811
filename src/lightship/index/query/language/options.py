"""Tells options of a command line, `tar -xzf` or `error -1`, from exclusions, `jaguar -car`."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Programs whose names are not words that one looks up otherwise: no `find`, `java`, `make` or `python`
COMMANDS = frozenset({
    "adb", "ansible", "apt", "apt-get", "aptitude", "awk", "aws", "az", "bash", "brew", "bzip2", "cargo", "chgrp",
    "chmod", "chown", "clang", "cmake", "conda", "cp", "crontab", "curl", "dd", "df", "dig", "dnf", "docker",
    "docker-compose", "dpkg", "du", "egrep", "esptool", "fdisk", "ffmpeg", "ffprobe", "fsck", "g++", "gcc", "gcloud",
    "gdb", "gh", "git", "gpg", "grep", "gunzip", "gzip", "helm", "hg", "ifconfig", "iptables", "javac", "journalctl",
    "jq", "kubectl", "ldapsearch", "ldd", "ln", "ls", "lsblk", "lsof", "mkdir", "mkfs", "mongodump", "mount", "mv",
    "mvn", "mysql", "mysqldump", "nc", "netcat", "netstat", "nginx", "ngrok", "nmap", "nohup", "npm", "npx",
    "nslookup", "nvcc", "objdump", "openssl", "pacman", "pg_dump", "pip", "pip3", "podman", "powershell", "ps",
    "psql", "pytest", "qemu", "rclone", "rg", "rm", "rmdir", "robocopy", "rpm", "rsync", "rustc", "scp", "sed",
    "sftp", "sh", "smbclient", "ssh", "ssh-keygen", "strace", "su", "sudo", "svn", "systemctl", "tar", "tcpdump",
    "terraform", "tmux", "tshark", "umount", "uname", "unzip", "useradd", "vim", "wget", "xargs", "xcopy", "yarn",
    "yum", "zcat", "zip", "zsh",
})  # fmt: skip
_ONE_CHARACTER = re.compile(r"[a-z0-9](?![a-z0-9])", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9][0-9.,:]*")


def is_command_line(first: str, signed: Iterable[tuple[str, str]]) -> bool:
    """Whether a query reads as a command line, from its first word and its (sign, word) pairs.

    It does if it begins with a command, or has an option that could hardly be an exclusion: `--word` or `-x`.
    """
    return first.lower() in COMMANDS or any(
        sign == "--" or (sign == "-" and _ONE_CHARACTER.match(word) and not is_number(word)) for sign, word in signed
    )


def is_minus(word: str) -> bool:
    """Whether the `-` before `word` is a minus sign or dash: -40 celsius, error -1, 1906 -1925, -n-methyl."""
    return is_number(word) or _ONE_CHARACTER.match(word) is not None


def is_number(word: str) -> bool:
    """Whether `word` is a number."""
    return _NUMBER.fullmatch(word) is not None
