"""power_guest.py - a virtual machine: Debian's kernel and qemu, and one program of ours.

Its memory file system holds busybox, the modules for disk and file system, coreutils' cp and
power_load, each with the libraries it is linked with on this machine. There is no network, and
no disk but that of power_disk.py. `guest_init` is its first and only script; host and guest
talk in lines over a serial port.
"""
import glob
import os
import re
import shutil
import subprocess

from power_disk import Server

HERE = os.path.dirname(os.path.abspath(__file__))
MODULES = ('virtio_pci', 'virtio_blk', 'virtio_console', 'crc32c_generic', 'crc32c-intel',
           'ext4', 'xfs')
BOOT_SECONDS = 90
# The disk's queue is shorter than what qemu lets go to an NBD server at a time (16): a flush
# is never held back in qemu while writes that it must not cover are completed.
QUEUE = 12


def run(command, **options):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


# ---- kernel --------------------------------------------------------------------------------

def fetch_kernel(directory):
    """Debian's kernel package, unpacked, not installed: (vmlinuz, folder of modules)."""
    os.makedirs(directory, exist_ok=True)
    if not glob.glob(f'{directory}/tree/boot/vmlinuz-*'):
        depends = run(['apt-cache', 'depends', 'linux-image-amd64'], text=True).stdout
        package = re.search(r'Depends: (linux-image-\S+)', depends).group(1)
        run(['apt-get', 'download', package], cwd=directory)
        fresh = f'{directory}/fresh'
        shutil.rmtree(fresh, ignore_errors=True)
        run(['dpkg', '-x', glob.glob(f'{directory}/{package}_*.deb')[0], fresh])
        shutil.rmtree(f'{directory}/tree', ignore_errors=True)
        os.rename(fresh, f'{directory}/tree')
    kernel = glob.glob(f'{directory}/tree/boot/vmlinuz-*')[0]
    return kernel, glob.glob(f'{directory}/tree/lib/modules/*')[0]


def module_paths(folder):
    """The modules and what they depend on, each behind what it needs."""
    found = {os.path.basename(path)[:-len('.ko')].replace('-', '_'): path
             for path in glob.glob(f'{folder}/kernel/**/*.ko', recursive=True)}
    ordered = []

    def take(name):
        path = found[name.replace('-', '_')]
        if path in ordered:
            return
        with open(path, 'rb') as file:
            depends = re.search(rb'\0depends=([^\0]*)\0', file.read()).group(1).decode()
        for other in filter(None, depends.split(',')):
            take(other)
        ordered.append(path)
    for name in MODULES:
        take(name)
    return ordered


# ---- memory file system --------------------------------------------------------------------

def add_program(root, path, name=None):
    """A program into bin/, the libraries it is linked with where it looks for them."""
    shutil.copy2(path, f'{root}/bin/{name or os.path.basename(path)}')
    for library in re.findall(r'(/\S+) \(0x', run(['ldd', path], text=True).stdout):
        target = f'{root}/{library}'
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(library, target)


def make_initramfs(directory, modules, power_load):
    root = f'{directory}/root'
    shutil.rmtree(root, ignore_errors=True)
    for folder in ('bin', 'dev', 'proc', 'sys', 'mnt', 'tmp', 'modules'):
        os.makedirs(f'{root}/{folder}')
    shutil.copy2('/bin/busybox', f'{root}/bin/busybox')
    for name in ('sh', 'mount', 'umount', 'insmod', 'sleep', 'rm', 'cat', 'grep', 'blockdev'):
        os.symlink('busybox', f'{root}/bin/{name}')
    for number, path in enumerate(modules):
        shutil.copy(path, f'{root}/modules/{number:02}-{os.path.basename(path)}')
    add_program(root, '/bin/cp')
    add_program(root, power_load)
    shutil.copy2(f'{HERE}/guest_init', f'{root}/init')
    names = run(['find', '.', '-print0'], cwd=root).stdout
    made = subprocess.run(['cpio', '--quiet', '-0', '-o', '-H', 'newc'], cwd=root, input=names,
                          check=True, stdout=subprocess.PIPE).stdout
    with open(f'{directory}/initramfs', 'wb') as file:
        file.write(made)
    shutil.rmtree(root)
    return f'{directory}/initramfs'


# ---- the machine ---------------------------------------------------------------------------

class Guest:
    """A machine with that disk, from boot to the end of its `with` block."""

    def __init__(self, directory, kernel, initramfs, disk):
        self.directory, self.kernel, self.initramfs = directory, kernel, initramfs
        self.server = Server(directory, disk)
        self.console = f'{directory}/console-{os.urandom(2).hex()}'
        self.process = None

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_):
        self._stop()

    def _start(self):
        disk = (f'driver=nbd,node-name=disk,server.type=unix,'
                f'server.path={self.server.path("nbd")}')
        self.process = subprocess.Popen([
            'qemu-system-x86_64', '-accel', 'tcg', '-cpu', 'max', '-smp', '1',
            '-m', '1024', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot',
            '-kernel', self.kernel, '-initrd', self.initramfs,
            '-append', f'console=ttyS0 quiet panic=-1 mitigations=off power_queue={QUEUE}',
            '-serial', f'file:{self.console}',
            '-blockdev', disk,
            '-device', 'virtio-blk-pci,drive=disk,write-cache=on,num-queues=1,'
                       'request-merging=off,discard=off,write-zeroes=off',
            '-chardev', f'socket,id=ctl,path={self.server.path("ctl")}',
            '-device', 'virtio-serial-pci', '-device', 'virtserialport,chardev=ctl'],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(f'{self.directory}/qemu', 'wb'))
        self.server.connect(BOOT_SECONDS)
        self.hear('ready', BOOT_SECONDS)

    def _stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
        self.server.close()

    def hear(self, word, seconds):
        """Lines up to that which begins with the word; it is the last."""
        said = []
        while not said or not said[-1].startswith(word):
            line = self.server.serve(seconds)
            if line is None:
                raise TimeoutError(f'no "{word}" after {seconds} s; see {self.console}')
            said.append(line)
        return said

    def do(self, command, seconds):
        """A command of guest_init's: its status, and what was said meanwhile."""
        self.server.tell(command)
        *said, end = self.hear('end ', seconds)
        return int(end.split()[1]), said
