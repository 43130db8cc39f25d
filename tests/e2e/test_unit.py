"""The unit we ship, as systemd reads it in a root where our program is installed."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.servers import require

pytestmark = [pytest.mark.real, pytest.mark.timeout(120)]

TOP = Path(__file__).parents[2]
UNIT = TOP / "systemd/confwatch.service"
MOST_EXPOSED = 34
"""Tenths of systemd's own measure."""
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root of a machine with systemd's units and ours, without programs."""
    units = tmp_path / "root/lib/systemd/system"
    shutil.copytree("/lib/systemd/system", units, symlinks=True)
    shutil.copy(UNIT, units)
    for path in ("bin/kill", "bin/true", "bin/sh"):
        program = tmp_path / "root" / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    return tmp_path / "root"


def installed(root: Path, wheels: Path) -> None:
    """Build the wheel and install it below *root*, with what is on this machine."""
    build = ("wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={wheels}")
    subprocess.run([*PIP, *build, str(TOP)], check=True)
    (wheel,) = wheels.glob("confwatch-*.whl")
    where = ("install", "--no-deps", "--no-index", f"--root={root}", "--prefix=/usr")
    # Only of this root: an installation beside it is not to be taken for it.
    subprocess.run([*PIP, *where, "--ignore-installed", str(wheel)], check=True)


def complaints(root: Path) -> str:
    """Return what systemd has to say about our unit in *root*."""
    done = subprocess.run(
        [
            require("systemd-analyze"),
            "verify",
            f"--root={root}",
            "--man=no",
            "confwatch.service",
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )
    told = done.stderr.splitlines()
    return "\n".join(line for line in told if "confwatch" in line)


def test_systemd_verifies_it_where_our_program_is_installed(
    root: Path, tmp_path: Path
) -> None:
    assert "/usr/bin/confwatch is not executable" in complaints(root)
    installed(root, tmp_path / "wheels")
    assert complaints(root) == ""


def test_the_installed_program_knows_the_options_that_the_unit_gives(
    root: Path, tmp_path: Path
) -> None:
    installed(root, tmp_path / "wheels")
    (line,) = (x for x in UNIT.read_text().splitlines() if x.startswith("ExecStart="))
    program, *options = line.removeprefix("ExecStart=").split()
    (packages,) = (root / "usr/lib").glob("python3*/site-packages")
    done = subprocess.run(
        [sys.executable, str(root) + program, *options, "--help"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(packages)},
    )
    assert done.returncode == 0, done.stderr
    assert "--once" in done.stdout


def test_its_exposure_stays_below_what_its_reasons_allow() -> None:
    done = subprocess.run(
        [
            require("systemd-analyze"),
            "security",
            "--offline=true",
            f"--threshold={MOST_EXPOSED}",
            str(UNIT),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_hole_that_systemd_finds_is_named_with_its_reason() -> None:
    done = subprocess.run(
        [
            require("systemd-analyze"),
            *("security", "--offline=true", "--json=short", str(UNIT)),
        ],
        capture_output=True,
        check=True,
    )
    holes = {one["name"] for one in json.loads(done.stdout) if one["exposure"]}
    # "RootDirectory=/RootImage=", "SystemCallFilter=~@resources": what to look for.
    named = [
        re.split(r"[=/]", hole.replace("SystemCallFilter=~", ""))[0] for hole in holes
    ]
    text = UNIT.read_text()
    assert holes, "a reload as root cannot do without any"
    assert [one for one in named if one not in text] == []
