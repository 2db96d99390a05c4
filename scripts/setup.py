"""Build .venv with nothing but git, make, Python and pip: brings uv into .tools, then installs what uv.lock says.

Runs under any Python 3, so that an old one can say so. Python's standard library only.
"""

import argparse
import hashlib
import os
import ssl
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
UV_VERSION = "0.13.9"
UV = os.path.join(ROOT, ".tools", "bin", "uv")
VENV = os.path.join(ROOT, ".venv")
LEAST = (3, 11)


def main():
    """Set up what the arguments ask for; return the exit code."""
    parser = argparse.ArgumentParser(description="Build .venv.")
    parser.add_argument("--dev", action="store_true", help="with the tools for tests and checks")
    parser.add_argument("--group", action="append", default=[], help="with this dependency group, too")
    parser.add_argument(
        "--chosen", action="store_true", help="this Python was chosen: rebuild .venv with it if need be"
    )
    options = parser.parse_args()
    if sys.version_info < LEAST:
        return refuse(
            "Goodstanding needs Python {}.{} or newer; this is {} ({}). Say which one: make setup PYTHON=python3.12".format(
                LEAST[0], LEAST[1], sys.version.split()[0], sys.executable
            )
        )
    groups = (["dev"] if options.dev else []) + options.group
    stamp = stamp_of(groups)
    if stamp_is(stamp) and not (options.chosen and other_python()):
        return 0
    if not os.access(ROOT, os.W_OK):
        return refuse("setup: {} cannot be written: permission denied".format(ROOT))
    try:
        bring_uv()
        sync(groups, choose=options.chosen or not os.path.exists(VENV))
    except OSError as error:
        return refuse("setup: {} cannot be written: {}".format(ROOT, error.strerror))
    except subprocess.CalledProcessError as error:
        return refuse(
            "setup failed: {} ended with exit code {}".format(os.path.basename(error.cmd[0]), error.returncode)
        )
    remember(stamp)
    print("Ready: .venv/bin/goodstanding", flush=True)
    return 0


def bring_uv():
    """Put uv into .tools, unless that version is there."""
    if os.access(UV, os.X_OK):
        found = subprocess.run([UV, "--version"], stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
        if found.split()[1] == UV_VERSION:
            return
    os.makedirs(os.path.dirname(UV), exist_ok=True)
    print("Bringing in uv {} (into .tools) …".format(UV_VERSION), flush=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", os.path.join(ROOT, ".tools")]
    subprocess.run([*pip, "--disable-pip-version-check", "uv==" + UV_VERSION], check=True)


def sync(groups, choose):
    """Make .venv hold what uv.lock says for the site and ``groups``; what else is in it stays."""
    print("Installing into .venv …", flush=True)
    wanted = ["--extra", "site", "--no-default-groups"]
    for group in groups:
        wanted += ["--group", group]
    if choose:
        wanted += ["--python", sys.executable]
    environment = dict(os.environ, UV_PYTHON_DOWNLOADS="never", UV_PROJECT_ENVIRONMENT=VENV)
    environment.pop("VIRTUAL_ENV", None)
    if has_certificates():
        # The machine's own, as pip has it: some networks have an authority of their own.
        environment.setdefault("UV_SYSTEM_CERTS", "1")
    command = [UV, "sync", "--quiet", "--frozen", "--inexact", "--project", ROOT, *wanted]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def has_certificates():
    """Tell whether the machine keeps certificates of its own."""
    kept = ssl.get_default_verify_paths()
    return bool(kept.cafile or (kept.capath and os.path.isdir(kept.capath) and os.listdir(kept.capath)))


def other_python():
    """Tell whether .venv was built with another Python than the one chosen."""
    inside = os.path.join(VENV, "bin", "python")
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    found = subprocess.run([inside, "-c", ask], stdout=subprocess.PIPE, universal_newlines=True, check=False)
    return found.stdout.strip() != "{}.{}".format(*sys.version_info[:2])


def stamp_of(groups):
    """Return what .venv depends on: the project's declarations and what is asked for."""
    digest = hashlib.sha256()
    for name in ("pyproject.toml", "uv.lock", os.path.join("scripts", "setup.py")):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest() + " " + ",".join(sorted(groups))


def stamp_path():
    """Return where the stamp of the last set-up is kept."""
    return os.path.join(VENV, "set-up")


def stamp_is(stamp):
    """Tell whether .venv holds all that ``stamp`` stands for already."""
    if not os.access(os.path.join(VENV, "bin", "goodstanding"), os.X_OK):
        return False
    try:
        with open(stamp_path()) as file:
            kept, _, groups = file.read().partition(" ")
    except OSError:
        return False
    wanted, _, wanted_groups = stamp.partition(" ")
    return kept == wanted and set(wanted_groups.split(",")) - {""} <= set(groups.split(","))


def remember(stamp):
    """Keep ``stamp``, with the groups that were there already."""
    wanted, _, groups = stamp.partition(" ")
    kept = set(groups.split(",")) - {""}
    try:
        with open(stamp_path()) as file:
            before, _, earlier = file.read().partition(" ")
            kept |= (set(earlier.split(",")) - {""}) if before == wanted else set()
    except OSError:
        pass
    with open(stamp_path(), "w") as file:
        file.write(wanted + " " + ",".join(sorted(kept)))


def refuse(words):
    """Say why not, in one line, and return the exit code."""
    sys.stderr.write(words + "\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
