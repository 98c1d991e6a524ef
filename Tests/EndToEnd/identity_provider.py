# SPDX-License-Identifier: Apache-2.0
"""An identity provider (Canaille) for tests: identity_provider.py PORT.

Prints `ready`. Then each line of its standard input is a JSON array, a command with its arguments, and is answered
with a line; it ends with its input.
"""

import json
import logging
import sys
import threading

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

port = int(sys.argv[1])
logging.disable(logging.CRITICAL)


def new_key(name):
    return RSAKey.generate_key(2048, {"kid": name, "use": "sig", "alg": "RS256"}).as_dict(private=True)


app = create_app({
    "SECRET_KEY": "for tests only",
    "SERVER_NAME": f"127.0.0.1:{port}",
    "PREFERRED_URL_SCHEME": "http",
    "CANAILLE": {"DATABASE": "memory", "ENABLE_REGISTRATION": False},
    "CANAILLE_OIDC": {"ACTIVE_JWKS": [new_key("first")]},
})
# Whose address it has made sure of: Canaille leaves that to who runs it.
app.config["CANAILLE_OIDC"]["USERINFO_MAPPING"]["EMAIL_VERIFIED"] = (
    "{% if user.title != 'unverified' %}true{% endif %}")


def person(name, email, password, is_verified=True):
    Backend.instance.save(models.User(
        user_name=name, formatted_name=name.title() + " Example", family_name="Example", given_name=name.title(),
        emails=[email], password=password, title="" if is_verified else "unverified"))


def group(name, *members):
    users = [Backend.instance.get(models.User, user_name=member) for member in members]
    known = Backend.instance.get(models.Group, display_name=name)
    if known and not users:
        Backend.instance.delete(known)
    elif known:
        known.members = users
        Backend.instance.save(known)
    elif users:
        Backend.instance.save(models.Group(display_name=name, members=users))


def client(identifier, secret, method, redirect):
    made = models.Client(
        client_id=identifier, client_secret=secret, client_name="Witan", redirect_uris=[redirect],
        grant_types=["authorization_code"], response_types=["code"], token_endpoint_auth_method=method,
        scope=["openid", "profile", "email", "groups"], contacts=["admin@example.org"])
    Backend.instance.save(made)
    # As its own page for clients does: tokens are for the client itself.
    made.audience = [made]
    Backend.instance.save(made)


def rotate(name):
    app.config["CANAILLE_OIDC"]["ACTIVE_JWKS"] = [new_key(name)]


commands = {"person": person, "group": group, "client": client, "rotate": rotate}
server = make_server("127.0.0.1", port, app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    command, *arguments = json.loads(line)
    with app.app_context():
        commands[command](*arguments)
    print("done", flush=True)
