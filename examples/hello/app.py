"""A service of twelve lines: it greets, and fails as often as FAIL_RATE says."""
import os, random
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        bad = self.path != "/healthz" and random.random() < float(os.environ.get("FAIL_RATE", "0"))
        body = f"hello from {os.environ['GREETING']}\n".encode()
        self.send_response(500 if bad else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Hello).serve_forever()
