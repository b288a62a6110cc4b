"""flush.py - writes in many files made durable one by one, or all by one operation; on the disk
as it is, and on file systems made in images on it.

    bench_flush: a write in each file ─▶ all reaped ─▶ the sync or syncs ─▶ all reaped, and again

The images lie in TMPDIR, as the files do; a loop device without a cache of its own is between
them and the disk, and its work is in the CPU time. Without root there are no images.
"""
import contextlib
import json
import os
import subprocess
import sys
import tempfile

from record import BUILD, output, record

SECONDS = 1.5
FILES, KIB = (8, 100, 1000), 1024
BYTES = (4 * KIB, 16 * KIB, 64 * KIB)
IMAGE_BYTES = 4 << 30
WITHOUT_JOURNAL = ("each-zeroed", "flush", "each-new", "all-new")
WITH_JOURNAL = ("each-zeroed", "flush", "each-new", "journal")
IMAGES = {      # name: (how it is made, ways)
    "ext4, no journal": (("mkfs.ext4", "-q", "-F", "-O", "^has_journal"), WITHOUT_JOURNAL),
    "ext4, data=ordered": (("mkfs.ext4", "-q", "-F"), WITH_JOURNAL),
    "xfs, no reflink": (("mkfs.xfs", "-q", "-m", "reflink=0"), WITH_JOURNAL),
}


@contextlib.contextmanager
def mounted_image(make):
    """A directory on a file system of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="penstock-flush-") as directory:
        image, point = f"{directory}/image", f"{directory}/mounted"
        os.mkdir(point)
        with open(image, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, IMAGE_BYTES)
        output(*make, image)
        device = output("losetup", "--find", "--show", "--direct-io=on", image).strip()
        try:
            output("mount", device, point)
            try:
                yield point
            finally:
                output("umount", point)
        finally:
            output("losetup", "--detach", device)


def measure(directory, ways):
    rows = []
    for size in BYTES:
        for files in FILES:
            for way in ways:
                with tempfile.TemporaryDirectory(dir=directory) as place:
                    said = output(str(BUILD / "perf" / "bench_flush"), place, "--way", way,
                                  "--files", str(files), "--bytes", str(size),
                                  "--seconds", str(SECONDS))
                rows.append(json.loads(said))
    return rows


def flush():
    kind = output("stat", "--file-system", "--format=%T", tempfile.gettempdir()).strip()
    places = [{"name": f"the disk's own file system ({kind})",
               "rows": measure(None, (*WITH_JOURNAL, "all-new"))}]
    for name, (make, ways) in IMAGES.items():
        try:
            with mounted_image(make) as directory:
                places.append({"name": name, "rows": measure(directory, ways)})
        except (subprocess.CalledProcessError, OSError) as error:
            print(f"perf: no image with {name}: {error}", file=sys.stderr)
    return record("flush", {"seconds": SECONDS, "places": places})


def show(result):
    print(f"flush: {result['machine']['cpu']}, commit {result['commit']}, {result['date']}; "
          "writes/s, microseconds of the machine's CPU a write, p50 of a round in us")
    for place in result["places"]:
        print(f"\n{place['name']:<36}" + "".join(f"{f'{n:,} files':>24}" for n in FILES))
        cells = {(row["bytes"], row["way"], row["files"]): row for row in place["rows"]}
        for size, way in dict.fromkeys((size, way) for size, way, _ in cells):
            texts = (f"{row['writes_per_s']:,.0f}; {row['cpu_us_per_write']:.1f}; "
                     f"{row['p50_us']:,.0f}"
                     for row in (cells[size, way, files] for files in FILES))
            print(f"{size // KIB:>4} KiB  {way:<26}" + "".join(f"{text:>24}" for text in texts))
