"""The texts of custom records, judged before anything is announced."""

import pytest

from confwatch.model.service import CustomRecord
from confwatch.render.custom import problems


def test_texts_that_insert_a_services_fields_are_right() -> None:
    key = "/x/{{ name }}/{{ id|lower }}/{{ address }}-{{ port }}"
    value = "{% for tag in tags %}{{ tag }}{% endfor %}{{ dict(a=meta.b) }}{{ ttl }}"
    assert problems(CustomRecord(key, value)) == ()


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (CustomRecord("/{{ nme }}", ""), ("key", "inserts nme, which is none of")),
        (CustomRecord("/x", "{{ id"), ("value", "cannot be filled in")),
        (CustomRecord("/x", "{{ getv('/y') }}"), ("value", "inserts getv")),
    ],
)
def test_what_no_service_could_fill_in_is_told_by_its_field(
    texts: CustomRecord, told: tuple[str, str]
) -> None:
    ((field, problem),) = problems(texts)
    assert field == told[0]
    assert problem.startswith(told[1])
