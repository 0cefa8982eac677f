"""Find a Chromium, or install one: Debian's or Ubuntu's package where that is allowed, else playwright's own.

python tests/browser/chromium.py    # prints the browser's path
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str:
    """Return the path of a browser, or an empty text; the environment's `CHROMIUM` names another one."""
    for name in (os.environ.get("CHROMIUM", ""), *NAMES):
        if name and (path := shutil.which(name)):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        bundled = playwright.chromium.executable_path
    return bundled if Path(bundled).exists() else ""


def install() -> None:
    """Try the system's package manager, then playwright's download."""
    ways = [[sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"]]
    if shutil.which("apt-get"):
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "Acquire::Retries=3", "-qq"]
        apt += ["-o", "DPkg::Lock::Timeout=300"]  # another installation may be at work
        ways.insert(0, [*apt, "install", "-y", "--no-install-recommends", "chromium"])
        ways.insert(0, [*apt, "update"])
    for command in ways:
        if find():
            return
        print("$", *command, file=sys.stderr)
        subprocess.run(command, check=False)


def main() -> int:
    """Print the browser's path; 1 if there is none and none can be installed."""
    if not find():
        install()
    path = find()
    print(path or "no Chromium could be installed; install one and set CHROMIUM to its path")
    return 0 if path else 1


if __name__ == "__main__":
    sys.exit(main())
