"""Real small disks: an image file behind a loop device, with an ext4 file system on it, that can fill up and be pulled.

The device goes when its last mount goes, so that nothing but the file is left of one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.lab.running import LabError, run

_MIB = 1 << 20


@dataclass(frozen=True)
class Disk:
    """A disk: `image` is all there is of it while it is not plugged in, `place` where it is mounted while it is."""

    image: Path
    place: Path

    @classmethod
    def make(cls, image: Path, place: Path, mib: int, label: str = "") -> Disk:
        """Make an empty one of some MiB (about a twentieth is the file system's own), not plugged in yet."""
        image.parent.mkdir(parents=True, exist_ok=True)
        place.mkdir(parents=True, exist_ok=True)
        with image.open("xb") as file:
            file.truncate(mib * _MIB)
        run("mkfs.ext4", "-q", "-m", "0", "-L", label, image)
        return cls(image, place)

    @property
    def plugged_in(self) -> bool:
        """Tell whether it is mounted."""
        return self.place.is_mount()

    def plug_in(self, *, read_only: bool = False) -> None:
        """Mount it; twice is once."""
        if not self.plugged_in:
            run("mount", "-o", f"loop,{'ro,noload' if read_only else 'rw'}", self.image, self.place)

    def unplug(self) -> None:
        """Unmount it in an orderly way."""
        if self.plugged_in:
            run("umount", self.place)

    def yank(self) -> None:
        """Pull it out under whoever uses it: from now on its place is an empty directory."""
        run("umount", "--lazy", self.place)

    def remove(self) -> None:
        """Unmount and forget it."""
        self.unplug()
        self.image.unlink(missing_ok=True)


def drop_devices(directory: Path) -> None:
    """Give back loop devices whose image lies below a directory: those a killed run could not give back itself.

    Raises:
        LabError: one is still in use.
    """
    for line in run("losetup", "--list", "--noheadings", "--raw", "--output=NAME,BACK-FILE").splitlines():
        device, _, image = line.partition(" ")
        if image.startswith(f"{directory}/"):
            try:
                run("losetup", "--detach", device)
            except LabError:
                if Path(f"/sys/block/{Path(device).name}/loop/backing_file").exists():
                    raise
