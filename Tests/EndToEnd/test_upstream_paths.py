# SPDX-License-Identifier: Apache-2.0
"""The ways to an upstream: TLS with HTTP/2 (nginx in front of the mock), and proxies of the environment (tinyproxy)."""

import contextlib
import os
import shutil
import subprocess

import pytest

from harness import data_lines, error_of, free_port, wait_for

NGINX = """
daemon off; worker_processes 1; pid {home}/nginx.pid; error_log {home}/error.log; {user}
events {{ worker_connections 64; }}
http {{
    log_format path '$server_protocol $status $request_uri';
    access_log {home}/access.log path;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        ssl_certificate {home}/server.pem; ssl_certificate_key {home}/server.key;
        location / {{ proxy_pass http://127.0.0.1:{mock}; proxy_buffering off; }}
    }}
}}
"""
TINYPROXY = """
Port {port}
Listen 127.0.0.1
Timeout 60
MaxClients 32
LogFile "{home}/proxy.log"
LogLevel Connect
ConnectPort {tls}
"""


def openssl(home, *arguments):
    subprocess.run(["openssl", *arguments], cwd=home, check=True, capture_output=True)


@contextlib.contextmanager
def running(command, port, log):
    with open(log, "ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        def listens():
            assert process.poll() is None, log.read_text()[-2000:]
            return f":{port:04X} 00000000:0000 0A" in open("/proc/net/tcp").read()
        wait_for(listens, 10, command[0])
        yield process
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def tls(mock, tmp_path_factory):
    """nginx with a certificate of an authority made for the test; its port and folder."""
    home, port = tmp_path_factory.mktemp("nginx"), free_port()
    openssl(home, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test authority")
    openssl(home, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
            "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (home / "names").write_text("subjectAltName=DNS:localhost\n")
    openssl(home, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
            "server.pem", "-days", "2", "-extfile", "names")
    user = "user root;" if os.geteuid() == 0 else ""
    (home / "nginx.conf").write_text(NGINX.format(home=home, port=port, mock=mock.port, user=user))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    with running([program, "-p", str(home), "-c", str(home / "nginx.conf")], port, home / "log"):
        yield port, home


@pytest.fixture(scope="module")
def proxy(tls, tmp_path_factory):
    """tinyproxy, which lets nothing through but the TLS server's port and plain http; its port and log."""
    home, port = tmp_path_factory.mktemp("proxy"), free_port()
    (home / "tinyproxy.conf").write_text(TINYPROXY.format(home=home, port=port, tls=tls[0]))
    with running(["tinyproxy", "-d", "-c", str(home / "tinyproxy.conf")], port, home / "log"):
        yield port, home / "proxy.log"


def lines(path):
    return path.read_text().splitlines() if path.exists() else []


def test_a_tls_upstream_that_offers_http2_is_spoken_to_in_http2(tls, new_witan):
    port, home = tls
    witan = new_witan(env={"WITAN_UPSTREAM_CA_FILE": str(home / "ca.pem")})
    witan.provider("tls", f"https://localhost:{port}/v1", "mock", "mock-chunks-3")
    before = len(lines(home / "access.log"))
    answer = witan.chat("tls/mock")
    assert answer.status_code == 200, answer.text
    stream = witan.chat("tls/mock-chunks-3", stream=True)
    assert data_lines(stream.content)[-1] == b"[DONE]"
    wait_for(lambda: len(lines(home / "access.log")) >= before + 2, 5, "nginx's log")
    assert lines(home / "access.log")[before:] == ["HTTP/2.0 200 /v1/chat/completions"] * 2
    assert witan.record(answer)["request"]["status"] == "completed"
    assert witan.record(stream)["request"]["status"] == "completed"


def test_a_tls_upstream_of_an_unknown_authority_gets_no_call(tls, new_witan):
    port, home = tls
    witan = new_witan()
    witan.provider("tls", f"https://localhost:{port}/v1", "mock")
    before = len(lines(home / "access.log"))
    answer = witan.chat("tls/mock")
    assert answer.status_code == 502
    assert "certificate" in error_of(answer)["message"].lower()
    assert len(lines(home / "access.log")) == before


def test_a_certificate_for_another_name_gets_no_call(tls, new_witan):
    port, home = tls
    witan = new_witan(env={"WITAN_UPSTREAM_CA_FILE": str(home / "ca.pem")})
    witan.provider("tls", f"https://127.0.0.1:{port}/v1", "mock")
    assert witan.chat("tls/mock").status_code == 502


def test_calls_go_through_the_proxies_of_the_environment(tls, proxy, mock, new_witan):
    (port, home), (proxy_port, log) = tls, proxy
    address = f"http://127.0.0.1:{proxy_port}"
    witan = new_witan(env={
        "http_proxy": address, "https_proxy": address, "no_proxy": "", "WITAN_UPSTREAM_CA_FILE": str(home / "ca.pem")})
    witan.provider("tls", f"https://localhost:{port}/v1", "mock")
    witan.provider("plain", mock.url, "mock", "mock-chunks-3")
    for model in ("tls/mock", "plain/mock"):
        answer = witan.chat(model)
        assert answer.status_code == 200, answer.text
    assert data_lines(witan.chat("plain/mock-chunks-3", stream=True).content)[-1] == b"[DONE]"
    text = "\n".join(lines(log))
    assert f"CONNECT localhost:{port}" in text
    assert f"POST http://127.0.0.1:{mock.port}/v1/chat/completions" in text


def test_no_proxy_names_what_is_reached_directly(proxy, mock, new_witan):
    proxy_port, log = proxy
    witan = new_witan(env={"http_proxy": f"http://127.0.0.1:{proxy_port}", "no_proxy": "127.0.0.1"})
    witan.provider("plain", mock.url, "mock")
    before = lines(log)
    assert witan.chat("plain/mock").status_code == 200
    assert lines(log) == before


def test_a_proxy_that_is_not_there_is_said_to_be_the_reason(mock, new_witan):
    witan = new_witan(env={"http_proxy": f"http://127.0.0.1:{free_port()}", "no_proxy": ""})
    witan.provider("plain", mock.url, "mock")
    count = mock.count()
    answer = witan.chat("plain/mock")
    assert answer.status_code == 502, answer.text
    assert mock.count() == count
