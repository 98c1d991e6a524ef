# SPDX-License-Identifier: Apache-2.0
"""A mail server (aiosmtpd) for tests: smtp_server.py FOLDER [--tls CERT KEY [--implicit]] [--auth USER PASSWORD].

Prints its port. What it takes becomes FOLDER/N.eml, and sender and recipient FOLDER/N.envelope. It refuses
refused@… for good (550) and later@… for now (451).
"""

import argparse
import asyncio
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Folder:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "550 no such mailbox"
        if address.startswith("later@"):
            return "451 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        secured = "tls" if server.transport.get_extra_info("ssl_object") else "clear"
        lines = [envelope.mail_from, *envelope.rcpt_tos, session.host_name, secured]
        (self.path / f"{self.count}.envelope").write_text("\n".join(lines))
        part = self.path / f"{self.count}.part"
        part.write_bytes(envelope.original_content)
        part.rename(self.path / f"{self.count}.eml")
        return "250 OK"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--implicit", action="store_true")
    parser.add_argument("--auth", nargs=2)
    arguments = parser.parse_args()
    context = None
    if arguments.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*arguments.tls)
    starttls = None if arguments.implicit else context
    options = {}
    if arguments.auth:
        user, password = (text.encode() for text in arguments.auth)

        def authenticator(server, session, envelope, mechanism, data):
            return AuthResult(success=(data.login, data.password) == (user, password), handled=False)
        options = {"authenticator": authenticator, "auth_required": True, "auth_require_tls": starttls is not None}

    def connection():
        return SMTP(folder, tls_context=starttls, require_starttls=starttls is not None, **options)

    async def serve():
        server = await asyncio.get_running_loop().create_server(
            connection, "127.0.0.1", 0, ssl=context if arguments.implicit else None)
        print(server.sockets[0].getsockname()[1], flush=True)
        # The parent holds our standard input; it is at its end when the parent is.
        await asyncio.to_thread(sys.stdin.read)

    folder = Folder(arguments.folder)
    asyncio.run(serve())


main()
