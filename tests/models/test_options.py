"""Models by name, and their options as text."""

from __future__ import annotations

import pytest

from rumphost.errors import UsageError
from rumphost.models import EduModel, I82540em, TeachModel, parse_models


def test_a_list_of_models_with_options() -> None:
    card, edu, teach = parse_models("i82540em:mac=52:54:00:aa:bb:cc:msi=off,edu:dma_ns=0x10,teach")
    assert isinstance(card, I82540em)
    assert isinstance(edu, EduModel)
    assert isinstance(teach, TeachModel)
    assert card.vector_count("msi") == 0
    assert edu.vector_count("msi") == 1
    assert card.vector_count("intx") == 1


def test_e1000_is_another_name() -> None:
    assert isinstance(parse_models("e1000")[0], I82540em)
    assert parse_models(" ") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("iwm", "no model is called 'iwm'; there are e1000, edu, i82540em, iwm7260, teach"),
        ("teach:speed=1", "model teach has no option 'speed': it has msi, msix"),
        ("edu:msi=perhaps", "model edu: option msi='perhaps': expected on or off"),
        ("edu:dma_ns=-1", "expected a number that is not negative"),
        ("e1000:mac=01:00:00:00:00:00", "expected a unicast address"),
        ("e1000:mac=hello", "expected a unicast address"),
    ],
)
def test_mistakes_are_told(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_models(text)
    assert says in str(caught.value)
