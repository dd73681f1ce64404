"""Certificates for tests, made with the openssl command line."""

import os
import subprocess


def openssl(*arguments, **options):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE, **options)


class Authority:
    """A root and an intermediate in `folder`."""

    def __init__(self, folder):
        self.folder = folder
        self.root = self._path("root")
        self.intermediate = self._path("intermediate")
        self._key(self.root)
        openssl("req", "-x509", "-new", "-key", self.root + ".key", "-subj", "/CN=Test Root",
                "-days", "3650", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
                "-out", self.root + ".pem")
        self._issue(self.intermediate, "/CN=Test Intermediate", self.root,
                    "basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n")

    def _path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def _key(path):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path + ".key")

    def _issue(self, path, subject, issuer, extensions):
        self._key(path)
        openssl("req", "-new", "-key", path + ".key", "-subj", subject, "-out", path + ".csr")
        with open(path + ".ext", "w", encoding="ascii") as file:
            file.write(extensions)
        openssl("x509", "-req", "-in", path + ".csr", "-CA", issuer + ".pem", "-CAkey", issuer + ".key",
                "-CAcreateserial", "-days", "365", "-extfile", path + ".ext", "-out", path + ".pem")

    def leaf(self, name):
        """@return (key file, chain file with leaf and intermediate, DER of the leaf)."""
        path = self._path(name)
        self._issue(path, f"/CN={name}", self.intermediate,
                    f"subjectAltName=DNS:{name}\nextendedKeyUsage=serverAuth\n")
        openssl("x509", "-in", path + ".pem", "-outform", "DER", "-out", path + ".der")
        with open(path + ".chain", "wb") as chain:
            for part in (path, self.intermediate):
                with open(part + ".pem", "rb") as pem:
                    chain.write(pem.read())
        with open(path + ".der", "rb") as der:
            return path + ".key", path + ".chain", der.read()
