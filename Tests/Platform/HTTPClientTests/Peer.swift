// SPDX-License-Identifier: Apache-2.0
import Glibc
import SwiftExtensions

/// A server that behaves, or misbehaves, as its paths say: a Python process, so that nothing of ours is on both ends.
final class Peer: Sendable {
    let port: Int
    let tlsPort: Int
    let certificate: String
    private let process: pid_t
    private let directory: String

    init() {
        var template = Array("/tmp/peer-XXXXXX".utf8CString)
        mkdtemp(&template)
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        certificate = directory + "/cert.pem"
        let script = directory + "/peer.py"
        let file = fopen(script, "w")
        fputs(Self.script, file)
        fclose(file)
        let pipe = popen("cd \(directory) && exec python3 peer.py", "r")
        var line = [CChar](repeating: 0, count: 100)
        fgets(&line, 100, pipe)
        let words = String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            .split(separator: " ").compactMap { Int($0) }
        precondition(words.count == 3, "the peer did not start")
        (process, port, tlsPort) = (pid_t(words[0]), words[1], words[2])
    }

    deinit {
        kill(process, SIGKILL)
        for name in ["peer.py", "cert.pem", "key.pem"] { unlink(directory + "/" + name) }
        rmdir(directory)
    }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }
    func tlsURL(_ path: String) -> String { "https://localhost:\(tlsPort)\(path)" }

    private static let script = #"""
        import os, socket, ssl, subprocess, threading, time
        subprocess.run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
            "-keyout key.pem -out cert.pem -days 2 -subj /CN=localhost "
            "-addext subjectAltName=DNS:localhost,IP:127.0.0.1", shell=True, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        counts = {"connections": 0, "closed": 0, "sent": 0}
        def respond(c, body, status="200 OK", extra=""):
            c.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body)
        def read(c, buffer):
            while b"\r\n\r\n" not in buffer:
                more = c.recv(65536)
                if not more: return None
                buffer += more
            head, rest = buffer.split(b"\r\n\r\n", 1)
            fields = dict((l.split(b":", 1)[0].lower(), l.split(b":", 1)[1].strip()) for l in head.split(b"\r\n")[1:])
            length = int(fields.get(b"content-length", b"0"))
            while len(rest) < length:
                more = c.recv(65536)
                if not more: return None
                rest += more
            return head, fields, rest[:length], rest[length:]
        def wait_for_close(c):
            try:
                while c.recv(1): pass
            except OSError: pass
            counts["closed"] += 1
        def serve(c, context):
            counts["connections"] += 1
            try:
                c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if context: c = context.wrap_socket(c, server_side=True)
                buffer, served = b"", 0
                while True:
                    request = read(c, buffer)
                    if request is None: return
                    head, fields, body, buffer = request
                    served += 1
                    if b" /dropreused " in head:
                        if served > 1: return
                        respond(c, b"fresh"); continue
                    if not answer(c, head, fields, body): return
            except OSError: pass
            finally: c.close()
        def answer(c, head, fields, body):
            path = head.split(b" ")[1].decode()
            name, _, argument = path[1:].partition("/")
            chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            if name == "hello": respond(c, b"hello", extra="X-Twice:  a \r\nx-twice: b\r\nX-Empty:\r\n")
            elif name == "echo": respond(c, head + b"\r\n\r\n" + body)
            elif name == "count": respond(c, str(counts[argument]).encode())
            elif name == "slow": time.sleep(float(argument)); respond(c, b"slow")
            elif name == "status": respond(c, b"", argument)
            elif name == "redirect": respond(c, b"", "302 Found", "Location: /hello\r\n")
            elif name == "interim": c.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"); respond(c, b"final")
            elif name == "chunks":
                c.sendall(chunked)
                for i in range(4):
                    time.sleep(0.05); c.sendall(f"6\r\npart-{i}\r\n".encode())
                c.sendall(b"0\r\nX-Trailer: t\r\n\r\n")
            elif name == "big":
                total = int(argument); block = b"x" * 65536
                c.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n".encode())
                while total > 0:
                    n = min(total, len(block)); c.sendall(block[:n]); total -= n; counts["sent"] += n
            elif name == "endless":
                c.sendall(chunked)
                while True: c.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            elif name == "cut": c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789"); return False
            elif name == "cutchunked": c.sendall(chunked + b"5\r\nhello\r\n"); return False
            elif name == "nothing": return False
            elif name == "hang": wait_for_close(c); return False
            elif name == "hangmid":
                c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n01234"); wait_for_close(c); return False
            elif name == "garbage": c.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n" * 3); return False
            elif name == "bighead": respond(c, b"", extra="".join(f"x-{i}: {'y' * 1000}\r\n" for i in range(70)))
            elif name == "dribble":
                late = b"X-Late: value\r\n"
                text = b"HTTP/1.1 200 OK\r\n" + late + b"Content-Length: 13\r\n\r\none,two,three"
                if argument == "chunked":
                    text = chunked[:-2] + late + b"\r\n4;x=y\r\none,\r\n009\r\ntwo,three\r\n0\r\nX-T: t\r\n\r\n"
                for i in range(len(text)): c.sendall(text[i:i + 1]); time.sleep(0.0005)
            elif name == "untilclose": c.sendall(b"HTTP/1.1 200 OK\r\n\r\nto the end"); return False
            elif name == "ambiguous":
                c.sendall(b"HTTP/1.1 200 OK\r\n" + {
                    "twolengths": b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
                    "badlength": b"Content-Length: +5\r\n\r\nhello",
                    "gzipchunked": b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                    "badchunk": b"Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n"}[argument])
                wait_for_close(c); return False
            elif name == "excess":
                head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
                c.sendall(head + b"first" + head + b"other")
                wait_for_close(c); return False
            elif name == "once": respond(c, b"once"); return False
            return True
        def listen(context):
            s = socket.create_server(("127.0.0.1", 0), backlog=256)
            def loop():
                while True:
                    c, _ = s.accept()
                    threading.Thread(target=serve, args=(c, context), daemon=True).start()
            threading.Thread(target=loop, daemon=True).start()
            return s.getsockname()[1]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain("cert.pem", "key.pem")
        print(os.getpid(), listen(None), listen(context), flush=True)
        time.sleep(600)
        """#
}
