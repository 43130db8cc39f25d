"""Targets that somebody else changes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.mounts import mounted
from tests.support.waiting import until

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(60)]

WEB = """
templates:
  - {src: web.j2, dest: OUT/web, keys: [/web], mode: "0640"}
reload: {run: echo x >> OUT/../reloads, min_interval: 0s}
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    """A program with one target and one reload."""
    with confwatch(tmp_path) as running:
        running.template("web.j2", '{{ getv("/web") }}\n')
        running.resource("web", WEB)
        running.put("/web", "1")
        yield running


def reloads(program: Confwatch) -> int:
    """Count the reloads."""
    path = program.folder / "reloads"
    return len(path.read_text().splitlines()) if path.exists() else 0


async def test_what_was_changed_by_hand_is_put_right(program: Confwatch) -> None:
    program.start()
    await program.holds("web", "1\n")
    await until(lambda: reloads(program) == 1)
    target = program.out / "web"
    target.write_text("by hand\n")
    await program.holds("web", "1\n")
    await until(lambda: reloads(program) == 2)
    target.unlink()
    await program.holds("web", "1\n")
    await until(lambda: target.stat().st_mode & 0o777 == 0o640)
    await until(lambda: reloads(program) == 3)
    told = program.lines("target.repaired")
    assert [one["targets"] for one in told] == [[str(target)], [str(target)]]
    assert len(program.lines("resource.installed")) == 1


async def test_another_mode_is_put_right_and_a_fight_is_not_fought(
    program: Confwatch,
) -> None:
    program.start()
    target = program.out / "web"
    await program.holds("web", "1\n")
    await until(lambda: reloads(program) == 1)
    for number in range(3):
        target.chmod(0o666)
        await until(lambda: target.stat().st_mode & 0o777 == 0o640)

        def is_reloaded(count: int = number + 2) -> bool:
            return reloads(program) == count

        await until(is_reloaded)
    target.chmod(0o666)
    told = await program.logged("target.drifted")
    assert (told[0]["targets"], told[0]["fight"]) == ([str(target)], True)
    assert target.stat().st_mode & 0o777 == 0o666
    program.put("/web", "2")  # what the store says is still brought
    await program.holds("web", "2\n")


async def test_drift_is_only_reported_where_that_is_wanted(program: Confwatch) -> None:
    program.resource("web", WEB + "drift: report\n")
    program.start()
    target = program.out / "web"
    await program.holds("web", "1\n")
    await until(lambda: reloads(program) == 1)
    target.write_text("by hand\n")
    told = await program.logged("target.drifted")
    assert told[0]["fight"] is False
    assert target.read_text() == "by hand\n"
    assert program.status()["resources"][0]["drifted"] == [str(target)]
    assert f"drifted: {target}".encode()[:40] in program.run("status").stdout


@pytest.mark.parametrize("how", ["template", "held", "check"])
async def test_what_was_installed_last_is_put_right_whatever_fails_since(
    program: Confwatch, how: str
) -> None:
    program.resource(
        "web", WEB + "check: test ! -e OUT/../refuse\nhold_on_empty: true\n"
    )
    program.start()
    await program.holds("web", "1\n")
    await until(lambda: reloads(program) == 1)
    if how == "template":
        program.template("web.j2", '{{ getv("/none") }}\n')
    elif how == "held":
        program.run("kv", "rm", "/web")
    else:
        (program.folder / "refuse").touch()
        program.put("/web", "2")
    await program.logged("resource.held" if how == "held" else "resource.failed")
    target = program.out / "web"
    target.unlink()
    await program.holds("web", "1\n")
    target.write_text("by hand\n")
    await program.holds("web", "1\n")
    target.chmod(0o666)
    await until(lambda: target.stat().st_mode & 0o777 == 0o640)
    await until(lambda: reloads(program) >= 2)
    (resource,) = program.status()["resources"]
    assert resource["state"] == ("held" if how == "held" else "failed")


async def test_a_target_is_cared_for_where_its_links_lead_now(
    program: Confwatch,
) -> None:
    for release in ("one", "two"):
        (program.out / release / "etc").mkdir(parents=True)
    (program.out / "current").symlink_to("one")
    program.resource("web", WEB.replace("OUT/web", "OUT/current/etc/web"))
    program.start()
    await program.holds("one/etc/web", "1\n")
    await until(lambda: reloads(program) == 1)
    (program.out / "new").symlink_to("two")
    (program.out / "new").rename(program.out / "current")
    await program.holds("two/etc/web", "1\n")
    await until(lambda: reloads(program) == 2)
    (program.out / "two/etc/web").write_text("by hand\n")
    await program.holds("two/etc/web", "1\n")
    assert (program.out / "current").is_symlink()


async def test_where_the_kernel_tells_nothing_a_look_now_and_then_finds_it(
    program: Confwatch,
) -> None:
    # A mount over a folder is told to nobody, as what other machines do to NFS is.
    (program.folder / "conf/confwatch.yaml").write_text("poll: 200ms\n")
    program.start()
    await program.holds("web", "1\n")
    await until(lambda: reloads(program) == 1)
    with mounted(program.out, "-t", "tmpfs", "none"):
        await program.holds("web", "1\n")
        (program.out / "web").write_text("by hand\n")
        await program.holds("web", "1\n")
    assert program.end() == 0


async def test_a_start_puts_right_what_the_run_before_it_left(
    program: Confwatch,
) -> None:
    assert program.run("run", "--once").returncode == 0
    # No server answers there.
    program.store = "etcd://127.0.0.1:1"
    program.start()
    await program.logged("source.failed")
    (program.out / "web").write_text("by hand\n")
    await program.holds("web", "1\n")
    (program.out / "web").unlink()
    await program.holds("web", "1\n")
    await until(lambda: reloads(program) >= 2)
