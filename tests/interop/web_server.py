"""nginx as the policy hosts of a test: one address for each."""

import os

from daemon import Daemon

PATH = "/.well-known/mta-sts.txt"


class Site:
    """What nginx does at one address: `server` is said at the server, `location` at the policy."""

    def __init__(self, address, host, certificate, body, server="", location="", listen="ssl", catch_all=""):
        self.address, self.host, self.certificate, self.body = address, host, certificate, body
        self.server, self.location, self.listen, self.catch_all = server, location, listen, catch_all

    def configuration(self, folder):
        root = os.path.join(folder, self.host)
        os.makedirs(root + os.path.dirname(PATH))
        with open(root + PATH, "wb") as file:
            file.write(self.body)
        lines = [f"listen {self.address}:443 {self.listen};", f"server_name {self.host};",
                 f"root {root};", self.server, f"location = {PATH} {{ {self.location} }}"]
        if self.certificate:
            key, chain = self.certificate
            lines += [f"ssl_certificate_key {key};", f"ssl_certificate {chain};"]
        text = "server {\n" + "\n".join(lines) + "\n}\n"
        if self.catch_all:
            text += f"server {{ listen {self.address}:443 ssl default_server; {self.catch_all} }}\n"
        return text


class Nginx(Daemon):
    def __init__(self, folder, sites):
        self.requests = os.path.join(folder, "requests")
        path = os.path.join(folder, "nginx.conf")
        temporary = "".join(f"{kind}_temp_path {folder}/{kind};\n"
                            for kind in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi"))
        with open(path, "w", encoding="ascii") as file:
            file.write(f"""daemon off;
user nobody nogroup;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
log_format test "$host $request $status";
access_log {self.requests} test;
default_type text/plain;
{temporary}{"".join(site.configuration(folder) for site in sites)}}}
""")
        super().__init__(folder, "nginx", ["nginx", "-e", "stderr", "-p", folder, "-c", path],
                         [site.address for site in sites], 443)

    def asked(self):
        """"host request status" of each request, sorted."""
        with open(self.requests, encoding="utf-8") as file:
            return sorted(file.read().splitlines())
