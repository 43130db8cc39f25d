"""conf.d in, resources out: the one door of this room for resources.

A file with a problem disables its resource, loudly, and no other.
"""

from collections.abc import Collection
from pathlib import Path

from msgspec import Struct

from confwatch.config.claims import Declared, settled
from confwatch.config.conf_files import listed
from confwatch.config.confd_ways import ORIGINAL, ConfdWays
from confwatch.config.host import Host
from confwatch.config.known import ANYWHERE, Announcing, Known
from confwatch.config.places import Findings, Place, Told
from confwatch.config.texts import read_text
from confwatch.config.yaml_resource import declared
from confwatch.config.yaml_text import read_yaml
from confwatch.errors import ConfigError
from confwatch.model.resource import Resource


class ResourceSet(Struct, frozen=True):
    """What a conf.d declares.

    Attributes:
        resources: those that can be used, in the order of their files.
        problems: why the others cannot; ``file`` tells which one.
        warnings: what works, though perhaps not as meant.
    """

    resources: tuple[Resource, ...]
    problems: tuple[ConfigError, ...]
    warnings: tuple[ConfigError, ...]


def load_resources(
    conf_dir: Path,
    *,
    stores: Collection[str],
    host: Host,
    confd: ConfdWays = ORIGINAL,
    announcing: Announcing = ANYWHERE,
) -> ResourceSet:
    """Read every file of *conf_dir*.

    Args:
        conf_dir: YAML, and confd's TOML, also in subfolders.
        stores: the names that resources may use.
        host: what files may refer to of this machine.
        confd: whose meaning the TOML has.
        announcing: where services can be announced.

    Raises:
        ConfigError: the folder cannot be listed: what it declares is not known at all.
    """
    findings = Findings()
    known = Known(stores, host, confd, conf_dir.parent, announcing)
    made: list[Declared] = []
    listing = listed(conf_dir)
    findings.warnings += [_ignored(path) for path in listing.ignored]
    for path in listing.files:
        try:
            made.append(_read(path, conf_dir, findings, known))
        except ConfigError as error:
            findings.problems.append(error)
        except Told:
            continue
    resources = tuple(settled(made))
    return ResourceSet(resources, tuple(findings.problems), tuple(findings.warnings))


def _read(path: Path, conf_dir: Path, findings: Findings, known: Known) -> Declared:
    """Read one file; its default name is its path below conf.d without the ending."""
    text = read_text(path)
    default_name = ".".join(path.relative_to(conf_dir).with_suffix("").parts)
    place = Place(str(path), findings)
    if path.suffix == ".toml":
        from confwatch.config.toml_resource import declared_toml
        from confwatch.config.toml_text import read_toml

        return declared_toml(read_toml(text, place.file), place, default_name, known)
    return declared(read_yaml(text, place.file), place, default_name, known)


def _ignored(path: Path) -> ConfigError:
    """Return the warning about a file that only confd would read."""
    problem = "confd would read it, we do not: name it *.toml, without a leading dot"
    return ConfigError(str(path), None, "", problem)
