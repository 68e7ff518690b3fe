"""An SMTP server for tests: aiosmtpd with STARTTLS and AUTH as asked, and every message as a line of JSON."""

import json
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

settings = json.loads(sys.argv[1])


def say(**what):
    print(json.dumps(what), flush=True)


class Handler:
    async def handle_DATA(self, server, session, envelope):
        answer = settings.get("answer", "250 taken")
        if answer.startswith("250"):
            say(
                sender=envelope.mail_from,
                recipients=envelope.rcpt_tos,
                text=envelope.content.decode("utf-8"),
                tls=session.ssl is not None,
                user=getattr(session.auth_data, "login", b"").decode() if session.auth_data else None,
            )
        return answer


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"tidegate", b"s3cret-word")
    # What is not handled here the server answers itself, with 535.
    return AuthResult(success=right, handled=False, auth_data=data)


context = None
if "certificate" in settings:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings["certificate"], settings["key"])

controller = Controller(
    Handler(),
    hostname="127.0.0.1",
    port=settings["port"],
    tls_context=context,
    authenticator=authenticate,
    auth_required=settings.get("auth", False),
    auth_require_tls=context is not None,
)
controller.start()
say(ready=True)
sys.stdin.read()
controller.stop()
