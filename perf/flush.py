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

SECONDS = 0.8
FILES, KIB = (8, 100, 1000), 1024
BYTES = (4 * KIB, 16 * KIB)
IMAGE_BYTES, ZEROES = 2 << 30, bytes(1 << 20)
WAYS = ("each-zeroed", "flush", "each-new", "journal", "all-new")
IMAGES = {      # name: how it is made
    "ext4, data=ordered": ("mkfs.ext4", "-q", "-F"),
    "xfs, no reflink": ("mkfs.xfs", "-q", "-m", "reflink=0"),
}


@contextlib.contextmanager
def mounted_image(make):
    """A directory on a file system of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="penstock-flush-") as directory:
        image, point = f"{directory}/image", f"{directory}/mounted"
        os.mkdir(point)
        with open(image, "wb") as file:
            for _ in range(IMAGE_BYTES // len(ZEROES)):     # its blocks are there
                file.write(ZEROES)
            os.fsync(file.fileno())
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


def measure(directory):
    rows = []
    for size in BYTES:
        for files in FILES:
            for way in WAYS:
                with tempfile.TemporaryDirectory(dir=directory) as place:
                    said = output(str(BUILD / "perf" / "bench_flush"), place, "--way", way,
                                  "--files", str(files), "--bytes", str(size),
                                  "--seconds", str(SECONDS))
                rows.append(json.loads(said))
    return rows


def flush():
    kind = output("stat", "--file-system", "--format=%T", tempfile.gettempdir()).strip()
    places = [{"name": f"the disk's own file system ({kind})",
               "rows": measure(None)}]
    for name, make in IMAGES.items():
        try:
            with mounted_image(make) as directory:
                places.append({"name": name, "rows": measure(directory)})
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
