"""Whether a resource's files and its reload let its services be announced. Pure."""

from dataclasses import dataclass

from confwatch.errors import CheckFailed
from confwatch.model.facts import Fact, PassEnded, PassResult, ProvenNow, ReloadEnded
from confwatch.model.service import Gate


@dataclass(slots=True)
class ResourceGate:
    """What happened to one resource since we run.

    Attributes:
        proven: its service has read its files.
        existing: they were right already, and nothing was owed.
        check_refused: a later configuration was refused; the older files serve.
        reload_failed: nobody knows what its service does.
        passed: whether its files were looked at; before that, a reload that succeeds
            was begun for older ones.
    """

    proven: bool = False
    existing: bool = False
    check_refused: bool = False
    reload_failed: bool = False
    passed: bool = True

    def hear(self, fact: Fact) -> bool:
        """Take note of a fact about this resource; tell whether it made a difference.

        Args:
            fact: of this resource, or of a reload that served it.
        """
        before = (self.proven, self.existing, self.check_refused, self.reload_failed)
        in_place = (PassResult.INSTALLED, PassResult.UNCHANGED)
        if isinstance(fact, PassEnded) and fact.result in in_place:
            self.passed = True
        match fact:
            case ProvenNow() if self.passed:
                self.proven, self.reload_failed = True, False
            case PassEnded(result=PassResult.UNCHANGED, owed=False):
                self.existing = True
                self.check_refused = self.reload_failed = False
            case PassEnded(result=PassResult.INSTALLED):
                self.check_refused = False
            case PassEnded(error=CheckFailed()):
                self.check_refused = True
            case ReloadEnded(error=error) if error is not None:
                self.reload_failed = True
            case _:
                pass
        return before != (
            self.proven,
            self.existing,
            self.check_refused,
            self.reload_failed,
        )

    def verdict(self, gate: Gate) -> tuple[bool | None, str]:
        """Tell whether a service may be announced, and why not.

        Returns:
            None while it is undecided: it is not announced then, but what an earlier
            run of ours announced stands.
        """
        if self.reload_failed and not gate.keep_on_reload_failed:
            return False, "reload failed"
        if self.check_refused and not gate.keep_on_check_failed:
            return False, "check refused"
        if self.proven or (self.existing and gate.accept_existing):
            return True, ""
        return None, "waits for its resource"


def resources_of(fact: Fact) -> tuple[str, ...]:
    """Name the resources whose gates a fact may move."""
    match fact:
        case PassEnded(resource=resource) | ProvenNow(resource=resource):
            return (resource,)
        case ReloadEnded(resources=resources):
            return resources
        case _:
            return ()
