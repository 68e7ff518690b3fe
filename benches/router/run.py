#!/usr/bin/env python3
"""Tidegate's router beside nginx and HAProxy: CPU per request and latency, in one run.

Each proxy has one worker on core 0; wrk and the backend (nginx, a static answer of 1 KiB) share
core 1. The proxies take turns, so that whatever else the machine does meets all of them. CPU is
what /proc/PID/stat says that the proxy's own process used, divided by the requests that wrk saw
answered. Medians over the rounds are printed, and the ratio to the better of the other two.

    benches/router/run.py [--rounds 5] [--seconds 4] [--connections 64] [--json FILE]

Needs nginx, haproxy and wrk on the PATH, and two cores.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import http.client

ROOT = pathlib.Path(__file__).resolve().parents[2]
TICK = os.sysconf("SC_CLK_TCK")
PROXY_CORE, LOAD_CORE = "0", "1"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, name):
    for _ in range(100):
        if process.poll() is not None:
            raise SystemExit(f"{name} ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"{name} does not listen")


def start(core, command, port, name, **options):
    process = subprocess.Popen(["taskset", "-c", core, *command], **options)
    wait_for(port, process, name)
    return process


NGINX = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; keepalive_timeout 600s;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  {http}
}}
"""


def nginx(core, folder, port, http):
    folder.mkdir()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, http=http))
    return start(core, ["nginx", "-p", str(folder), "-c", str(config)], port, "nginx")


def backend(folder, port):
    body = "x" * 1024
    server = f"server {{ listen 127.0.0.1:{port} backlog=4096; location / {{ return 200 '{body}'; }} }}"
    return nginx(LOAD_CORE, folder, port, server)


def nginx_proxy(folder, port, upstream):
    http = f"""
    upstream up {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 100000000; }}
    server {{ listen 127.0.0.1:{port} backlog=4096;
      location / {{ proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
        proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host; }} }}
    """
    return nginx(PROXY_CORE, folder, port, http)


HAPROXY = """
global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend in
  bind 127.0.0.1:{port} backlog 4096
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend out
backend out
  server one 127.0.0.1:{upstream}
"""


def haproxy_proxy(folder, port, upstream):
    folder.mkdir()
    config = folder / "haproxy.cfg"
    config.write_text(HAPROXY.format(port=port, upstream=upstream))
    return start(PROXY_CORE, ["haproxy", "-db", "-f", str(config)], port, "haproxy")


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("router")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


def tidegate_proxy(folder, port, upstream, binary):
    folder.mkdir()
    command = ["taskset", "-c", PROXY_CORE, str(binary), str(folder), "1"]
    process = subprocess.Popen(command)
    control = folder / "router" / "control.sock"
    while not control.exists():
        time.sleep(0.02)
    time.sleep(0.1)
    endpoint = {"replica": "one", "address": f"127.0.0.1:{upstream}"}
    destination = {"revision": "r1", "weight": 100, "endpoints": [endpoint]}
    listener = {
        "service": "default/web",
        "rollout": "default/web",
        "address": f"127.0.0.1:{port}",
        "destinations": [destination],
        "sticky": None,
    }
    connection = Unix(control)
    connection.request("PUT", "/table", json.dumps({"generation": 1, "listeners": [listener]}))
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit(f"the router refused the table: {answer.read()}")
    wait_for(port, process, "tidegate")
    return process


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) / TICK, int(fields[12]) / TICK


def memory_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024


def micros(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6}[unit]


def load(port, seconds, connections):
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
               "--latency", f"http://127.0.0.1:{port}/"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    failed = re.search(r"Socket errors:.*|Non-2xx.*", text)
    if failed:
        raise SystemExit(f"requests failed: {failed[0]}")
    return {
        "requests": int(re.search(r"(\d+) requests in", text)[1]),
        "rps": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        "p50": micros(re.search(r"(?m)^\s+50%\s+(\S+)", text)[1]),
        "p99": micros(re.search(r"(?m)^\s+99%\s+(\S+)", text)[1]),
    }


def measure(process, port, seconds, connections):
    before = cpu_seconds(process.pid)
    result = load(port, seconds, connections)
    after = cpu_seconds(process.pid)
    user, system = (now - then for now, then in zip(after, before))
    requests = result["requests"]
    result["cpu_us"] = (user + system) / requests * 1e6
    result["user_us"] = user / requests * 1e6
    return result


def run(options, folder):
    up = free_port()
    processes = [backend(folder / "backend", up)]
    makers = {
        "tidegate": lambda at, port: tidegate_proxy(at, port, up, options.binary),
        "nginx": lambda at, port: nginx_proxy(at, port, up),
        "haproxy": lambda at, port: haproxy_proxy(at, port, up),
    }
    try:
        proxies = {}
        for name, make in makers.items():
            port = free_port()
            process = make(folder / name, port)
            processes.append(process)
            proxies[name] = (process, port)
        idle = {name: memory_mib(process.pid) for name, (process, _) in proxies.items()}
        rounds = {name: [] for name in proxies}
        for number in range(options.rounds + 1):
            order = list(proxies)
            order = order[number % 3:] + order[:number % 3]
            for name in order:
                process, port = proxies[name]
                result = measure(process, port, options.seconds, options.connections)
                if number > 0:  # The first round warms up.
                    rounds[name].append(result)
        loaded = {name: memory_mib(process.pid) for name, (process, _) in proxies.items()}
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(10)
    return rounds, idle, loaded


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--binary", type=pathlib.Path,
                        help="a built router; built from this checkout when absent")
    parser.add_argument("--json", type=pathlib.Path, help="write the figures here too")
    options = parser.parse_args()
    for tool in ["nginx", "haproxy", "wrk", "taskset"]:
        if not shutil.which(tool):
            raise SystemExit(f"{tool} is not installed")
    if options.binary is None:
        build = ["cargo", "build", "--release", "-p", "tidegate-router", "--example", "router"]
        subprocess.run(build, cwd=ROOT, check=True)
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
        options.binary = target / "release" / "examples" / "router"
    with tempfile.TemporaryDirectory() as folder:
        rounds, idle, loaded = run(options, pathlib.Path(folder))
    medians = {
        name: {key: statistics.median(result[key] for result in results) for key in results[0]}
        for name, results in rounds.items()
    }
    print(f"{'':10}{'CPU us/req':>11}{'user':>7}{'p50 us':>8}{'p99 us':>8}{'req/s':>8}{'idle MiB':>9}{'loaded':>8}")
    for name, it in medians.items():
        print(f"{name:10}{it['cpu_us']:11.2f}{it['user_us']:7.2f}{it['p50']:8.0f}{it['p99']:8.0f}"
              f"{it['rps']:8.0f}{idle[name]:9.1f}{loaded[name]:8.1f}")
    ratios = {
        key: medians["tidegate"][key] / min(medians["nginx"][key], medians["haproxy"][key])
        for key in ["cpu_us", "p50", "p99"]
    }
    print("tidegate to the better of the two: "
          + ", ".join(f"{key} {ratio:.2f} x" for key, ratio in ratios.items()))
    if options.json:
        figures = {"medians": medians, "rounds": rounds, "ratios": ratios, "idle_mib": idle}
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
