"""What the lab's images are named after, and where they are kept."""

from __future__ import annotations

from pathlib import Path

from tests.lab import image
from tests.lab.image import Image


def test_an_image_gets_another_name_with_another_release_other_packages_or_another_making_of_its_base() -> None:
    assert Image("bookworm").name.startswith("bookworm-")
    assert Image("trixie").name.startswith("trixie-")
    one = Image(packages=("nginx", "postgresql"))
    assert one.name == Image().name, "the base is one for all"
    assert one.layer_name("made once").startswith("bookworm-layer-nginx-")
    assert one.layer_name("made once") != one.layer_name("made again")
    assert one.layer_name("made once") != Image(packages=("nginx",)).layer_name("made once")


def test_images_are_kept_where_the_environment_says() -> None:
    assert image.cache_directory({"HOLDFAST_LAB_CACHE": "/c"}) == Path("/c")
    assert image.cache_directory({"XDG_CACHE_HOME": "/x", "HOME": "/h"}) == Path("/x/holdfast-lab")
    assert image.cache_directory({"HOME": "/h"}) == Path("/h/.cache/holdfast-lab")
